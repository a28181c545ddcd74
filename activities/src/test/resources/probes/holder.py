"""What stands outside a slot for probes to reach: holder.py init | metadata PORT-FILE | abstract NAME."""
import ctypes
import os
import socket
import struct
import sys
import threading
import time

SECRET = os.environ.get("PROBE_SECRET", "")


def take_address(quad):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as s:
        address = struct.pack("BBBBi", 2, 32, 0, 0, 1) + struct.pack("HH4s", 8, 2, bytes(quad))
        s.sendto(struct.pack("IHHII", 16 + len(address), 20, 0x605, 1, 0) + address, (0, 0))
        code = struct.unpack("i", s.recv(4096)[16:20])[0]
        if code:
            raise OSError(-code, os.strerror(-code))


def heard(what):
    with open("/workspace/heard", "a") as f:
        f.write(what + "\n")


def serve_tcp(server, name):
    while True:
        peer, _ = server.accept()
        heard(name)
        try:
            peer.sendall(SECRET.encode() + b"\n")
        except OSError:
            pass
        peer.close()


def serve_dns(server):
    while True:
        question, peer = server.recvfrom(512)
        heard("dns")
        server.sendto(question[:2] + b"\x81\x80" + question[4:], peer)


def shared_memory(key):
    libc = ctypes.CDLL(None)
    libc.shmat.restype = ctypes.c_void_p
    segment = libc.shmget(key, 4096, 0o1666)
    ctypes.memmove(libc.shmat(segment, None, 0), SECRET.encode() + b"\0", len(SECRET) + 1)


def metadata():
    take_address((169, 254, 169, 254))
    tcp = socket.create_server(("169.254.169.254", 80))
    threading.Thread(target=serve_tcp, args=(tcp, "metadata"), daemon=True).start()
    dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    dns.bind(("169.254.169.254", 53))
    threading.Thread(target=serve_dns, args=(dns,), daemon=True).start()
    shared_memory(int(sys.argv[2]))


def abstract():
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind("\0" + sys.argv[2])
    server.listen(16)
    threading.Thread(target=serve_tcp, args=(server, "abstract"), daemon=True).start()


# Where only a parent may trace (Yama), the control lets anyone.
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)
{"init": lambda: None, "metadata": metadata, "abstract": abstract}[sys.argv[1]]()
heard("ready")
kept = bytearray(SECRET.encode())
while True:
    time.sleep(3600)
