#!/bin/busybox sh
# First program of a node, in the initial RAM file system: loads what reading the host's files takes, lays a writable
# layer of memory over them, and hands over to start.sh in there. Where RIG_PROBE is set it only says that it ran.
set -eu

busybox mkdir -p /proc /host /memory /root
busybox mount -t proc proc /proc

# The kernel makes variables of the parameters that it does not know.
if [ -n "${RIG_PROBE:-}" ]; then
  echo 'rig: probe ran'
  busybox poweroff -f
fi
. /parameters

while read -r module; do
  busybox insmod "/modules/$module"
done < /modules/order

busybox mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro host /host
busybox mount -t tmpfs -o mode=0755 memory /memory
busybox mkdir /memory/upper /memory/work
busybox mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work overlay /root
busybox umount /proc
exec busybox switch_root /root /bin/sh "$RIG_START"
