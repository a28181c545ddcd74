#!/usr/bin/python3 -IS
"""The lock: asks Helm whether it has allowed this very call, and tells it what became of it.

Before a call whatever is unclear blocks (exit code 2), and what passes runs with exactly the
arguments that Helm has allowed."""
import json
import socket
import sys
import time

MAX_BYTES = 64 << 20
RESULT_CHARS = 400_000
# Whether a call was denied stands at its answer's beginning.
SAID_CHARS = 300
# Longer than Helm takes to answer, shorter than the hook may take: a hook that is cut lets pass.
SECONDS = 86000
MEMBERS = (
    "hook_event_name",
    "session_id",
    "tool_use_id",
    "tool_name",
    "tool_input",
    "error",
    "agent_id",
    "agent_type",
    "mcp_server",
)


def line(value):
    return json.dumps(value, ensure_ascii=False)


def ended(each):
    response = each.get("tool_response")
    said = response[:SAID_CHARS] if isinstance(response, str) else ""
    return {
        "tool_use_id": each["tool_use_id"],
        "tool_name": each["tool_name"],
        "tool_response": said,
    }


def question(call):
    asked = {name: call[name] for name in MEMBERS if name in call}
    if "tool_calls" in call:
        asked["tool_calls"] = [ended(each) for each in call["tool_calls"]]
    if "tool_response" in call:
        response = call["tool_response"]
        text = response if isinstance(response, str) else line(response)
        asked["tool_response"] = response if len(text) <= RESULT_CHARS else text[:RESULT_CHARS]
    return asked


def ask(asked):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as gate:
        gate.settimeout(SECONDS)
        gate.connect("/run/helm/gate.sock")
        gate.sendall(line(asked).encode("utf-8", "surrogatepass") + b"\n")
        with gate.makefile("rb") as reader:
            return json.loads(reader.readline(MAX_BYTES))


def main():
    before = True
    try:
        call = json.loads(sys.stdin.buffer.read(MAX_BYTES))
        before = call["hook_event_name"] == "PreToolUse"
        asked = question(call)
        try:
            answer = ask(asked)
        except (OSError, ValueError):
            if before:
                raise
            time.sleep(1)
            answer = ask(asked)
        if before and answer["allow"] is not True:
            print(answer["reason"], file=sys.stderr)
            return 2
        output = answer["output"]
        if before and output["hookSpecificOutput"]["permissionDecision"] != "allow":
            return 2
        if output is not None:
            sys.stdout.write(json.dumps(output))
            sys.stdout.flush()
        return 0
    except BaseException as e:
        if not before:
            return 0
        print("Helm's gate cannot be asked: %s" % type(e).__name__, file=sys.stderr)
        return 2


sys.exit(main())
