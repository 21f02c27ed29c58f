#!/bin/sh
# Looks at one host, and changes nothing there.
#
#   look   print what there is of an owner's routes, and of what they depend on
#   ping   ping from pods of this host
#
# Standard input of look, one fact a line; the owner comes first, and once:
#   owner NAME              whose routes are looked at
#   hop ADDRESS             a next hop: how does this host reach it?
#   get CIDR ADDRESS        a destination and an address in it: where would a packet go?
#
# Standard input of ping, one fact a line:
#   ping PID SOURCE TARGET  ping from the network of a process; PID is - for the host's own
#
# Both may be followed by a line `--- script` and this script itself. An input with any other line is refused
# before anything is looked at.
#
# Every line that is printed begins with a word that says what it is about. `cut WORD` says that there is more of
# WORD than was printed.
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL

STATE=/var/lib/pod-network-routes

# So many lines of one kind are printed, and so many pods.
MOST=20000
MOST_PODS=1000

have() {
	command -v "$1" >/dev/null
}

# Prints the facts of standard input. If one does not have its exact form, fails and prints only where it is.
# A shell and some awks would cut a line at a NUL, so it becomes another character that no fact has.
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
		# at most one ::, and eight groups, or fewer with it
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
		# assigning a field would join the fields by single spaces: a fact has no others
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

# The facts of one kind, without the word. The kind is a word of this script.
facts() {
	printf '%s\n' "$INPUT" | sed -n "s/^$1 //p"
}

# The first lines of standard input, each behind a word of this script.
tagged() {
	awk -v word="$1" -v most="$MOST" '
		NR > most { print "cut " word; exit }
		{ print word " " substr($0, 1, 300) }
	'
}

# Our routes (protocol 173) and those of others are counted apart: a host that routes half the internet has ours too.
main_table() {
	ip "$1" -o route show table main 2>/dev/null | awk -v most="$MOST" '
		{ ours = / proto 173( |$)/ }
		++count[ours] <= most { print "route " substr($0, 1, 300) }
		END { if (count[0] > most || count[1] > most) print "cut route" }
	'
}

# What `ip route get` says first of an address, behind the words that it answers.
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
		# not echo, which gives a backslash in the name of an interface a meaning
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

# Whether a process is in a network of its own that root made. Any user can make a network name space, but only
# together with a new user name space, and a process can enter a network only with rights over the user name
# space that the network belongs to. So a process in our own user name space tells the network of a real container.
# It misses pods that have a user name space of their own (hostUsers: false): their node answers itself.
# shellcheck disable=SC3013  # dash, bash and busybox have -ef, and POSIX has it since 2024
in_pod() {
	[ "/proc/$1/ns/user" -ef /proc/self/ns/user ] && [ -e "/proc/$1/ns/net" ] &&
		[ ! "/proc/$1/ns/net" -ef /proc/self/ns/net ]
}

# Addresses in the network name spaces of other processes: where containers are, there are pods.
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

# One answer is enough within three seconds, of which the first second may go to ARP. A process that is no longer
# in a pod, because it has ended and its number belongs to another, is not entered.
ping_once() {
	if [ "$1" = - ]; then
		ping -n -c 1 -w 3 -I "$2" "$3"
	else
		in_pod "$1" && nsenter --net="/proc/$1/ns/net" ping -n -c 1 -w 3 "$3"
	fi >/dev/null 2>&1 && echo "pinged $2 $3"
}

# Sixteen at a time.
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
