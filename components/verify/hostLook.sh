#!/bin/sh
# Looks at one host, and changes nothing there.
#
#   look   print the host's routes, and the settings and files that the routes of an owner depend on
#   ping   ping from pods of this host
#
# Standard input of look, one fact per line; the owner comes first, and once:
#   owner NAME              the owner of the routes
#   hop ADDRESS             a next hop, for which `ip route get` is printed
#   get CIDR ADDRESS        a destination and an address in it, for which `ip route get` is printed
#
# Standard input of ping, one fact per line:
#   ping PID SOURCE TARGET  ping from the network of a process; PID is - for the host's own network
#
# Both may be followed by a line `--- script`, this script itself and a line `--- end`, which are not read here. An
# input with any other line is refused before anything else is done.
#
# Every printed line begins with a word that says what it is about. `cut WORD` means that only the first lines
# with WORD were printed.
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL

STATE=/var/lib/pod-network-routes

# The greatest number of printed lines of one kind, and of pods.
MOST=20000
MOST_PODS=1000

have() {
	command -v "$1" >/dev/null
}

# Prints the facts of standard input. If one does not have its exact form, prints only its line number and fails.
# Shells and some awks stop at a NUL, so it becomes another character that no fact may have.
checked() {
	tr '\000' '\001' | awk -v verb="$1" '
		function number(text, most) {
			return text ~ /^(0|[1-9][0-9]*)$/ && length(text) < 9 && text + 0 <= most
		}
		function ipv4(text,  part, i) {
			if (split(text, part, ".") != 4) return 0
			for (i = 1; i <= 4; i++) if (!number(part[i], 255)) return 0
			return 1
		}
		# eight groups, or fewer with one ::
		function ipv6(text,  part, i, n, gaps, rest) {
			if (length(text) > 39 || text !~ /^[0-9a-f:]+$/ || text !~ /:/ || text ~ /:::/) return 0
			if (text ~ /^:[^:]/ || text ~ /[^:]:$/) return 0
			rest = text
			gaps = gsub(/::/, ":", rest)
			sub(/^:/, "", rest)
			sub(/:$/, "", rest)
			n = split(rest, part, ":")
			for (i = 1; i <= n; i++) if (part[i] == "" || length(part[i]) > 4) return 0
			return gaps == 0 && n == 8 || gaps == 1 && n < 8
		}
		function family(text) {
			return ipv4(text) ? 4 : ipv6(text) ? 6 : 0
		}
		function cidr(text,  part) {
			if (split(text, part, "/") != 2 || !number(part[2], 128)) return 0
			if (ipv4(part[1])) return part[2] <= 32 ? 4 : 0
			return ipv6(part[1]) ? 6 : 0
		}
		function name(text) {
			return text ~ /^[A-Za-z0-9_][A-Za-z0-9._-]*$/ && length(text) <= 200
		}
		function fact(count) {
			if (verb == "look" && count == 1) return NF == 2 && $1 == "owner" && name($2)
			if (verb == "look" && $1 == "hop") return NF == 2 && family($2)
			if (verb == "look" && $1 == "get") return NF == 3 && family($3) && cidr($2) == family($3)
			if (verb == "ping" && $1 == "ping")
				return NF == 4 && ($2 == "-" || number($2, 4194304) && $2 > 0) && family($3) && family($3) == family($4)
			return 0
		}
		ended || bad { next }
		$0 == "--- script" { ended = 1; next }
		# assigning a field joins all fields by single spaces, so a line with other spaces changes
		{
			line = $0
			if (length(line) > 300 || NR > 20000 || line ~ /[^ -~]/) { bad = NR; next }
			$1 = $1
			if ($0 != line || !fact(NR)) { bad = NR; next }
			lines[++count] = line
		}
		END {
			if (!bad && !count) bad = 1
			if (bad) { print "line " bad; exit 1 }
			for (i = 1; i <= count; i++) print lines[i]
		}
	'
}

# Prints the facts of kind $1 without that word, which is one of this script.
facts() {
	printf '%s\n' "$INPUT" | sed -n "s/^$1 //p"
}

# Prints the first lines of standard input, each with the word $1 in front.
tagged() {
	awk -v word="$1" -v most="$MOST" '
		NR > most { print "cut " word; exit }
		{ print word " " substr($0, 1, 300) }
	'
}

# Our routes (protocol 173) have a limit of their own, so that they are printed even if the host has very many others.
main_table() {
	ip "$1" -o route show table main 2>/dev/null | awk -v most="$MOST" '
		{ ours = / proto 173( |$)/ }
		++count[ours] <= most { print "route " substr($0, 1, 300) }
		END { if (count[0] > most || count[1] > most) print "cut route" }
	'
}

# Prints the first line of `ip route get` for address $2, with $1 in front.
way() {
	answer=$(ip -o route get "$2" 2>&1 </dev/null)
	printf '%s %.300s\n' "$1" "${answer%%"$NEWLINE"*}"
}

routes() {
	main_table -4
	main_table -6
	ip -o addr show | awk '{ print $4 }' | tagged address
	facts hop | while read -r hop; do
		way "hop $hop" "$hop"
	done
	facts get | while read -r cidr address; do
		way "get $cidr" "$address"
	done
}

forwarding() {
	for key in ipv4/ip_forward ipv6/conf/all/forwarding; do
		[ -e "/proc/sys/net/$key" ] && echo "forward ${key%%/*} $(cat "/proc/sys/net/$key")"
	done
	for file in /proc/sys/net/ipv4/conf/*/rp_filter; do
		interface=${file%/rp_filter}
		# echo of some shells would interpret a backslash in the name of an interface
		printf '%s %s\n' "${interface##*/}" "$(cat "$file" 2>/dev/null)"
	done | tagged rp_filter
}

record() {
	for file in "$STATE"/*/routes; do
		[ "$file" = "$DIR/routes" ] || [ ! -e "$file" ] || cat "$file"
	done | tagged others
	[ -e "$DIR/routes" ] && tagged recorded <"$DIR/routes"
	[ -e "$DIR/node" ] && tagged node <"$DIR/node"
	[ -e "$SYSCTL" ] && tagged sysctl <"$SYSCTL"
	if [ -d /run/systemd/system ] && have systemctl; then
		echo "unit $(systemctl is-enabled "$UNIT" 2>/dev/null || :)/$(systemctl is-active "$UNIT" 2>/dev/null || :)"
	fi
}

hosts_block() {
	[ -e /etc/hosts ] || return 0
	awk -v owner="$OWNER" -v most="$MOST" '
		BEGIN {
			begin = "# BEGIN pod-network-routes " owner
			end = "# END pod-network-routes " owner
		}
		$0 == begin || $0 == begin " (no newline before)" { inside = 1; next }
		$0 == end { inside = 0; next }
		inside && ++count <= most { print "hosts " substr($0, 1, 300) }
		END {
			if (inside) print "hosts-without-end"
			if (count > most) print "cut hosts"
		}
	' /etc/hosts
}

# Whether a process is in a network name space that root made, and not in that of the host. A user without rights
# can make a network name space only together with a new user name space, so a process in our own user name space
# is in a network of a real container. Pods with a user name space of their own (hostUsers: false) are not found;
# their node answers pings itself.
# shellcheck disable=SC3013  # dash, bash and busybox have -ef, and POSIX has it since 2024
in_pod() {
	[ "/proc/$1/ns/user" -ef /proc/self/ns/user ] && [ -e "/proc/$1/ns/net" ] &&
		[ ! "/proc/$1/ns/net" -ef /proc/self/ns/net ]
}

# Prints the addresses in the network name spaces of containers, each with a process that is in it.
pods() {
	have ping && echo "ping yes"
	have nsenter || return 0
	for process in /proc/[0-9]*; do
		pid=${process#/proc/}
		in_pod "$pid" && echo "$(readlink "/proc/$pid/ns/net") $pid"
	done | awk -v most="$MOST_PODS" '
		!($1 in seen) { seen[$1] = 1; if (++count <= most) print $2 }
		END { if (count > most) print "cut" }
	' | while read -r pid; do
		if [ "$pid" = cut ]; then
			echo "cut pod"
		else
			nsenter --net="/proc/$pid/ns/net" ip -o addr show scope global 2>/dev/null |
				awk -v pid="$pid" 'NR <= 100 { print "pod " pid " " $4 }'
		fi
	done
}

look() {
	OWNER=$(facts owner)
	DIR=$STATE/$OWNER
	UNIT=pod-routes-$OWNER.service
	SYSCTL=/etc/sysctl.d/90-pod-routes-$OWNER.conf
	have ip || exit 0
	echo "looked"
	routes
	forwarding
	record
	hosts_block
	pods
}

# Sends one ping, and waits three seconds for an answer, because ARP may take the first. A process may have ended,
# and another may have its number, so whether it is in a pod is checked again.
ping_once() {
	if [ "$1" = - ]; then
		ping -n -c 1 -w 3 -I "$2" "$3"
	else
		in_pod "$1" && nsenter --net="/proc/$1/ns/net" ping -n -c 1 -w 3 "$3"
	fi >/dev/null 2>&1 && echo "pinged $2 $3"
}

# Pings sixteen targets at a time.
pings() {
	facts ping | {
		count=0
		while read -r pid source target; do
			ping_once "$pid" "$source" "$target" </dev/null &
			count=$((count + 1))
			[ $((count % 16)) = 0 ] && wait
		done
		wait
	}
}

NEWLINE='
'
case ${1-} in
look | ping) ;;
*) exit 2 ;;
esac
INPUT=$(checked "$1") || {
	echo "input that is not as it should be: ${INPUT:-nothing}" >&2
	exit 2
}
case $1 in
look) look || : ;;
ping) pings || : ;;
esac
