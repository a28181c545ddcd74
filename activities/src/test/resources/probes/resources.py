"""More than one's share: processes, memory, files, disk, output, time."""
import errno
import mmap
import os
import resource
import signal
import sys
import time

from kit import Stopped, attack


@attack("share.processes")
def processes(given):
    """Forks sleepers until it is refused, or until it has as many as it wants."""
    children = []
    try:
        while len(children) < given["most"]:
            try:
                pid = os.fork()
            except OSError as e:
                raise Stopped("%s after %d processes" % (errno.errorcode[e.errno], len(children))) from e
            if pid == 0:
                time.sleep(60)
                os._exit(0)
            children.append(pid)
        return "%d processes" % len(children)
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        for pid in children:
            os.waitpid(pid, 0)


@attack("share.memory")
def memory(given):
    held = mmap.mmap(-1, given["mib"] << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for at in range(0, given["mib"] << 20, 4096):
        held[at] = 1
    return "%d MiB touched" % given["mib"]


def fill(folder, mib):
    piece = bytes(1 << 20)
    written = 0
    path = folder + "/fill"
    try:
        with open(path, "wb", buffering=0) as f:
            while written < mib:
                try:
                    f.write(piece)
                except OSError as e:
                    raise Stopped("%s after %d MiB" % (errno.errorcode[e.errno], written)) from e
                written += 1
        return "%d MiB in %s" % (written, folder)
    finally:
        if os.path.exists(path):
            os.unlink(path)


@attack("share.tmp")
def tmp(given):
    return fill("/tmp", given["mib"])


@attack("share.shm")
def shm(given):
    return fill("/dev/shm", given["mib"])


@attack("share.disk")
def disk(given):
    """Takes blocks without writing them, so that the attack is quick and the machine's disk is not worn."""
    taken, paths = 0, []
    try:
        while taken < given["mib"]:
            path = "/workspace/fill%d" % len(paths)
            fd = os.open(path, os.O_CREAT | os.O_RDWR)
            paths.append(path)
            try:
                os.posix_fallocate(fd, 0, 256 << 20)
            except OSError as e:
                raise Stopped("%s after %d MiB" % (errno.errorcode[e.errno], taken)) from e
            finally:
                os.close(fd)
            taken += 256
        return "%d MiB in the workspace" % taken
    finally:
        for path in paths:
            os.unlink(path)


@attack("share.inodes")
def inodes(given):
    os.makedirs("/workspace/many", exist_ok=True)
    made = 0
    try:
        for made in range(given["files"]):
            try:
                os.close(os.open("/workspace/many/%d" % made, os.O_CREAT | os.O_WRONLY))
            except OSError as e:
                raise Stopped("%s after %d files" % (errno.errorcode[e.errno], made)) from e
        return "%d files in the workspace" % (made + 1)
    finally:
        for n in range(made + 1):
            try:
                os.unlink("/workspace/many/%d" % n)
            except FileNotFoundError:
                pass


@attack("share.descriptors")
def descriptors(given):
    held = []
    while len(held) < given["most"]:
        try:
            held.append(os.open("/dev/null", os.O_RDONLY))
        except OSError as e:
            raise Stopped("%s after %d files" % (errno.errorcode[e.errno], len(held))) from e
    return "%d open files" % len(held)


@attack("share.cpu")
def cpu(given):
    """Burns on several processes for a while; the time that they got is what counts."""
    began, start = time.monotonic(), os.times()
    pids = []
    for _ in range(given["processes"]):
        pid = os.fork()
        if pid == 0:
            while time.monotonic() - began < given["seconds"]:
                pass
            os._exit(0)
        pids.append(pid)
    for pid in pids:
        os.waitpid(pid, 0)
    end = os.times()
    used = end.children_user + end.children_system - start.children_user - start.children_system
    share = used / (time.monotonic() - began)
    if share <= given["allowed"]:
        raise Stopped("%.2f of a CPU" % share)
    return "%.2f of a CPU" % share


@attack("share.flood")
def flood(given):
    piece = given.get("byte", "\0").encode() * (1 << 16)
    for _ in range(given["mib"] << 4):
        sys.stdout.buffer.write(piece)
    sys.stdout.flush()
    return "%d MiB written" % given["mib"]


@attack("share.drip")
def drip(given):
    """One byte now and then, for longer than the command has."""
    for _ in range(given["seconds"] * 10):
        sys.stdout.write(".")
        sys.stdout.flush()
        time.sleep(0.1)
    return "dripped to the end"


@attack("share.zombies")
def zombies(given):
    """Children whose parent is gone before they end."""
    for _ in range(given["count"]):
        if os.fork() == 0:
            if os.fork() == 0:
                time.sleep(0.3)
                os._exit(0)
            os._exit(0)
        os.wait()
    time.sleep(0.5)
    return "%d orphans ended" % given["count"]


def ignore_signals():
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


def beat():
    """Shows the witness that something still runs."""
    while True:
        with open("/workspace/beat", "a") as f:
            f.write(".")
        time.sleep(0.02)


@attack("stay.daemon")
def daemon(_):
    if os.fork() == 0:
        os.setsid()
        if os.fork() != 0:
            os._exit(0)
        ignore_signals()
        for fd in 0, 1, 2:
            os.close(fd)
        beat()
    os.wait()
    time.sleep(0.2)
    return "a daemon was left behind"


@attack("stay.fork-racer")
def racer(_):
    """A daemon that is a new process every moment, so that no list of processes ever holds it."""
    if os.fork() == 0:
        os.setsid()
        ignore_signals()
        for fd in 0, 1, 2:
            os.close(fd)
        n = 0
        while True:
            if os.fork() != 0:
                os._exit(0)
            os.setsid()
            n += 1
            if n % 20 == 0:
                with open("/workspace/beat", "a") as f:
                    f.write(".")
            time.sleep(0.001)
    os.wait()
    time.sleep(0.2)
    return "a racing daemon was left behind"


@attack("stay.past-deadline")
def stubborn(_):
    ignore_signals()
    if os.fork() == 0:
        os.setsid()
        beat()
    beat()
