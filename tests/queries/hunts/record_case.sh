#!/bin/sh
# One case of one hunt, recorded: tools.record_hunt_cases calls it in name spaces of its own (unshare -n -m).
# Home, /tmp, /etc and /var are throw-away, and every address of IPv4 is this machine: connections to anywhere get an
# answer, and nothing leaves. Arguments: scenario file, case, lake, python.
set -eu
here=$(cd "$(dirname "$0")" && pwd) scenario=$1 case=$2 lake=$3 python=$4
scratch=/run/lictor-case
mkdir -p $scratch
mount -t tmpfs none $scratch
cp "$here/library.sh" "$scenario" $scratch/
for folder in etc var; do
    mkdir -p $scratch/$folder/upper $scratch/$folder/work
    mount -t overlay -o "lowerdir=/$folder,upperdir=$scratch/$folder/upper,workdir=$scratch/$folder/work" none /$folder
done
top=$(cd "$here/../../.." && pwd)
mkdir -p $scratch/tree
mount --bind "$top" $scratch/tree
for folder in /home /tmp /dev/shm; do mount -t tmpfs none $folder; done
case $top in /home/* | /tmp/* | /dev/shm/*) # Lictor itself must stay where its environment says
    mkdir -p "$top"
    mount --bind $scratch/tree "$top"
    ;;
esac
ip link set lo up
ip route add local 0.0.0.0/0 dev lo
export HOME=/home/dev PATH=/home/dev/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 USER=root \
    GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory 'GIT_CONFIG_VALUE_0=*'
mkdir -p /home/dev/bin /home/dev/work
cd /home/dev/work
. $scratch/library.sh
. "$scratch/$(basename "$scenario")"
setup
policy >$scratch/policy.yaml
/usr/bin/python3 - <<'P' &
import selectors, socket

ready = selectors.DefaultSelector()
for port in (22, 80, 443, 4444, 8080, 9222):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("0.0.0.0", port))
    sock.listen()
    ready.register(sock, selectors.EVENT_READ)
while True:
    for key, _ in ready.select():
        peer, _ = key.fileobj.accept()
        peer.settimeout(0.2)
        try:
            peer.recv(4096)
            peer.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 15\r\n\r\n#!/bin/sh\ntrue\n")
        except OSError:
            pass
        peer.close()
P
listener=$!
sleep 0.5
for part in "$case" "${case}_next"; do
    command -v "$part" >/dev/null || continue
    printf '. %s/library.sh\n. %s/%s\n%s\ntrue\n' $scratch $scratch "$(basename "$scenario")" "$part" >/home/dev/session.sh
    set -- run -q --agent "$(agent "$case")" --lake "$lake"
    if [ -s $scratch/policy.yaml ]; then set -- "$@" --policy $scratch/policy.yaml; fi
    if [ -n "$(user)" ]; then set -- "$@" --user "$(user)"; fi
    "$python" -m lictor "$@" -- sh /home/dev/session.sh </dev/null >$scratch/said 2>&1 || cat $scratch/said >&2
done
kill $listener
