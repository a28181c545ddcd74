#!/usr/bin/python3 -IS
"""Asks Helm whether it has allowed this very call. Whatever is unclear blocks (exit code 2)."""
import json
import socket
import sys

MAX_BYTES = 64 << 20
# Longer than Helm takes to answer, shorter than the hook may take: a hook that is cut lets pass.
SECONDS = 86000


def main():
    call = json.loads(sys.stdin.buffer.read(MAX_BYTES))
    question = {
        "tool_use_id": call["tool_use_id"],
        "tool_name": call["tool_name"],
        "tool_input": call["tool_input"],
    }
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as gate:
        gate.settimeout(SECONDS)
        gate.connect("/run/helm/gate.sock")
        gate.sendall(json.dumps(question).encode() + b"\n")
        with gate.makefile("rb") as reader:
            answer = json.loads(reader.readline(1 << 20))
    if answer["allow"] is True:
        return 0
    print(answer["reason"], file=sys.stderr)
    return 2


try:
    code = main()
except BaseException as e:
    print("Helm's gate cannot be asked: %s" % type(e).__name__, file=sys.stderr)
    code = 2
sys.exit(code)
