# An engine inside a namespace, whose machine has its resolver on loopback.
#   engine.sh NAME DIR
set -eu
name=$1 dir=$2
echo 'nameserver 127.0.0.1' >"$dir/resolv.conf"
exec nsenter --net=/run/netns/"$name" unshare -m sh -c "
  mount --bind '$dir/resolv.conf' /etc/resolv.conf
  exec dockerd --data-root '$dir/data' --exec-root '$dir/exec' --pidfile '$dir/docker.pid' \
    --host 'unix://$dir/docker.sock' --containerd-namespace='$name' \
    --containerd-plugins-namespace='$name-plugins' --log-level=warn"
