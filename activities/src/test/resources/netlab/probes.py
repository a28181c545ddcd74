"""Tries every way out of this container at once; a line each: NAME REACHED or NAME blocked WHY.

probes.py '{"gw": …, "wan": …, "other": …, "world": …, "meta": …, "near": …, "gw6": …, …}'
"""
import concurrent.futures, json, socket, struct, sys

at = json.loads(sys.argv[1])
PATIENCE = 1.5


def tcp(host, port, family=socket.AF_INET, fast=False):
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(PATIENCE)
        if fast:
            try:
                s.sendto(b"data in the first packet", 0x20000000, (host, port))
            except BlockingIOError:
                pass
        else:
            s.connect((host, port))
        return s.recv(16) == b"canary"


def udp(host, port, family=socket.AF_INET, data=b"x", broadcast=False):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(PATIENCE)
        if broadcast:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        s.sendto(data, (host, port))
        return len(s.recv(512)) > 0


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def ping(host, raw=False):
    kind = socket.SOCK_RAW if raw else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP) as s:
        s.settimeout(PATIENCE)
        body = b"\0\x2a\0\x01" + b"x" * 8
        s.sendto(b"\x08\0" + struct.pack("!H", checksum(b"\x08\0\0\0" + body)) + body, (host, 0))
        return len(s.recv(512)) > 0


def ping6(host):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM, socket.IPPROTO_ICMPV6) as s:
        s.settimeout(PATIENCE)
        s.sendto(b"\x80\0\0\0\0\x2a\0\x01" + b"x" * 8, (host, 0))
        return len(s.recv(512)) > 0


def frame():
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind(("eth0", 0))
        return s.send(b"\xff" * 6 + b"\x02" * 6 + b"\x88\xb5" + b"x" * 46) > 0


def name(host):
    return len(socket.gethostbyname(host)) > 0


def question(host):
    labels = b"".join(bytes([len(l)]) + l.encode() for l in host.split("."))
    return b"\x12\x34\x01\0\0\1\0\0\0\0\0\0" + labels + b"\0\0\1\0\1"


SIX = socket.AF_INET6
SECRET = question("secret.exfil.example")
PROBES = {
    "tcp to the world": lambda: tcp(at["world"], 80),
    "tcp 443 to the world": lambda: tcp(at["world"], 443),
    "tcp 8080 to the world": lambda: tcp(at["world"], 8080),
    "tcp with data in its first packet": lambda: tcp(at["world"], 80, fast=True),
    "metadata address": lambda: tcp(at["meta"], 80),
    "dns to the world": lambda: udp(at["world"], 53, data=SECRET),
    "dns over tcp to the world": lambda: tcp(at["world"], 53),
    "quic's port of the world": lambda: udp(at["world"], 443),
    "udp to the world": lambda: udp(at["world"], 9999),
    "ping the world": lambda: ping(at["world"]),
    "ping the metadata address": lambda: ping(at["meta"]),
    "ping the gateway": lambda: ping(at["gw"]),
    "ping the machine's other address": lambda: ping(at["wan"]),
    "tcp to the gateway": lambda: tcp(at["gw"], 8088),
    "ssh of the gateway": lambda: tcp(at["gw"], 22),
    "engine's port of the gateway": lambda: tcp(at["gw"], 2375),
    "helm's port of the gateway": lambda: tcp(at["gw"], 4356),
    "temporal's port of the gateway": lambda: tcp(at["gw"], 7233),
    "tcp to the machine's outer address": lambda: tcp(at["wan"], 8088),
    "tcp to another bridge's address": lambda: tcp(at["other"], 8088),
    "proxy's port at the machine's outer address": lambda: tcp(at["wan"], 3128),
    "proxy's port at another bridge's address": lambda: tcp(at["other"], 3128),
    "udp to the gateway": lambda: udp(at["gw"], 8089),
    "udp to the machine's outer address": lambda: udp(at["wan"], 8089),
    "dns to the gateway": lambda: udp(at["gw"], 53, data=SECRET),
    "broadcast": lambda: udp("255.255.255.255", 8089, broadcast=True),
    "multicast to all hosts": lambda: udp("224.0.0.1", 8089),
    "name through the engine's resolver": lambda: name("secret.exfil.example"),
    "tcp to a neighbour": lambda: tcp(at["near"], 8088),
    "udp to a neighbour": lambda: udp(at["near"], 8089),
    "ping a neighbour": lambda: ping(at["near"]),
    "raw socket": lambda: ping(at["world"], raw=True),
    "packet socket": frame,
    "tcp over IPv6 to the world": lambda: tcp(at["world6"], 80, SIX),
    "udp over IPv6 to the world": lambda: udp(at["world6"], 9999, SIX),
    "dns over IPv6 to the world": lambda: udp(at["world6"], 53, SIX, SECRET),
    "ping over IPv6 the world": lambda: ping6(at["world6"]),
    "tcp over IPv6 to the gateway": lambda: tcp(at["gw6"], 8088, SIX),
    "tcp over IPv6 to the machine's outer address": lambda: tcp(at["wan6"], 8088, SIX),
    "ping over IPv6 the gateway": lambda: ping6(at["gw6"]),
    "allowed: the proxy": lambda: tcp(at["gw"], 3128),
}


def attempt(probe):
    try:
        return "REACHED" if probe() else "blocked nothing came"
    except OSError as e:
        return "blocked " + str(e).replace("\n", " ")


with concurrent.futures.ThreadPoolExecutor(64) as pool:
    for found, said in zip(PROBES, pool.map(attempt, PROBES.values())):
        print(found + "\t" + said)
