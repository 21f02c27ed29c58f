#!/bin/sh
# Gives one host its pod network routes, keeps them there, and removes them again.
#
#   converge        make the host as standard input says
#   remove          undo what converge did, if standard input still names this host's owner and node
#   watch DIR       (systemd) keep the routes recorded in DIR, until stopped
#   stopped DIR     (systemd) take the routes recorded in DIR out of the kernel
#
# Standard input, one fact a line, in this order:
#   owner NAME                    whose routes these are; several owners can share a host
#   node NAME ADDRESS             which node this is, and where it was reached
#   adopt yes|no                  whether a foreign route to a wanted destination is replaced
#   heal SECONDS                  how often watch looks, 1 to 3600
#   forward 4|6                   forward packets of this address family; none, one or both, 4 first
#   route CIDR via ADDRESS        any number of these and of the next
#   routes COUNT from CIDR via ADDRESS to CIDR via ADDRESS     as many, IPv4, evenly between the two
#   hosts ADDRESS NAME            a line of the managed block of /etc/hosts; any number
#   end                           without it the input was cut short
#
# FACTS_AWK below has the exact form of each. If one line is of another form, nothing is done.
#
# What belongs to an owner is recorded in $STATE/OWNER before the kernel is touched, so that an
# interrupted run is finished by the next one. Routes carry a protocol number of their own, and
# only routes that have it and are recorded are ever removed.
set -eu

# Not in use by any routing daemon: ip-route(8) and /etc/iproute2/rt_protos reserve 2-4, 11, 12,
# 16-18, 42, 84, 99 and 186-192.
PROTO=173
STATE=/var/lib/pod-network-routes
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
umask 022
# Where converge and remove write their files, once they have the lock, and where the next record of an owner is made.
# Both stay until one fails or the last owner leaves; the next run overwrites what is in them. No owner's
# name begins with a dot.
WORK=/run/pod-network-routes/work
NEXT=$STATE/.next
# How long to wait for another run on this host, in seconds. A run takes less than one.
LOCK_PATIENCE=60
# More bytes of standard input are not read: 25000 facts of 160 characters, for 5000 nodes of two address families.
INPUT_LIMIT=4000000

die() {
	echo "pod-network-routes: $*" >&2
	exit 1
}

# Takes the lock, so that one process at a time changes routes on this host: converge, remove or the watcher of an
# owner. Makes these directories, the first of which is $STATE or in it. The lock is that of $STATE, which only
# root can open (mode 0711), so nobody else can hold it.
lock() {
	while :; do
		[ -d "$STATE" ] || mkdir -m 711 "$STATE" 2>/dev/null || [ -d "$STATE" ] || die "cannot make $STATE"
		for directory; do
			[ -d "$directory" ] || mkdir -p "$directory" || exit
		done
		exec 9<"$STATE"
		await_lock
		# The last owner to leave removes the directory that was just opened.
		# shellcheck disable=SC3013  # dash, bash and busybox all have -ef
		if [ /proc/self/fd/9 -ef "$STATE" ] && [ -d "$1" ]; then return; fi
	done
}

# busybox's flock has no option for a limit of time.
await_lock() {
	waited=0
	until flock -n 9; do
		[ "$waited" -lt "$LOCK_PATIENCE" ] ||
			die "another process has held the lock of $STATE for $LOCK_PATIENCE s; it is named by: lslocks | grep pod-network-routes"
		sleep 1
		waited=$((waited + 1))
	done
}

# Removes these files, if a run that was killed has left them.
forget() {
	for file; do
		[ ! -e "$file" ] || rm -f "$file"
	done
}

# Makes file $1 the same as file $2, at once, and only if it differs; sets CHANGED.
put() {
	CHANGED=
	if [ -e "$1" ] && cmp -s "$1" "$2"; then
		forget "$1.new"
		return
	fi
	if ! cp "$2" "$1.new"; then
		rm -f "$1.new"
		die "cannot write $1"
	fi
	mv "$1.new" "$1" || die "cannot write $1"
	CHANGED=yes
}

have_systemd() {
	[ -d /run/systemd/system ] && command -v systemctl >/dev/null
}

# --- facts -------------------------------------------------------------------------------------

# Prints standard input, up to a limit. A shell drops NULs and busybox's awk ends a line at one, so each becomes
# another character that no fact has.
read_input() {
	head -c "$INPUT_LIMIT" | tr '\000' '\001'
}

# awk functions: the exact form of each fact. fact() takes a line, complete() is called behind the last one.
# What is not of its form is refused with exit code 3, and the reason on standard output. Afterwards owner,
# node, adopt and heal are set; forwarded[] has the families, wanted[] the destinations in their order, want[]
# the next hop of each, and block[] the lines for /etc/hosts. mawk has no {n,m} in its expressions.
# shellcheck disable=SC2016  # $ is awk's
FACTS_AWK='
function refuse(why) { print (facts ? "standard input, line " facts ": " : "") why; refused = 1; exit 3 }

# the number of an IPv4 address, or -1
function ipv4(text,   part, i) {
	if (split(text, part, ".") != 4) return -1
	for (i = 1; i <= 4; i++) if (part[i] !~ /^(0|[1-9][0-9]?[0-9]?)$/ || part[i] + 0 > 255) return -1
	return ((part[1] * 256 + part[2]) * 256 + part[3]) * 256 + part[4]
}
function dotted(n) { return int(n / 16777216) "." (int(n / 65536) % 256) "." (int(n / 256) % 256) "." (n % 256) }
function hex(text,   i, n) {
	n = 0
	for (i = 1; i <= length(text); i++) n = n * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
	return n
}

# whether this is an IPv6 address as RFC 5952 writes it; group[] has its groups then
function ipv6(text,   half, left, right, a, b, i) {
	i = split(text, half, "::")
	left = split(half[1], a, ":")
	right = i == 2 ? split(half[2], b, ":") : 0
	if (length(text) > 39 || !(i == 1 && left == 8 || i == 2 && left + right <= 6)) return 0
	for (i = 1; i <= 8; i++) {
		group[i] = i <= left ? a[i] : i > 8 - right ? b[i - 8 + right] : "0"
		if (group[i] !~ /^(0|[1-9a-f][0-9a-f]*)$/ || length(group[i]) > 4) return 0
	}
	return text == ipv6_text()
}
# group[] as RFC 5952 writes it: the first of the longest runs of zeros is "::"
function ipv6_text(   i, run, longest, from, text) {
	for (i = 1; i <= 8; i++) {
		run = group[i] == "0" ? run + 1 : 0
		if (run > longest) { longest = run; from = i - run + 1 }
	}
	for (i = 1; i <= 8; i++) {
		if (longest > 1 && i == from) { text = text "::"; i += longest - 1 }
		else text = text (text == "" || text ~ /:$/ ? "" : ":") group[i]
	}
	return text
}

# 4 or 6 for an address that a node or a pod can have, else 0: not 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16,
# 224.0.0.0/4, 255.255.255.255, ::/16, fe80::/10, ff00::/8
function usable(text,   n, first) {
	n = ipv4(text)
	first = int(n / 16777216)
	if (n >= 0) return first == 0 || first == 127 || int(n / 65536) == 43518 || first >= 224 && first <= 239 || n == 4294967295 ? 0 : 4
	if (!ipv6(text)) return 0
	first = hex(group[1])
	return first == 0 || first >= 65152 && first <= 65215 || first >= 65280 ? 0 : 6
}
# busybox may have no ^
function two_to(n,   power) { for (power = 1; n > 0; n--) power *= 2; return power }
# 4 or 6 for a destination without host bits, from /8 and from /16 on, else 0
function block_of(text,   part, family, bits, i, n) {
	if (split(text, part, "/") != 2 || part[2] !~ /^[1-9][0-9]?[0-9]?$/) return 0
	family = usable(part[1])
	bits = part[2] + 0
	if (family == 4) return bits >= 8 && bits <= 32 && ipv4(part[1]) % two_to(32 - bits) == 0 ? 4 : 0
	if (family == 0 || bits < 16 || bits > 128) return 0
	for (i = 1; i <= 8; i++) {
		n = 16 * i - bits # host bits up to and in this group
		if (n > 0 && hex(group[i]) % two_to(n > 16 ? 16 : n) != 0) return 0
	}
	return 6
}
# a lower-case RFC 1123 subdomain
function host_name(text,   label, i) {
	i = split(text, label, ".")
	if (i == 0 || length(text) > 253) return 0
	for (; i > 0; i--) if (label[i] !~ /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/ || length(label[i]) > 63) return 0
	return 1
}

function canonical(d) { if (d ~ /:/) sub(/\/128$/, "", d); else sub(/\/32$/, "", d); return d }
function add_route(cidr, hop) {
	if (block_of(cidr) != usable(hop) || usable(hop) == 0) refuse("a destination or next hop that no route can have")
	if (canonical(cidr) in want) refuse("a destination for the second time")
	if (wantings == 25000) refuse("more than 25000 routes")
	wanted[++wantings] = cidr
	want[canonical(cidr)] = hop
}
function add_routes(count, cidr, hop, last, last_hop,   from, to, step, hop_step, i) {
	split(cidr, from, "/")
	split(last, to, "/")
	if (count !~ /^[1-9][0-9]?[0-9]?[0-9]?[0-9]?$/ || count < 2 || from[2] != to[2]) refuse("a bad range of routes")
	if (ipv4(from[1]) < 0 || ipv4(to[1]) < 0 || ipv4(hop) < 0 || ipv4(last_hop) < 0) refuse("a bad range of routes")
	step = (ipv4(to[1]) - ipv4(from[1])) / (count - 1)
	hop_step = (ipv4(last_hop) - ipv4(hop)) / (count - 1)
	if (step != int(step) || hop_step != int(hop_step)) refuse("a range of routes that are not evenly apart")
	for (i = 0; i < count; i++) add_route(dotted(ipv4(from[1]) + i * step) "/" from[2], dotted(ipv4(hop) + i * hop_step))
}

# stage: 1 to 4 behind owner, node, adopt and heal, 5 behind a route, 6 behind a line for /etc/hosts, 7 behind end
function fact() {
	facts++
	if (facts > 25000) refuse("more than 25000 facts")
	if (length($0) > 600) refuse("more than 600 characters")
	if ($0 ~ /[^ -~]/) refuse("a character that is not printable ASCII")
	if (stage == 0 && $0 == "owner " $2 && $2 ~ /^[A-Za-z0-9_][A-Za-z0-9._-]*$/ && length($2) <= 200) { owner = $2; stage = 1 }
	else if (stage == 1 && $0 == "node " $2 " " $3 && host_name($2) && (host_name($3) || ipv6($3))) { node = $2 " " $3; stage = 2 }
	else if (stage == 2 && ($0 == "adopt yes" || $0 == "adopt no")) { adopt = $2; stage = 3 }
	else if (stage == 3 && $0 == "heal " $2 && $2 ~ /^[1-9][0-9]?[0-9]?[0-9]?$/ && $2 <= 3600) { heal = $2; stage = 4 }
	else if (stage == 4 && $0 == "forward 4" && families == 0) forwarded[++families] = 4
	else if (stage == 4 && $0 == "forward 6" && !(families > 0 && forwarded[families] == 6)) forwarded[++families] = 6
	else if (stage >= 4 && stage <= 5 && $0 == "route " $2 " via " $4) { add_route($2, $4); stage = 5 }
	else if (stage >= 4 && stage <= 5 && $0 == "routes " $2 " from " $4 " via " $6 " to " $8 " via " $10) { add_routes($2, $4, $6, $8, $10); stage = 5 }
	else if (stage >= 4 && stage <= 6 && $0 == "hosts " $2 " " $3 && usable($2) && host_name($3)) { block[++blocks] = $2 " " $3; stage = 6 }
	else if (stage >= 4 && stage <= 6 && $0 == "end") stage = 7
	else refuse("not a fact, or not in its place")
}
function complete() { if (stage != 7) { facts++; refuse("the input is cut short") } }
'

# --- routes ------------------------------------------------------------------------------------

# Every route, one a line; ip names the table of those that are not in the main one. Asked for one protocol,
# it would not print that; asked for the main table, it would show one family only.
kernel_routes() {
	ip -o route show table all
}

# awk functions. has() takes a line of `ip route`, drops() and keeps() one of a record, and batch() writes the
# commands that bring our routes from what the kernel has to what is wanted. Routes that are already correct
# get no command, and routes that another owner wants are not deleted. The kernel prints the route to a single
# address without its prefix length. Lines of other tables than the main one are passed over.
# shellcheck disable=SC2016  # $ is awk's
ROUTE_AWK='
function field(name,   i) { for (i = 1; i < NF; i++) if ($i == name) return $(i + 1); return "" }
function destination() { return canonical($1 ~ /^[a-z]+$/ && $1 != "default" ? $2 : $1) }
function has() { if (field("proto") == proto) via[destination()] = field("via") }
function drops() { dropped[++droppings] = $1 }
function keeps() { kept[canonical($1)] = 1 }
function batch(   i, d) {
	for (i = 1; i <= wantings; i++) {
		d = canonical(wanted[i])
		if (via[d] != want[d]) print "route replace", wanted[i], "via", want[d], "proto", proto
	}
	for (i = 1; i <= droppings; i++) {
		d = canonical(dropped[i])
		if (d in via && !(d in want) && !(d in kept)) print "route del", dropped[i], "via", via[d], "proto", proto
	}
}
kind == "have" && field("table") != "" { next }
'

# Sets files to those of these files that exist. No path of ours has a space in it.
existing() {
	files=
	for file; do
		if [ -e "$file" ]; then files="$files $file"; fi
	done
}

# Runs $BATCH, commands for ip, one a line. If one fails, it is named, and the others are run all the same.
run_batch() {
	[ -n "$BATCH" ] || return 0
	answers=$(printf '%s\n' "$BATCH" | ip -force -batch - 2>&1) && return
	printf '%s\n---\n%s\n' "$BATCH" "$answers" | awk '
		!answers && $0 == "---" { answers = 1; next }
		!answers { line[NR] = $0; next }
		/^Command failed/ { split($0, at, ":"); print "pod-network-routes: " line[at[2]] ": " why; why = ""; next }
		{ why = why == "" ? $0 : why "; " $0 }
	' >&2
	return 1
}

# Brings the routes of the owner in directory $1 to what file $2 lists, removes those that the other files
# list, and prints what it does.
reconcile() {
	own=$1 want=$2
	shift 2
	existing "$@"
	drop=$files
	others=
	for file in "$STATE"/*/routes; do
		if [ -e "$file" ] && [ "$file" != "$own/routes" ]; then others="$others $file"; fi
	done
	# shellcheck disable=SC2086  # lists of files
	BATCH=$(kernel_routes | awk -v proto="$PROTO" "$FACTS_AWK$ROUTE_AWK"'
		kind == "have" { has() }
		kind == "want" { add_route($1, $3) }
		kind == "drop" { drops() }
		kind == "keep" { keeps() }
		END { if (refused) exit 3; batch() }
	' kind=have - kind=want "$want" kind=drop $drop kind=keep $others) || die "the record $own: $BATCH"
	[ -z "$BATCH" ] || printf '%s\n' "$BATCH"
	run_batch
}

# Brings the kernel to what directory $1 records.
apply() {
	reconcile "$1" "$1/routes" "$1/stale"
}

# Takes every route that directory $1 records out of the kernel; the record stays.
withdraw() {
	reconcile "$1" /dev/null "$1/routes" "$1/stale"
}

# --- forwarding --------------------------------------------------------------------------------

# Sets KEY to the switch of an address family.
sysctl_key() {
	case $1 in
	4) KEY=net.ipv4.ip_forward FILE=/proc/sys/net/ipv4/ip_forward ;;
	6) KEY=net.ipv6.conf.all.forwarding FILE=/proc/sys/net/ipv6/conf/all/forwarding ;;
	*) die "no address family: $1" ;;
	esac
}

# Turns forwarding on for the address families that directory $1 records, and prints what it does. With
# a second argument, the value before is kept, so that forward_back can restore it.
forward() {
	while read -r family; do
		sysctl_key "$family"
		[ -e "$FILE" ] || die "IPv$family is switched off on this host"
		# /proc gives a shell that reads byte by byte no end of the line
		read -r value <"$FILE" || :
		if [ "$value" != 1 ]; then
			before=$STATE/forward$family.before
			if [ -n "${2-}" ] && [ ! -f "$before" ]; then echo "$value" >"$before"; fi
			echo 1 >"$FILE"
			echo "forwarding of IPv$family: on"
		fi
	done <"$1/forward"
}

# Has forwarding turned on at boot, too.
forward_at_boot() {
	[ -d /etc/sysctl.d ] || mkdir -p /etc/sysctl.d
	wanted=$(while read -r family; do sysctl_key "$family" && echo "$KEY = 1"; done <"$DIR/forward")
	found=
	[ ! -e "$SYSCTL" ] || found=$(while read -r line; do printf '%s\n' "$line"; done <"$SYSCTL")
	[ "$found" = "$wanted" ] || echo "$wanted" >"$SYSCTL" || die "cannot write $SYSCTL"
}

# Restores forwarding as it was before the first owner came. Called when no owner is left on this host.
forward_back() {
	for family in 4 6; do
		before=$STATE/forward$family.before
		if [ -f "$before" ]; then
			sysctl_key $family
			# a full disk may have left it empty
			read -r value <"$before" || :
			[ -z "$value" ] || echo "$value" >"$FILE"
			rm "$before"
		fi
	done
}

# --- /etc/hosts --------------------------------------------------------------------------------

# Prints /etc/hosts without our block, byte for byte. A file that did not end in a newline got one
# in front of the block, which the block's first line says. Refuses a block without an end, because
# what follows it might be somebody else's.
hosts_without_block() {
	unended=$(tail -c 1 /etc/hosts)
	awk -v begin="# BEGIN pod-network-routes $OWNER" -v end="# END pod-network-routes $OWNER" -v unended="$unended" '
		$0 == begin || $0 == begin " (no newline before)" { inside = 1; bare = $0 != begin; next }
		$0 == end { inside = 0; next }
		inside { next }
		{ if (any) printf "\n"; printf "%s", $0; any = 1; bare = 0 }
		END { if (inside) exit 1; if (any && !bare && unended == "") printf "\n" }
	' /etc/hosts || die "/etc/hosts: the block of $OWNER has no '# END pod-network-routes $OWNER', fix it by hand"
}

# Makes our block of /etc/hosts the same as file $1, or removes the block if that file is empty.
hosts_block() {
	hosts=$(readlink -f /etc/hosts)
	hosts_without_block >"$WORK/hosts"
	if [ -s "$1" ]; then
		note=
		if [ -n "$(tail -c 1 "$WORK/hosts")" ]; then
			note=" (no newline before)"
			echo >>"$WORK/hosts"
		fi
		{
			echo "# BEGIN pod-network-routes $OWNER$note"
			cat "$1"
			echo "# END pod-network-routes $OWNER"
		} >>"$WORK/hosts"
	fi
	if ! cmp -s "$WORK/hosts" "$hosts"; then
		# the copy keeps owner, mode and label; the rename replaces the file at once for its readers
		cp -a "$hosts" "$hosts.pod-network-routes"
		cat "$WORK/hosts" >"$hosts.pod-network-routes"
		mv "$hosts.pod-network-routes" "$hosts"
		echo "/etc/hosts: written"
	fi
	forget "$hosts.pod-network-routes"
}

# --- persistence -------------------------------------------------------------------------------

unit_file() {
	cat <<-EOF
		[Unit]
		Description=Pod network routes of $OWNER
		Documentation=man:ip-route(8)
		After=network.target systemd-networkd.service NetworkManager.service
		StartLimitIntervalSec=0

		[Service]
		Type=exec
		ExecStart=/bin/sh $DIR/hostPodRoutes.sh watch $DIR
		# Outside of the sandbox: it asks systemd whether this is a stop or a restart.
		ExecStopPost=+/bin/sh $DIR/hostPodRoutes.sh stopped $DIR
		Restart=always
		RestartSec=1
		# It sets routes and two switches below /proc/sys/net: nothing else.
		CapabilityBoundingSet=CAP_NET_ADMIN
		LockPersonality=yes
		MemoryDenyWriteExecute=yes
		NoNewPrivileges=yes
		PrivateDevices=yes
		PrivateTmp=yes
		ProtectClock=yes
		ProtectControlGroups=yes
		ProtectHome=yes
		ProtectHostname=yes
		ProtectKernelLogs=yes
		ProtectKernelModules=yes
		ProtectKernelTunables=yes
		ProtectProc=invisible
		ProtectSystem=strict
		# ProtectSystem leaves these out, /run where ProtectKernelTunables is set too
		ReadOnlyPaths=/run -/dev/shm -/dev/mqueue
		ReadWritePaths=-/proc/sys/net/ipv4/ip_forward -/proc/sys/net/ipv6/conf/all/forwarding
		RestrictAddressFamilies=AF_NETLINK
		RestrictNamespaces=yes
		RestrictRealtime=yes
		RestrictSUIDSGID=yes
		SystemCallArchitectures=native
		SystemCallFilter=@system-service
		SystemCallFilter=~@privileged @resources
		UMask=0077

		[Install]
		WantedBy=multi-user.target
	EOF
}

# Applies the recorded table at boot, after a network restart, and whenever a route is gone.
persist() {
	if ! have_systemd; then
		echo "persistence: none"
		return
	fi
	unit_file >"$WORK/unit"
	put "/etc/systemd/system/$UNIT" "$WORK/unit"
	[ -z "$CHANGED" ] || systemctl daemon-reload
	# a restart does not remove the routes
	verb=start
	[ -z "$CHANGED$new_script" ] || verb=restart
	{ systemctl --quiet enable "$UNIT" && systemctl "$verb" "$UNIT"; } ||
		die "cannot start $UNIT: $(systemctl status --no-pager --lines 5 "$UNIT" 2>&1 | tr -cd '\n -~')"
	echo "persistence: systemd"
}

# Run by systemd. Looks again every `heal` seconds, sooner after a failure (a link that is not up
# yet at boot), and writes to the journal only when there is news. It writes no file.
watch() {
	said=
	delay=1
	while [ -d "$1" ]; do
		heal=
		read -r heal <"$1/heal" || :
		case $heal in
		'' | *[!0-9]* | ?????*) heal=10 ;;
		esac
		if news=$( (lock "$STATE" && forward "$1" && apply "$1") 2>&1); then
			delay=$heal
		else
			delay=$((delay * 2 < heal ? delay * 2 : heal))
		fi
		[ "$news" = "$said" ] || [ -z "$news" ] || printf '%s\n' "$news"
		said=$news
		sleep "$delay"
	done
}

# Run by systemd once the watcher has ended. After a stop it removes the routes. After a crash and in a restart
# (`systemctl restart` or needrestart) they stay, because systemd starts the watcher again.
stopped() {
	case ${SERVICE_RESULT-success} in
	success | timeout) ;;
	*) return ;;
	esac
	case $(systemctl list-jobs --no-legend --no-pager "pod-routes-${1##*/}.service") in
	*' restart '*) return ;;
	esac
	lock "$STATE" && withdraw "$1"
}

# --- the commands of the component ---------------------------------------------------------------

# Checks standard input, and writes it into the next record, under $NEXT, and files under $WORK: the owner,
# the block of /etc/hosts; and compares it with what is there. errors: why this host is not to be changed, for
# example because another route to a wanted destination is there. adopted: the commands that take such routes
# over, never one of the kernel itself. named: /etc/hosts has a block of this owner. script: there is no
# recorded copy of this script, or another one. Sets BATCH, the commands that make the routes as they are
# wanted. Ends the run if the input is refused; nothing but the list of routes is written then.
plan() {
	kernel_routes >"$WORK/kernel"
	existing "$STATE"/*/hostPodRoutes.sh
	copies=$files
	existing "$STATE"/*/routes "$STATE"/*/stale
	records=$files
	existing /etc/hosts
	# shellcheck disable=SC2086  # lists of files
	BATCH=$(read_input | awk -v proto="$PROTO" -v to="$WORK/" -v record="$NEXT/" "$FACTS_AWK$ROUTE_AWK"'
		function error(what) { print what > (to "errors") }
		function write_facts(   name, i) {
			split("owner block errors adopted named script", name, " ")
			for (i in name) printf "" > (to name[i])
			split("stale routes node heal forward", name, " ")
			for (i in name) printf "" > (record name[i])
			print owner > (to "owner")
			print node > (record "node")
			print heal > (record "heal")
			for (i = 1; i <= families; i++) print forwarded[i] > (record "forward")
			for (i = 1; i <= wantings; i++) print wanted[i] " via " want[canonical(wanted[i])] > (record "routes")
			for (i = 1; i <= blocks; i++) print block[i] > (to "block")
		}
		# a route to a wanted destination that is not ours
		function foreign(   line, name) {
			name = field("dev")
			line = destination() (field("via") == "" ? "" : " via " field("via")) (name == "" ? "" : " dev " name) \
				(field("metric") == "" ? "" : " metric " field("metric")) " proto " (field("proto") == "" ? "boot" : field("proto"))
			# such a name could be a command in the shell of a person who copies this
			if (line !~ "^[A-Za-z0-9.:/@_ -]+$") error(destination() " has a route over an interface with an unusual name; remove it by hand")
			else if (field("proto") == "kernel") error(line " is a network of this host itself and cannot be routed to another")
			else if (adopt == "yes") print "route del " line > (to "adopted")
			else error(line " is there already and was not made by pod-network-routes; set adoptExisting, or remove it: ip route del " line)
		}
		kind == "fact" { fact(); next }
		kind == "script" && FNR == 1 {
			complete()
			write_facts()
			begin = "# BEGIN pod-network-routes " owner
			end = "# END pod-network-routes " owner
		}
		kind == "script" { script[FNR] = $0; lines = FNR }
		kind == "copy" || kind == "record" { n = split(FILENAME, path, "/"); mine = path[n - 1] == owner }
		kind == "copy" && mine { copied = FNR; if ($0 != script[FNR]) differs = 1 }
		kind == "record" && !mine && path[n] == "routes" { keeps(); other[canonical($1)] = path[n - 1] }
		kind == "record" && mine { own[canonical($1)] = 1 }
		kind == "record" && mine && !(canonical($1) in want) && !seen[$0]++ { print > (record "stale"); drops() }
		kind == "hosts" && ($0 == begin || $0 == begin " (no newline before)") { inside = 1; print > (to "named") }
		kind == "hosts" && $0 == end { inside = 0 }
		kind == "have" { has() }
		kind == "have" && destination() in want && field("proto") != proto { foreign() }
		END {
			if (refused) exit 3
			for (i = 1; i <= wantings; i++) {
				d = canonical(wanted[i])
				if (d in other && !(d in own)) error(wanted[i] " is routed on this host by " other[d] "; remove it there first, or, if that is this stack under an earlier name and its state was lost: pulumi config set owner " other[d])
			}
			if (inside) error("/etc/hosts: the block of " owner " has no \047" end "\047, fix it by hand")
			if (differs || copied != lines) print "another" > (to "script")
			batch()
		}
	' kind=fact - kind=script "$0" kind=copy $copies kind=record $records kind=hosts $files kind=have "$WORK/kernel") ||
		refused $? "$BATCH"
	: >"$WORK/kernel"
}

# Ends the run, after awk ended with exit code $1 and printed $2.
refused() {
	[ "$1" != 3 ] || die "$2; nothing was changed"
	die "the plan cannot be kept in $WORK and $NEXT; nothing was changed"
}

check_host() {
	# root owns /
	[ -O / ] || die "needs root: log in as root, or set ssh.sudo"
	for tool in ip awk flock cmp head tr; do
		command -v "$tool" >/dev/null || die "this host has no $tool (packages iproute2, mawk or gawk, util-linux, diffutils, coreutils)"
	done
}

# Sets the names of what belongs to $OWNER.
names() {
	DIR=$STATE/$OWNER
	UNIT=pod-routes-$OWNER.service
	SYSCTL=/etc/sysctl.d/90-pod-routes-$OWNER.conf
}

# Takes the lock and makes the directory to work in.
begin() {
	lock "$NEXT" "$WORK"
	trap end EXIT
	trap 'exit 129' HUP INT TERM
}

end() {
	# shellcheck disable=SC2181  # of what ends the shell
	if [ $? = 0 ] && have_owners; then return; fi
	rm -rf "$NEXT" "$WORK"
	rmdir "$STATE" 2>/dev/null || :
}

have_owners() {
	set -- "$STATE"/*/
	[ -d "$1" ]
}

converge() {
	check_host
	begin
	plan
	read -r OWNER <"$WORK/owner" || :
	names
	if [ -s "$WORK/errors" ]; then
		sed 's/^/pod-network-routes: /' "$WORK/errors" >&2
		exit 1
	fi
	copy=
	if [ -s "$WORK/script" ]; then
		copy=$NEXT/hostPodRoutes.sh
		cp "$0" "$copy" || die "cannot write $copy"
		# earlier versions made it 0755
		chmod 711 "$STATE"
	fi
	# From here on the host is changed. The record comes first, and of it the stale routes: those that were
	# wanted before and are not any more stay in the record until they are out of the kernel.
	new_script=
	if [ -d "$DIR" ]; then
		new_script=$copy
		mv "$NEXT/stale" "$NEXT/routes" "$NEXT/node" "$NEXT/heal" "$NEXT/forward" ${copy:+"$copy"} "$DIR"
	else
		mv "$NEXT" "$DIR"
	fi
	forward "$DIR" keep
	forward_at_boot
	failed=
	if run_batch; then : >"$DIR/stale"; else failed=yes; fi
	# The routes of others that were taken over, unless one of ours has already replaced them.
	if [ -s "$WORK/adopted" ]; then ip -force -batch "$WORK/adopted" >/dev/null 2>&1 || :; fi
	if [ -e /etc/hosts ] && { [ -s "$WORK/block" ] || [ -s "$WORK/named" ]; }; then hosts_block "$WORK/block"; fi
	persist
	[ -z "$failed" ] || exit 1
}

remove() {
	check_host
	who=$(read_input | awk "$FACTS_AWK"'
		{ fact() }
		END { if (refused) exit 3; complete(); print owner " " node }
	') || refused $? "$who"
	OWNER=${who%% *} NODE=${who#* }
	names
	if [ ! -d "$DIR" ]; then
		echo "nothing of $OWNER is here"
		return
	fi
	read -r now <"$DIR/node" || :
	if [ "$now" != "$NODE" ]; then
		echo "left alone: this host is now $now"
		return
	fi
	if have_systemd; then
		systemctl --quiet disable --now "$UNIT" 2>&1 || :
		rm -f "/etc/systemd/system/$UNIT" "/etc/systemd/system/$UNIT.new"
		systemctl daemon-reload
		systemctl --quiet reset-failed "$UNIT" 2>/dev/null || :
	fi
	begin
	withdraw "$DIR"
	if [ -e /etc/hosts ] && grep -qF "# BEGIN pod-network-routes $OWNER" /etc/hosts; then hosts_block /dev/null; fi
	# the record goes last, and only once all else is gone
	rm -f "$SYSCTL"
	rm -rf "$DIR"
	have_owners || forward_back
}

case ${1-} in
converge) converge ;;
remove) remove ;;
watch) watch "$2" ;;
stopped) stopped "$2" ;;
*) die "usage: converge | remove | watch DIR | stopped DIR" ;;
esac
