#!/bin/busybox sh
# First program of a node, in the initial RAM file system: loads what reading the host's root file system takes, lays a
# writable layer of memory over it, and hands over to start.sh in there. With rig.probe it only says that it ran.
set -eu
export PATH=/bin

busybox mkdir -p /proc /host /memory /root
busybox mount -t proc proc /proc

parameter() {
  busybox sed -n "s|.*\brig\.$1=\([^ ]*\).*|\1|p" /proc/cmdline
}

if [ "$(parameter probe)" = yes ]; then
  echo 'rig: probe ran'
  busybox poweroff -f
fi

while read -r module; do
  busybox insmod "/modules/$module"
done < /modules/order

busybox mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro host /host
busybox mount -t tmpfs -o mode=0755 memory /memory
busybox mkdir /memory/upper /memory/work
busybox mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work overlay /root
start=$(parameter start)
busybox umount /proc
exec busybox switch_root /root /bin/sh "$start"
