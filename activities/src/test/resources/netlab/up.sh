# Makes two network namespaces: a machine, and a world behind it. Nothing outside them is changed.
#   up.sh NAME DIR
set -eu
name=$1 dir=$2 here=$(dirname "$0")
ip netns add "$name"
ip netns add "$name-w"
machine() { nsenter --net=/run/netns/"$name" "$@"; }
world() { nsenter --net=/run/netns/"$name-w" "$@"; }
machine ip link set lo up
world ip link set lo up
machine ip link add wan0 type veth peer name net0 netns "$name-w"
machine ip addr add 198.51.100.2/24 dev wan0
machine ip addr add 2001:db8:1::2/64 dev wan0 nodad
machine ip link set wan0 up
world ip addr add 198.51.100.1/24 dev net0
world ip addr add 203.0.113.10/32 dev lo
world ip addr add 169.254.169.254/32 dev lo
world ip addr add 2001:db8:1::1/64 dev net0 nodad
world ip addr add 2001:db8:ffff::1/128 dev lo nodad
world ip link set net0 up
machine ip route add default via 198.51.100.1
machine ip -6 route add default via 2001:db8:1::1
# Datagrams are answered from the address that they were sent to.
world ip route replace 198.51.100.0/24 dev net0 src 203.0.113.10
world ip -6 route add 2001:db8:2::/48 via 2001:db8:1::2
machine sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
# What arrives in the world is counted, whatever it is.
world iptables -t raw -A PREROUTING -i net0
world ip6tables -t raw -A PREROUTING -i net0 ! -p icmpv6
nsenter --net=/run/netns/"$name" python3 "$here/listener.py" "$dir/machine.log" \
  tcp:22 tcp:2375 tcp:3128 tcp:4356 tcp:7233 tcp:8088 udp:53 udp:8089 &
echo $! >"$dir/pids"
nsenter --net=/run/netns/"$name-w" python3 "$here/listener.py" "$dir/world.log" \
  tcp:53 tcp:80 tcp:443 tcp:8080 udp:53 udp:443 udp:9999 &
echo $! >>"$dir/pids"
for log in machine world; do
  for i in $(seq 100); do grep -q ready "$dir/$log.log" 2>/dev/null && break; sleep 0.1; done
  grep -q ready "$dir/$log.log"
done
