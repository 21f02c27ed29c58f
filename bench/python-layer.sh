#!/bin/sh
# python-layer.sh DIR: Python, which Ansible's modules need on a host, as a layer to lie over the
# file system of the hosts; with its byte code, as apt-get would have left it.
set -eu
dir=$1

mmdebstrap --quiet --variant=extract --include=python3 \
	--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr bookworm "$dir.whole"
chroot "$dir.whole" python3 -m compileall -q /usr/lib/python3.11
mkdir "$dir"
mv "$dir.whole/usr" "$dir/usr"
rm -rf "$dir.whole"
