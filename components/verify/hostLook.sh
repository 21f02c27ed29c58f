#!/bin/sh
# Looks at one host, and changes nothing there.
#
#   look   print what there is of an owner's routes, and of what they depend on
#   ping   ping from pods of this host
#
# Standard input, one fact a line, then this script itself:
#   owner NAME              whose routes are looked at
#   hop ADDRESS             a next hop: how does this host reach it?
#   get CIDR ADDRESS        a destination and an address in it: where would a packet go?
#   ping PID SOURCE TARGET  ping from the network of a process; PID is - for the host's own
#
# Every line that is printed begins with a word that says what it is about.
set -u
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
LC_ALL=C
export PATH LC_ALL

STATE=/var/lib/pod-network-routes

have() {
	command -v "$1" >/dev/null
}

facts() {
	printf '%s\n' "$INPUT" | sed -n "s/^$1 //p"
}

# Standard input, each line behind a word.
tagged() {
	sed "s/^/$1 /"
}

routes() {
	ip -4 -o route show table main | tagged route
	ip -6 -o route show table main 2>/dev/null | tagged route
	ip -o addr show | awk '{ print "address", $4 }'
	facts hop | while read -r hop; do
		ip -o route get "$hop" 2>&1 | sed -n "1s/^/hop $hop /p"
	done
	facts get | while read -r cidr address; do
		ip -o route get "$address" 2>&1 | sed -n "1s|^|get $cidr |p"
	done
}

forwarding() {
	for key in ipv4/ip_forward ipv6/conf/all/forwarding; do
		[ -e "/proc/sys/net/$key" ] && echo "forward ${key%%/*} $(cat "/proc/sys/net/$key")"
	done
	for file in /proc/sys/net/ipv4/conf/*/rp_filter; do
		interface=${file%/rp_filter}
		echo "rp_filter ${interface##*/} $(cat "$file")"
	done
}

record() {
	for file in "$STATE"/*/routes; do
		case $file in
		"$DIR/routes") tagged recorded <"$file" ;;
		*) [ -e "$file" ] && tagged others <"$file" ;;
		esac
	done
	[ -e "$DIR/node" ] && tagged node <"$DIR/node"
	[ -e "$SYSCTL" ] && tagged sysctl <"$SYSCTL"
	if [ -d /run/systemd/system ] && have systemctl; then
		echo "unit $(systemctl is-enabled "$UNIT" 2>/dev/null || :)/$(systemctl is-active "$UNIT" 2>/dev/null || :)"
	fi
}

hosts_block() {
	[ -e /etc/hosts ] || return 0
	awk -v begin="# BEGIN pod-network-routes $OWNER" -v end="# END pod-network-routes $OWNER" '
		$0 == begin || $0 == begin " (no newline before)" { inside = 1; next }
		$0 == end { inside = 0; next }
		inside { print "hosts " $0 }
		END { if (inside) print "hosts-without-end" }
	' /etc/hosts
}

# Addresses in the network name spaces of other processes: where containers are, there are pods.
pods() {
	have ping && echo "ping yes"
	have nsenter || return 0
	# shellcheck disable=SC2012  # names of processes and name spaces are tame
	ls -l /proc/[0-9]*/ns/net 2>/dev/null | awk -v own="$(readlink /proc/self/ns/net)" '
		$NF != own && !($NF in seen) { seen[$NF] = 1; split($(NF - 2), part, "/"); print part[3] }
	' | while read -r pid; do
		nsenter --net="/proc/$pid/ns/net" ip -o addr show scope global 2>/dev/null |
			awk -v pid="$pid" '{ print "pod", pid, $4 }'
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

# One answer is enough within three seconds, of which the first second may go to ARP.
ping_once() {
	if [ "$1" = - ]; then
		ping -n -c 1 -w 3 -I "$2" "$3"
	else
		nsenter --net="/proc/$1/ns/net" ping -n -c 1 -w 3 "$3"
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

INPUT=$(sed '/^--- /,$d')
case ${1-} in
look) look || : ;;
ping) pings || : ;;
esac
