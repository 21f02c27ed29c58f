#!/bin/sh
# Gives one host its pod network routes, keeps them there, and takes them away again.
#
#   converge        make the host as standard input says
#   remove          undo what converge did, if standard input still names this host's owner
#   watch DIR       (systemd) keep the routes recorded in DIR, until stopped
#   stopped DIR    (systemd) take the routes recorded in DIR out of the kernel
#
# Standard input, one fact a line:
#   owner NAME                    whose routes these are; several owners can share a host
#   node NAME ADDRESS             which node this is, and where it was reached
#   adopt yes|no                  take over a foreign route to a wanted destination
#   heal SECONDS                  how often watch looks
#   forward 4|6                   forward packets of this address family
#   route CIDR via ADDRESS
#   routes COUNT from CIDR via ADDRESS to CIDR via ADDRESS     as many, IPv4, evenly between the two
#   hosts ADDRESS NAME            a line of the managed block of /etc/hosts
#   end                           there is no more; of an input that was cut short nothing is done
#
# What belongs to an owner is recorded in $STATE/OWNER before the kernel is touched, so that an
# interrupted run is finished by the next one. Routes carry a protocol number of their own, and
# only routes that have it and are recorded are ever removed.
set -eu

# Not in use by any routing daemon: ip-route(8) and /etc/iproute2/rt_protos reserve 2-4, 11, 12,
# 16-18, 42, 84, 99 and 186-192.
PROTO=173
STATE=/var/lib/pod-network-routes
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
LC_ALL=C
export PATH LC_ALL
umask 022
# Where converge and remove work, once they have the lock, and where the next record of an owner is made.
# Both stay until one fails or the last owner leaves; what is in them, the next one overwrites. No owner's
# name begins with a dot.
WORK=/run/pod-network-routes/work
NEXT=$STATE/.next

die() {
	echo "pod-network-routes: $*" >&2
	exit 1
}

# Serialises all that changes routes on this host: converge, remove and the watchers of all owners.
# Makes these directories, the first of which is $STATE or in it.
lock() {
	while :; do
		for directory; do
			[ -d "$directory" ] || mkdir -p "$@" || exit
		done
		exec 9<"$STATE"
		flock 9
		# The last owner to leave removes the directory under our feet.
		# shellcheck disable=SC3013  # dash, bash and busybox all have -ef
		if [ /proc/self/fd/9 -ef "$STATE" ] && [ -d "$1" ]; then return; fi
	done
}

# Removes what a run that was killed may have left.
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

# --- routes ------------------------------------------------------------------------------------

# Every route, one a line; ip names the table of those that are not in the main one. Asked for one protocol,
# it would not print that; asked for the main table, it would show one family only.
kernel_routes() {
	ip -o route show table all
}

# awk functions. has() takes a line of `ip route`, wants() and drops() a line of a record, and batch()
# writes the commands that bring our routes from what is had to what is wanted. What is right already
# is left alone. The kernel prints the route to a single address without its prefix length. Lines of
# other tables than the main one are left out.
# shellcheck disable=SC2016  # $ is awk's
ROUTE_AWK='
function canonical(d) { if (d ~ /:/) sub(/\/128$/, "", d); else sub(/\/32$/, "", d); return d }
function field(name,   i) { for (i = 1; i < NF; i++) if ($i == name) return $(i + 1); return "" }
function destination() { return canonical($1 ~ /^[a-z]+$/ && $1 != "default" ? $2 : $1) }
function has() { if (field("proto") == proto) via[destination()] = field("via") }
function wants(line,   word) { split(line, word, " "); wanted[++wantings] = word[1]; want[canonical(word[1])] = word[3] }
function drops(line,   word) { split(line, word, " "); dropped[++droppings] = word[1] }
function batch(   i, d) {
	for (i = 1; i <= wantings; i++) {
		d = canonical(wanted[i])
		if (via[d] != want[d]) print "route replace", wanted[i], "via", want[d], "proto", proto
	}
	for (i = 1; i <= droppings; i++) {
		d = canonical(dropped[i])
		if (d in via && !(d in want)) print "route del", dropped[i], "via", via[d], "proto", proto
	}
}
kind == "have" && field("table") != "" { next }
'

# Those of these files that there are. No path of ours has a space in it.
existing() {
	files=
	for file; do
		if [ -e "$file" ]; then files="$files $file"; fi
	done
}

# Runs $BATCH, commands for ip, one a line. One that fails does not keep the others from being run, and
# is named.
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

# Brings our routes in the kernel to what file $1 lists, removes those that the other files list, and
# prints what it does.
reconcile() {
	want=$1
	shift
	existing "$@"
	# shellcheck disable=SC2086  # a list of files
	BATCH=$(kernel_routes | awk -v proto="$PROTO" "$ROUTE_AWK"'
		kind == "have" { has() }
		kind == "want" { wants($0) }
		kind == "drop" { drops($0) }
		END { batch() }
	' kind=have - kind=want "$want" kind=drop $files)
	[ -z "$BATCH" ] || printf '%s\n' "$BATCH"
	run_batch
}

# Brings the kernel to what directory $1 records.
apply() {
	reconcile "$1/routes" "$1/stale" && rm -f "$1/stale"
}

# Takes every route that directory $1 records out of the kernel; the record stays.
withdraw() {
	reconcile /dev/null "$1/routes" "$1/stale"
}

# --- forwarding --------------------------------------------------------------------------------

# Sets KEY to the switch of an address family.
sysctl_key() {
	case $1 in
	4) KEY=net.ipv4.ip_forward FILE=/proc/sys/net/ipv4/ip_forward ;;
	6) KEY=net.ipv6.conf.all.forwarding FILE=/proc/sys/net/ipv6/conf/all/forwarding ;;
	esac
}

# Turns forwarding on for the address families listed in $DIR/forward. What it was before is kept.
forward() {
	while read -r family; do
		sysctl_key "$family"
		[ -e "$FILE" ] || die "IPv$family is switched off on this host"
		# /proc gives a shell that reads byte by byte no end of the line
		read -r value <"$FILE" || :
		if [ "$value" != 1 ]; then
			[ -f "$STATE/forward$family.before" ] || echo "$value" >"$STATE/forward$family.before"
			echo 1 >"$FILE"
			echo "forwarding of IPv$family: on"
		fi
	done <"$DIR/forward"
}

# The same at boot.
forward_at_boot() {
	[ -d /etc/sysctl.d ] || mkdir -p /etc/sysctl.d
	wanted=$(while read -r family; do sysctl_key "$family" && echo "$KEY = 1"; done <"$DIR/forward")
	found=
	[ ! -e "$SYSCTL" ] || found=$(while read -r line; do echo "$line"; done <"$SYSCTL")
	[ "$found" = "$wanted" ] || echo "$wanted" >"$SYSCTL" || die "cannot write $SYSCTL"
}

# Gives forwarding back as it was, once no owner is left on this host.
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
# in front of the block, which the block's first line remembers. Refuses a block without an end, for
# what follows it might be somebody else's.
hosts_without_block() {
	unended=$(tail -c 1 /etc/hosts)
	awk -v begin="# BEGIN pod-network-routes $OWNER" -v end="# END pod-network-routes $OWNER" -v unended="$unended" '
		$0 == begin || $0 == begin " (no newline before)" { inside = 1; bare = $0 != begin; next }
		$0 == end { inside = 0; next }
		inside { next }
		{ if (any) printf "\n"; printf "%s", $0; any = 1; bare = 0 }
		END { if (inside) exit 1; if (any && !bare && unended == "") printf "\n" }
	' /etc/hosts || die "/etc/hosts: the block of $OWNER has no '# END pod-network-routes $OWNER', mend it by hand"
}

# Makes our block of /etc/hosts read as file $1, or removes it if that is empty.
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
		# the copy keeps owner, mode and label; the rename is what readers see
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
		ExecStart=/bin/sh $DIR/hostPodRoutes.sh watch $DIR
		ExecReload=/bin/kill -HUP \$MAINPID
		ExecStopPost=/bin/sh $DIR/hostPodRoutes.sh stopped $DIR
		Restart=always
		RestartSec=1
		# It sets routes and switches under /proc/sys/net, and writes its record: nothing else.
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
		ProtectProc=invisible
		ProtectSystem=strict
		ReadWritePaths=-$STATE
		RestrictAddressFamilies=AF_NETLINK AF_UNIX
		RestrictNamespaces=yes
		RestrictRealtime=yes
		RestrictSUIDSGID=yes
		SystemCallArchitectures=native
		SystemCallFilter=@system-service
		SystemCallFilter=~@privileged @resources

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
	if [ -n "$CHANGED" ]; then
		systemctl daemon-reload
		# what runs in the old unit's sandbox; killed, for a stop would take the routes away
		systemctl kill --signal=KILL "$UNIT" 2>/dev/null || :
	fi
	if [ -n "$new_script" ] && systemctl --quiet is-active "$UNIT"; then systemctl reload "$UNIT"; fi
	systemctl --quiet enable --now "$UNIT" || die "cannot start $UNIT: $(systemctl status --no-pager --lines 5 "$UNIT" 2>&1)"
	echo "persistence: systemd"
}

# Run by systemd. Looks again every `heal` seconds, sooner after a failure (a link that is not up
# yet at boot), and writes to the journal only when there is news.
watch() {
	DIR=$1
	trap 'exec /bin/sh "$0" watch "$DIR"' HUP
	said=
	delay=1
	while [ -d "$DIR" ]; do
		heal=$(cat "$DIR/heal")
		if news=$( (lock "$STATE" && forward && apply "$DIR") 2>&1); then
			delay=$heal
		else
			delay=$((delay * 2 < heal ? delay * 2 : heal))
		fi
		[ "$news" = "$said" ] || [ -z "$news" ] || printf '%s\n' "$news"
		said=$news
		sleep "$delay"
	done
}

# Run by systemd once the watcher is gone. After a stop, the routes go too; after a crash they stay,
# because systemd starts the watcher again.
stopped() {
	case ${SERVICE_RESULT-success} in
	success | timeout) lock "$STATE" && withdraw "$1" ;;
	esac
}

# --- the commands of the component ---------------------------------------------------------------

# Takes standard input apart into the next record, under $NEXT, and files under $WORK: the owner, the block
# of /etc/hosts; and compares it with what is there. errors: why this host is not to be touched, as where
# a wanted destination is taken by a route that is not ours. adopted: the commands that take such routes
# over, never one of the kernel itself. named: /etc/hosts has a block of this owner. script: there is no
# recorded copy of this script, or another one. Sets BATCH, the commands that make the routes as they are
# wanted. Fails if the end of the input is missing.
plan() {
	kernel_routes >"$WORK/kernel"
	existing "$STATE"/*/hostPodRoutes.sh
	copies=$files
	existing "$STATE"/*/routes "$STATE"/*/stale
	records=$files
	existing /etc/hosts
	# shellcheck disable=SC2086  # lists of files
	BATCH=$(awk -v proto="$PROTO" -v to="$WORK/" -v record="$NEXT/" "$ROUTE_AWK"'
		function number(address,   part) { split(address, part, "."); return ((part[1] * 256 + part[2]) * 256 + part[3]) * 256 + part[4] }
		function dotted(n) { return int(n / 16777216) "." (int(n / 65536) % 256) "." (int(n / 256) % 256) "." (n % 256) }
		function error(what) { print what > (to "errors") }
		function route(line) {
			if (line !~ /^[0-9a-f.:]+\/[0-9]+ via [0-9a-f.:]+$/) { error("bad route: " line); return }
			print line > (record "routes")
			wants(line)
		}
		BEGIN {
			split("owner block errors adopted named script", name, " ")
			for (i in name) printf "" > (to name[i])
			split("stale routes node heal forward", name, " ")
			for (i in name) printf "" > (record name[i])
		}
		kind == "fact" { ended = 0; rest = substr($0, length($1) + 2) }
		kind == "fact" && $1 == "route" { route(rest) }
		kind == "fact" && $1 == "routes" {
			split($4, from, "/")
			step = (number($8) - number($4)) / ($2 - 1)
			hop = (number($10) - number($6)) / ($2 - 1)
			for (i = 0; i < $2; i++) route(dotted(number($4) + i * step) "/" from[2] " via " dotted(number($6) + i * hop))
		}
		kind == "fact" && $1 == "owner" {
			owner = rest
			begin = "# BEGIN pod-network-routes " owner
			end = "# END pod-network-routes " owner
			print owner > (to "owner")
			if (owner !~ /^[A-Za-z0-9._-]+$/) error("bad owner")
		}
		kind == "fact" && $1 == "adopt" { adopt = rest }
		kind == "fact" && $1 == "hosts" { print rest > (to "block") }
		kind == "fact" && $1 ~ /^(node|heal|forward)$/ { print rest > (record $1) }
		kind == "fact" && $0 == "end" { ended = 1 }
		kind == "script" { script[FNR] = $0; lines = FNR }
		kind == "copy" || kind == "record" { n = split(FILENAME, path, "/"); mine = path[n - 1] == owner }
		kind == "copy" && mine { copied = FNR; if ($0 != script[FNR]) differs = 1 }
		kind == "record" {
			d = canonical($1)
			if (mine || path[n] == "routes" && owned[d] != owner) owned[d] = path[n - 1]
			if (mine && !(d in want) && !seen[$0]++) { print > (record "stale"); drops($0) }
		}
		kind == "hosts" && ($0 == begin || $0 == begin " (no newline before)") { inside = 1; print > (to "named") }
		kind == "hosts" && $0 == end { inside = 0 }
		kind == "have" { has() }
		kind == "have" && destination() in want && field("proto") != proto {
			line = destination() (field("via") == "" ? "" : " via " field("via")) (field("dev") == "" ? "" : " dev " field("dev")) \
				(field("metric") == "" ? "" : " metric " field("metric")) " proto " (field("proto") == "" ? "boot" : field("proto"))
			if (field("proto") == "kernel") error(line " is a network of this host itself and cannot be routed to another")
			else if (adopt == "yes") print "route del " line > (to "adopted")
			else error(line " is there already and was not made by pod-network-routes; set adoptExisting, or remove it: ip route del " line)
		}
		END {
			for (i = 1; i <= wantings; i++) {
				d = canonical(wanted[i])
				if (d in owned && owned[d] != owner) error(wanted[i] " is routed on this host by " owned[d] "; remove it there first")
			}
			if (inside) error("/etc/hosts: the block of " owner " has no \047" end "\047, mend it by hand")
			if (differs || copied != lines) print "another" > (to "script")
			batch()
			exit !ended
		}
	' kind=fact - kind=script "$0" kind=copy $copies kind=record $records kind=hosts $files kind=have "$WORK/kernel") ||
		die "the input is cut short, or cannot be kept in $WORK and $NEXT"
	: >"$WORK/kernel"
}

check_host() {
	# who owns / is root
	[ -O / ] || die "needs root: log in as root, or set ssh.sudo"
	for tool in ip awk flock cmp; do
		command -v "$tool" >/dev/null || die "this host has no $tool (packages iproute2, mawk or gawk, util-linux, diffutils)"
	done
}

# Names what belongs to $OWNER.
names() {
	case $OWNER in
	"" | *[!A-Za-z0-9._-]* | .*) die "bad owner '$OWNER'" ;;
	esac
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
	fi
	# From here on the host is being changed. The record comes first, what is stale first of all: what
	# was wanted before and is not any more is so until it is out of the kernel.
	new_script=
	if [ -d "$DIR" ]; then
		new_script=$copy
		mv "$NEXT/stale" "$NEXT/routes" "$NEXT/node" "$NEXT/heal" "$NEXT/forward" ${copy:+"$copy"} "$DIR"
	else
		mv "$NEXT" "$DIR"
	fi
	forward
	forward_at_boot
	failed=
	if run_batch; then : >"$DIR/stale"; else failed=yes; fi
	# What was taken over and has not already made way to a route of ours.
	if [ -s "$WORK/adopted" ]; then ip -force -batch "$WORK/adopted" >/dev/null 2>&1 || :; fi
	if [ -e /etc/hosts ] && { [ -s "$WORK/block" ] || [ -s "$WORK/named" ]; }; then hosts_block "$WORK/block"; fi
	persist
	[ -z "$failed" ] || exit 1
}

remove() {
	check_host
	ended=
	while read -r fact value; do
		case $fact in
		owner) OWNER=$value ;;
		node) NODE=$value ;;
		end) ended=yes ;;
		esac
	done
	[ -n "$ended" ] || die "the input is cut short"
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
	# the record last, and only if all else is gone
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
