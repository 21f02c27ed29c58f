#!/bin/sh
# systemd-host.sh NAME BASE DIR NETNS: one host with systemd, in the foreground, until it is powered
# off. `reboot` inside starts it anew with an empty network namespace, which NET (run each time)
# connects again. DIR/up takes what it writes.
set -eu
name=$1 base=$2 dir=$3 netns=$4
shift 4

# A control group of its own, in whichever hierarchies this machine has.
for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
	if [ -e "$hierarchy/cgroup.procs" ]; then
		mkdir -p "$hierarchy/$netns"
		echo $$ >"$hierarchy/$netns/cgroup.procs"
	fi
done

mount -t overlay overlay -o "lowerdir=$base,upperdir=$dir/up,workdir=$dir/work" "$dir/root"
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
while :; do
	rc=0
	systemd-nspawn --quiet --boot -D "$dir/root" -M "$netns" --hostname="$name" --register=no --keep-unit \
		--network-namespace-path="/run/netns/$netns" --capability=CAP_NET_ADMIN --resolv-conf=off \
		--timezone=off --link-journal=no --console=pipe </dev/null || rc=$?
	[ $rc = 133 ] || break # 133: rebooted
	"$@"
done
umount "$dir/root"
