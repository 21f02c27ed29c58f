#!/bin/sh
# base.sh DIR: a small Debian with systemd and an SSH server in DIR, the file system under every host.
set -eu
dir=$1
suite=bookworm
# with each awk that the scripts are tried with, and a shell besides dash and bash
packages=systemd-sysv,dbus,openssh-server,iproute2,iputils-ping,procps,sudo,passwd,iptables,mawk,gawk,busybox

mmdebstrap --quiet --variant=minbase --include=$packages $suite "$dir"

# Debian's own choice, as long as nobody installs another one
chroot "$dir" update-alternatives --quiet --set awk /usr/bin/mawk

# one user besides root, who may become root without a password
chroot "$dir" useradd --create-home --shell /bin/bash --password '*' ops
echo 'ops ALL=(ALL) NOPASSWD: ALL' >"$dir/etc/sudoers.d/ops"
# and one who may not
chroot "$dir" useradd --create-home --shell /bin/bash --password '*' guest

# each host brings its own host key; sshd must not slow down many logins at once
rm -f "$dir"/etc/ssh/ssh_host_*
cat >"$dir/etc/ssh/sshd_config.d/lab.conf" <<-EOF
	HostKey /etc/ssh/ssh_host_ed25519_key
	PermitRootLogin prohibit-password
	UseDNS no
	UsePAM no
	MaxStartups 200:30:400
EOF

# a machine id and mounts of its own for each host; nothing that has no meaning in a container
: >"$dir/etc/machine-id"
: >"$dir/etc/fstab"
rm -f "$dir/var/lib/dbus/machine-id"
for unit in systemd-udevd.service systemd-udev-trigger.service systemd-udevd-control.socket \
	systemd-udevd-kernel.socket getty.target console-getty.service apt-daily.timer \
	apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer dpkg-db-backup.timer \
	systemd-remount-fs.service systemd-journal-flush.service systemd-networkd-wait-online.service \
	sys-kernel-debug.mount sys-kernel-tracing.mount dev-hugepages.mount dev-mqueue.mount; do
	ln -sf /dev/null "$dir/etc/systemd/system/$unit"
done
ln -sf /lib/systemd/system/systemd-networkd.service "$dir/etc/systemd/system/multi-user.target.wants/"
ln -sf /lib/systemd/system/multi-user.target "$dir/etc/systemd/system/default.target"
mkdir -p "$dir/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=4M\n' >"$dir/etc/systemd/journald.conf.d/lab.conf"
