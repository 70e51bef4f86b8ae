#!/bin/sh
# enter.sh USERLAND RUN COMMAND…: becomes COMMAND on the emulated board. Runs in name spaces of its own (machine.io.ts): what it
# mounts and registers is seen nowhere else, and is gone with its last process.
set -e
userland=$1 run=$2
shift 2

# The kernel hands programs for arm64 to QEMU, in this name space only. C and F: with our rights, and found outside the board's root.
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
printf '%s' ':lintel-arm64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64-static:CF' \
  > /proc/sys/fs/binfmt_misc/register

# Debian below, the camera's package over it, whatever is written on top: the userland in the cache stays as it was made.
mount -t overlay -o "lowerdir=$run/package:$userland,upperdir=$run/upper,workdir=$run/work,userxattr" board "$run/root"
mkdir -p "$run/root/proc" "$run/root/tmp" "$run/root/var/lib/lintel"
mount -t proc proc "$run/root/proc"
mount --bind "$run/state" "$run/root/var/lib/lintel"
for device in null zero random urandom; do
  rm -f "$run/root/dev/$device"
  : > "$run/root/dev/$device"
  mount --bind "/dev/$device" "$run/root/dev/$device"
done

exec env -i PATH=/usr/bin:/bin HOME=/root LANG=C.UTF-8 /usr/sbin/chroot "$run/root" "$@"
