"""Answers on ports, over IPv4 and IPv6, and writes down who came: listener.py LOG tcp:80 udp:53 …"""
import selectors, socket, sys

log = open(sys.argv[1], "a", buffering=1)
poll = selectors.DefaultSelector()


def dns_answer(query):
    if len(query) < 17:
        return b"canary"
    end = query.index(0, 12) + 5
    return query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + query[12:end] + b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4\xcb\0\x71\x0a"


def udp(sock, word):
    data, peer = sock.recvfrom(65536)
    log.write(word + "\n")
    sock.sendto(dns_answer(data) if word == "udp:53" else b"canary", peer)


def tcp(sock, word):
    conn, _ = sock.accept()
    log.write(word + "\n")
    conn.settimeout(1)
    try:
        conn.sendall(b"canary")
    except OSError:
        pass
    conn.close()


for word in sys.argv[2:]:
    kind, port = word.split(":")
    for family in (socket.AF_INET, socket.AF_INET6):
        sock = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(("", int(port)))
        if kind == "tcp":
            sock.listen(50)
        poll.register(sock, selectors.EVENT_READ, (tcp if kind == "tcp" else udp, word))
log.write("ready\n")
while True:
    for key, _ in poll.select():
        answer, word = key.data
        try:
            answer(key.fileobj, word)
        except (OSError, ValueError):
            pass
