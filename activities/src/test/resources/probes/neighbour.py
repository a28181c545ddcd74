"""The neighbour: counts aloud and into a file every 100 ms, keeps a secret, and ends when it is told."""
import ctypes
import os
import socket
import threading
import time

SECRET = os.environ["PROBE_SECRET"]
# Where only a parent may trace (Yama), the neighbour lets anyone: nothing but its namespace guards it.
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)
kept = bytearray(SECRET.encode())
server = socket.create_server(("127.0.0.1", int(os.environ["PROBE_PORT"])))


def serve():
    while True:
        peer, _ = server.accept()
        try:
            peer.sendall(SECRET.encode() + b"\n")
        except OSError:
            pass
        peer.close()


threading.Thread(target=serve, daemon=True).start()
n = 0
with open("/workspace/ticks.txt", "a", buffering=1) as ticks:
    while not os.path.exists("/workspace/stop"):
        n += 1
        ticks.write("%d\n" % n)
        print(n, flush=True)
        time.sleep(0.1)
assert bytes(kept).decode() == SECRET
assert open("/workspace/canary.txt").read() == SECRET
print("end", n, flush=True)
