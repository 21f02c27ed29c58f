#!/bin/sh
# container.sh IMAGE CAPABILITIES DIRECTORY [TYPE SOURCE TARGET MODE]... -- COMMAND...: a container in
# the foreground, with the files of the directory IMAGE. Each SOURCE of the host is mounted at TARGET,
# MODE ro or rw; TYPE is that of a hostPath volume. CAPABILITIES are setpriv's, or `privileged`.
# To be run on a plain host, by: unshare -m
set -eu
image=$1 capabilities=$2 directory=$3
shift 3

read_only() {
	mount -o remount,bind,ro "$1"
}

# A root of its own, in memory: what is written outside a mount does not arrive on the host. The
# programs of the image's distribution are those of the host's.
mount -t tmpfs -o mode=755 tmpfs /mnt
cd /mnt
mkdir dev etc old proc run sys tmp usr var
ln -s ../run var/run
cp -P /bin /sbin /lib* .
cp -R /etc/alternatives /etc/hosts etc # Debian's iptables is one of several
mount --bind /usr usr
read_only usr
for kernel in dev proc sys; do
	mount --rbind /$kernel $kernel
done
if [ "$capabilities" != privileged ]; then
	read_only proc/sys/net # the rest of proc/sys is so on every host
fi
(cd "$image" && find . -type f) | while read -r file; do
	mkdir -p "${file%/*}"
	: >"$file"
	mount --bind "$image/$file" "$file"
	read_only "$file"
done

while [ "$1" != -- ]; do
	type=$1 source=$2 target=.$3 mode=$4
	shift 4
	case $type in
	Directory) [ -d "$source" ] ;;
	File) [ -f "$source" ] ;;
	FileOrCreate) [ -e "$source" ] || : >"$source" ;;
	'' | DirectoryOrCreate) [ -e "$source" ] || mkdir -p "$source" ;;
	*) false ;;
	esac || {
		echo "hostPath $source is no $type" >&2
		exit 1
	}
	if [ -d "$source" ]; then
		mkdir -p "$target"
	else
		mkdir -p "${target%/*}"
		[ -e "$target" ] || : >"$target"
	fi
	mount --rbind "$source" "$target"
	if [ "$mode" = ro ]; then
		read_only "$target"
	fi
done
shift

pivot_root . old
umount -l /old
rmdir /old
cd "$directory"
if [ "$capabilities" = privileged ]; then
	exec "$@"
fi
exec setpriv --bounding-set "$capabilities" -- "$@"
