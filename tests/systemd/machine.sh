#!/usr/bin/env bash
# A machine in separate namespaces: the files of this machine under a temporary
# layer, with systemd as process 1 and no services except those of tests.
#
#   unshare --pid --fork --kill-child --mount --cgroup --ipc --uts \
#       machine.sh FOLDER
#
# FOLDER: empty, for the layer; FOLDER.files is copied into it. The network is
# shared with this machine. Kernel settings cannot be changed from inside.
set -eu

layer=$1
root=$layer/root
mount --make-rprivate /
mount -t tmpfs tmpfs "$layer"
mkdir "$layer/upper" "$layer/work" "$root"
mount -t overlay overlay -o \
    "lowerdir=/,upperdir=$layer/upper,workdir=$layer/work" "$root"

mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
    cp -a "/dev/$device" "$root/dev/"
done
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"

rm -rf "$root"/etc/systemd/system/* "$root/etc/fstab"
: >"$root/etc/machine-id"
cat >"$root/etc/systemd/system/tests.target" <<EOF
[Unit]
Description=Nothing but what tests start
EOF
cp -r "$layer.files/." "$root/"
chroot "$root" useradd --system --no-create-home peal 2>/dev/null || true

cd "$root"
mkdir .outside
pivot_root . .outside
# shared, like systemd's default outside of containers, because a child process
# mounts credentials
exec chroot . sh -c 'umount -l /.outside
    mount --make-rshared /
    exec env -i container=tests PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        /lib/systemd/systemd --system --unit=tests.target --show-status=0'
