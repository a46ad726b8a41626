#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# world.sh - the first process of a test's private world
#
#   unshare --mount --net --uts --pid --fork world.sh STAGE PARTS HOSTNAME ADDRESS...
#
# Lays the files of STAGE over this machine's /etc, /home, /var and /usr/sbin, in a mount namespace
# of its own, so that Exim, Apache, PHP and cron run at their usual paths, with the users and the
# privileges that they have in life, and nothing of the machine changes. The network is a loopback
# of our own that has every address the stories speak of, so port 25 is free and a client can come
# from 203.0.113.66.
#
# It then reads standard input until that ends, and exits. The kernel kills every process of a
# PID namespace whose first process is gone, and the mounts go with the last of them: whatever
# happens to the test, nothing is left running and nothing mounted.

set -euo pipefail

stage=$1 parts=$2 name=$3
shift 3

# process ids as a server that has been up for a while has them
echo 21000 >/proc/sys/kernel/ns_last_pid || :

mount --make-rprivate /
mount --bind "$stage" /mnt
mount -t tmpfs -o mode=755 tmpfs /media
mkdir /media/parts
mount --bind "$parts" /media/parts

hostname "$name"
ip link set lo up
for address; do
    ip addr add "$address/32" dev lo
done

# the programs: links to this machine's, but for the mail server, which is ours and setuid
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/sbin /run/parts /run/lock /run/php /run/apache2
mount --move /media/parts /run/parts
umount /media
mount --bind /usr/sbin /run/sbin
mount -t tmpfs -o mode=755 tmpfs /usr/sbin
ln -s /run/sbin/* /usr/sbin/
rm -f /usr/sbin/{exim,exim4,sendmail,cron,runq,rmail}
install -m 4755 /run/parts/usr/sbin/exim4 /usr/sbin/exim4
ln -s exim4 /usr/sbin/exim
ln -s exim4 /usr/sbin/sendmail
install -m 755 /run/parts/usr/sbin/cron /usr/sbin/cron

# suexec trusts only its compiled-in place
mkdir /run/apache2-lib
mount --bind /usr/lib/apache2 /run/apache2-lib
mount -t tmpfs -o mode=755 tmpfs /usr/lib/apache2
ln -s /run/apache2-lib/modules /usr/lib/apache2/modules
install -m 4755 /run/parts/usr/lib/apache2/suexec-custom /usr/lib/apache2/suexec

for folder in etc home var/log var/spool var/mail; do
    mount --bind "/mnt/server/$folder" "/$folder"
done

echo ready
while read -r _; do
    :
done
