#!/bin/sh
# host-net.sh LAB NETNS LINK IFACE [CIDR ...]: a new, empty network namespace NETNS with one interface
# IFACE, whose other end LINK is in the bridge of the namespace LAB. Both ends stay in the lab.
set -eu
lab=$1 netns=$2 link=$3 iface=$4
shift 4

ip -n "$lab" link del "$link" 2>/dev/null || :
ip netns del "$netns" 2>/dev/null || :
ip netns add "$netns"
# a new namespace may inherit this from the machine, a fresh host does not forward
ip netns exec "$netns" sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv6/conf/all/forwarding'
ip -n "$netns" link set lo up
ip -n "$lab" link add "$link" type veth peer name "$iface" netns "$netns"
ip -n "$lab" link set "$link" master br0 up
for cidr; do ip -n "$netns" addr add "$cidr" dev "$iface" nodad 2>/dev/null || ip -n "$netns" addr add "$cidr" dev "$iface"; done
ip -n "$netns" link set "$iface" up
