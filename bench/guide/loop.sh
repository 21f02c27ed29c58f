#!/usr/bin/env bash
# loop.sh apply|destroy MACHINES SSH_CONFIG: what the guide does by hand, host after host. First its
# loop that turns forwarding on, then its `ssh root@HOST <<EOF ... EOF` with one `ip route` a line, then
# its `tee -a /etc/hosts` on the controller. MACHINES is the guide's machines.txt.
#
# The guide's commands work once: so that they can be run again, `add` is `replace` here and the lines of
# /etc/hosts are between two marks. The guide has no way back; `destroy` is the same loops with `del`.
set -euo pipefail
verb=$1 machines=$2 config=$3

remote() { ssh -q -F "$config" "root@$1" "${@:2}"; }
routes() { awk -v host="$2" -v verb="$1" '$4 != "" && $3 != host { print "ip route", verb, $4, "via", $1 }' "$machines"; }
names() { awk '$4 != "" { print $1, $3 }' "$machines"; }

case $verb in
apply) forward=1 route=replace ;;
destroy) forward=0 route=del ;;
esac

while read -r ip _ name _; do
	echo "==> $name"
	remote "$ip" "sysctl -w net.ipv4.ip_forward=$forward" </dev/null
done <"$machines"

while read -r ip _ name _; do
	routes "$route" "$name" | remote "$ip"
done <"$machines"

while read -r ip _ name subnet; do
	if [ -z "$subnet" ]; then
		remote "$ip" "sed -i '/^# BEGIN bench/,/^# END bench/d' /etc/hosts" </dev/null
		if [ "$verb" = apply ]; then
			{
				echo "# BEGIN bench"
				names
				echo "# END bench"
			} | remote "$ip" "tee -a /etc/hosts" >/dev/null
		fi
	fi
done <"$machines"
