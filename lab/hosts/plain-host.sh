#!/bin/sh
# plain-host.sh NAME BASE DIR: one host without systemd, in the foreground. It has mount, process
# and host name spaces of its own over BASE; DIR/up takes what it writes. sshd is its first process.
# To be run inside the network namespace of the host, by: unshare -m -u -i -p -f --kill-child
set -eu
name=$1 base=$2 dir=$3

mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$base,upperdir=$dir/up,workdir=$dir/work" "$dir/root"
cd "$dir/root"
hostname "$name"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
# of /proc/sys only the network part, which is the host's own, can be written
mount --bind proc/sys/net mnt
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount --move mnt proc/sys/net
mount -t tmpfs -o size=16m,mode=755 tmpfs run
mkdir -p run/sshd
mount -t tmpfs -o size=64k,mode=755 tmpfs dev
for device in null zero full random urandom tty; do
	: >dev/$device
	mount --bind /dev/$device dev/$device
done
mkdir dev/pts
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
pivot_root . mnt
umount -l /mnt
cd /
exec /usr/sbin/sshd -D -e
