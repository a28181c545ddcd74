"""Ways out by network, and Helm's own sockets."""
import ctypes
import errno
import glob
import json
import os
import socket
import struct
import time

from kit import Absent, Stopped, attack, first, text

WAIT = 1.0


def tcp(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(WAIT)
        s.connect((address, port))
        s.sendall(b"probe\n")
        return "%s:%d said %s" % (address, port, s.recv(100).decode(errors="replace").strip())


@attack("net.interfaces")
def interfaces(_):
    names = [n for _, n in socket.if_nameindex() if n not in ("lo", "tunl0", "sit0", "ip6tnl0", "gre0", "gretap0", "erspan0",
                                                              "ip_vti0", "ip6_vti0", "ip6gre0")]
    if not names:
        raise Stopped("only lo")
    return ",".join(names)


@attack("net.host-ports")
def host_ports(given):
    return first(given["hostAddresses"], lambda a: tcp(a, given["canaryPort"]))


@attack("net.host-udp")
def host_udp(given):
    def one(address):
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(WAIT)
            s.connect((address, given["canaryUdpPort"]))
            s.send(b"probe")
            return "%s said %s" % (address, s.recv(100).decode())
    return first(given["hostAddresses"], one)


@attack("net.metadata")
def metadata(_):
    return first(("169.254.169.254", "fd00:ec2::254", "100.100.100.200"), lambda a: tcp(a, 80))


@attack("net.dns")
def dns(_):
    """A question that carries data, to every resolver that is likely."""
    servers = [line.split()[1] for line in open("/etc/resolv.conf") if line.startswith("nameserver")]

    def one(server):
        question = struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + b"\x06secret\x06canary\x04test\x00" + struct.pack(">HH", 16, 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(WAIT)
            s.sendto(question, (server, 53))
            return "%s answered %d bytes" % (server, len(s.recv(512)))
    return first(servers + ["169.254.169.254", "127.0.0.53", "127.0.0.11", "8.8.8.8"], one)


@attack("net.icmp")
def icmp(_):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as s:
        s.settimeout(WAIT)
        s.sendto(struct.pack(">BBHHH", 8, 0, 0, 0, 1) + b"probe---", ("169.254.169.254", 0))
        return "%d bytes of answer" % len(s.recv(100))


@attack("net.raw")
def raw(_):
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP):
        return "a raw socket"


@attack("net.packet")
def packet(_):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)):
        return "a packet socket"


@attack("net.vsock")
def vsock(_):
    """The line between a virtual machine and its host, which no network namespace holds."""
    try:
        with socket.socket(40, socket.SOCK_STREAM) as s:
            s.bind((0xFFFFFFFF, 0xFFFFFFFF))
            s.listen(1)
            return "a vsock that listens: " + str(s.getsockname())
    except OSError as e:
        if e.errno == errno.EAFNOSUPPORT:
            raise Absent("this kernel has no vsock") from e
        raise


@attack("net.odd-families")
def odd(_):
    """Families that no tool needs and that had holes: netrom, x25, ax25, rds, tipc, alg, xdp, kcm …"""
    opened = []
    last = None
    for family in (3, 4, 5, 6, 9, 11, 12, 15, 21, 23, 24, 26, 27, 28, 29, 30, 31, 33, 35, 37, 38, 39, 41, 42, 43, 44, 45):
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            try:
                socket.socket(family, kind).close()
                opened.append(str(family))
                break
            except OSError as e:
                last = e if e.errno != errno.EAFNOSUPPORT else last
    if not opened:
        raise last or Absent("this kernel has none of them")
    return "families " + ",".join(opened)


@attack("net.make-interface")
def make_interface(_):
    """Asks by netlink for an interface, and for lo with an address of the outside."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as s:
        address = struct.pack("BBBBi", 2, 32, 0, 0, 1) + struct.pack("HH4s", 8, 2, bytes((203, 0, 113, 7)))
        s.sendto(struct.pack("IHHII", 16 + len(address), 20, 0x605, 1, 0) + address, (0, 0))
        code = struct.unpack("i", s.recv(4096)[16:20])[0]
        if code:
            raise OSError(-code, os.strerror(-code))
        return "203.0.113.7 is ours"


@attack("net.kernel-messages")
def uevents(_):
    """Netlink families that tell of the machine or change it: audit, netfilter, crypto."""
    def one(protocol):
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as s:
            s.bind((0, 1))
            if protocol == 9:
                s.settimeout(WAIT)
                s.sendto(struct.pack("IHHII", 16, 1000, 5, 1, 0), (0, 0))
                reply = s.recv(4096)
                kind, code = struct.unpack("H", reply[4:6])[0], struct.unpack("i", reply[16:20])[0]
                if kind == 2 and code:
                    raise OSError(-code, os.strerror(-code))
            return "netlink family %d" % protocol
    return first((9, 12), one)


@attack("net.abstract-socket")
def abstract(given):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.settimeout(WAIT)
        s.connect("\0" + given["abstract"])
        return s.recv(100).decode()


@attack("net.neighbour-loopback")
def neighbour_loopback(given):
    return tcp("127.0.0.1", given["neighbourPort"])


@attack("socket.search")
def search_sockets(given):
    """Every socket file to be found, and the engine's API spoken to each that is not the slot's own."""
    paths = [given["engineSocket"], given["home"] + "/slots", "/run/docker.sock", "/var/run/docker.sock"]
    for folder, names, files in os.walk("/"):
        names[:] = [n for n in names if os.path.join(folder, n) not in ("/proc", "/sys", "/usr", "/slot")]
        for name in files:
            path = os.path.join(folder, name)
            try:
                if os.lstat(path).st_mode & 0o170000 == 0o140000:
                    paths.append(path)
            except OSError:
                pass

    def one(path):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(WAIT)
            s.connect(path)
            s.sendall(b"GET /version HTTP/1.0\r\n\r\n")
            answer = s.recv(4096)
            if b"ApiVersion" not in answer:
                raise Stopped(path + " is not the engine")
            return path + " is the engine's"
    return first([p for p in paths if not p.startswith("/run/helm/")] or paths, one)


@attack("socket.neighbour-slot")
def neighbour_slot(given):
    def one(path):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(WAIT)
            s.connect(path)
            return "let in at " + path
    return first([given["neighbourSocket"]] + glob.glob("/proc/[0-9]*/root" + given["neighbourSocket"]), one)


@attack("socket.bind-beside")
def bind_beside(_):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.bind("/run/helm/z.sock")
        return "bound /run/helm/z.sock"


@attack("socket.replace")
def replace(_):
    def one(name):
        os.rename("/run/helm/" + name, "/run/helm/old." + name)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.bind("/run/helm/" + name)
        return name + " is ours"
    return first([os.path.basename(p) for p in glob.glob("/run/helm/*.sock")] or ["x.sock"], one)


@attack("socket.replace-trust")
def trust(_):
    with open("/run/helm/mine.pem", "w") as f:
        f.write("mine\n")
    os.rename("/run/helm/mine.pem", "/run/helm/ca.pem")
    return "a certificate authority of its own"


def frame(message):
    body = json.dumps(message, separators=(",", ":")).encode()
    return struct.pack(">I", len(body)) + body


def answer(s):
    try:
        data = s.recv(4096)
    except OSError:
        return b""
    return data


@attack("executor.forge-exit")
def forge(given):
    """Says that another command has ended well; and plays the executor to be believed."""
    lie = {"t": "exit", "key": given["victimKey"], "code": 0, "reason": "exited", "len": 0, "total": 0, "dropped": 0}
    heard = 0
    for hello in (None, {"t": "hello", "v": 1, "boot": "0" * 32, "effects": []},
                  {"t": "hello", "v": 1, "boot": "0" * 32, "secret": "0" * 64, "effects": []},
                  {"t": "hello", "v": 1, "boot": "0" * 32, "effects": [{"key": given["victimKey"], "state": "ended", "off": 0}]}):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(3)
            s.connect("/run/helm/x.sock")
            try:
                s.sendall((frame(hello) if hello else b"") + frame(lie))
            except OSError:
                continue
            heard += bool(answer(s))
    if not heard:
        raise Stopped("four lines closed without a word")
    return "%d of 4 answered" % heard


@attack("executor.connect-storm")
def storm(given):
    """Thousands of connections; some silent, some with a length that is a lie."""
    kept, refused = [], 0
    end = time.time() + given["stormSeconds"]
    while time.time() < end:
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.setblocking(False)
        try:
            s.connect("/run/helm/x.sock")
            s.send(b"\xff\xff\xff\xff" if len(kept) % 2 else b"\0")
            kept.append(s)
        except OSError:
            refused += 1
            s.close()
        if len(kept) > 1000:
            for old in kept[:500]:
                old.close()
            del kept[:500]
    return "%d open, %d refused" % (len(kept), refused)
