#!/bin/sh
# Second program of a node, in the host's file system under a layer of memory: devices, limits, the RoCE link. Becomes
# the agent, which runs commands from then on. When anything fails, init ends, hence the kernel and QEMU; the console
# says why. Its parameters are variables, RIG_..., from init.sh.
set -eu
umask 022
export PATH="$RIG_PATH"

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm /lib/modules
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t tmpfs -o mode=0755 run /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount --bind "$RIG_MODULES" /lib/modules
ln -s /proc/self/fd /dev/fd
for stream in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${stream%:*}" "/dev/${stream#*:}"; done

echo "$RIG_NAME" > /proc/sys/kernel/hostname
printf '127.0.0.1 localhost\n%s\n' "$RIG_HOSTS" > /etc/hosts

modprobe -a virtio_console virtio_rng virtio_net rdma_rxe ib_uverbs rdma_ucm sch_netem

ip link set lo up
interface=$(basename "$(readlink -f /sys/bus/virtio/drivers/virtio_net/virtio*/net/*)")
ip link set "$interface" mtu "$RIG_MTU_BYTES" up
ip address add "$RIG_ADDRESS/24" dev "$interface"
rdma link add rxe0 type rxe netdev "$interface"

# RoCE v2 over IPv4 works once the address has become an entry of the table.
gid=$(printf '0000:0000:0000:0000:0000:ffff:%02x%02x:%02x%02x' $(echo "$RIG_ADDRESS" | tr . ' '))
until grep -qs "$gid" /sys/class/infiniband/rxe0/ports/1/gids/1; do sleep 0.02; done

# There is no udev here to name the agent's port.
find_port() {
  name=$(grep -lsx rig /sys/class/virtio-ports/*/name) && port=/dev/$(basename "${name%/name}") && [ -c "$port" ]
}
until find_port; do sleep 0.02; done

ulimit -l unlimited
ulimit -n 1048576
mkdir -m 0700 /run/leasewire
exec env -i PATH="$PATH" HOME=/root TMPDIR=/tmp XDG_RUNTIME_DIR=/run/leasewire "$RIG_AGENT" "$port"
