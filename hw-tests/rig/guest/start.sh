#!/bin/sh
# Second program of a node, in the host's file system under a layer of memory: devices, limits, the RoCE link. Becomes
# the agent, which runs commands from then on. The console hears of a failure; the kernel's end then ends the node.
set -eu
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm /lib/modules
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t tmpfs -o mode=0755 run /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup || true
ln -sf /proc/self/fd /dev/fd

parameter() {
  sed -n "s|.*\brig\.$1=\([^ ]*\).*|\1|p" /proc/cmdline
}

name=$(parameter name)
address=$(parameter address)

hostname "$name"
printf '127.0.0.1 localhost\n10.77.0.1 a\n10.77.0.2 b\n' > /etc/hosts
mount --bind "$(parameter modules)" /lib/modules
modprobe -a virtio_console virtio_rng virtio_net rdma_rxe ib_uverbs rdma_ucm sch_netem

ip link set lo up
interface=$(basename "$(readlink -f /sys/bus/virtio/drivers/virtio_net/virtio*/net/*)")
ip link set "$interface" mtu 4200 up
ip address add "$address/24" dev "$interface"
rdma link add rxe0 type rxe netdev "$interface"

gid=0000:0000:0000:0000:0000:ffff:$(printf '%02x%02x:%02x%02x' $(echo "$address" | tr . ' '))
until grep -qs "$gid" /sys/class/infiniband/rxe0/ports/1/gids/1; do sleep 0.02; done

ulimit -l unlimited
ulimit -n 1048576
mkdir -m 0700 /run/leasewire
export HOME=/root XDG_RUNTIME_DIR=/run/leasewire TMPDIR=/tmp
until port=$(basename "$(grep -lsx rig /sys/class/virtio-ports/*/name | xargs -r dirname)") && [ -c "/dev/$port" ]; do sleep 0.02; done
exec "$(parameter agent)" "/dev/$port"
