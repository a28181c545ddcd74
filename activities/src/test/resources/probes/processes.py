"""Other processes: the executor, the neighbour, and one's own rank."""
import ctypes
import os
import resource
import signal
import time

from kit import Stopped, attack, call, failed, first, in_child, libc, overwrite, read, syscall

PTRACE_ATTACH, PTRACE_DETACH, PTRACE_SEIZE = 16, 17, 0x4206


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def ptrace(request, pid):
    libc.ptrace.restype = ctypes.c_long
    if libc.ptrace(ctypes.c_long(request), ctypes.c_long(pid), None, None) == -1:
        raise failed("ptrace")


def regions(pid):
    for line in open("/proc/%d/maps" % pid):
        words = line.split()
        if words[1].startswith("rw"):
            start, end = (int(x, 16) for x in words[0].split("-"))
            yield start, min(end - start, 32 << 20)


def found(data, secret):
    at = data.find(secret)
    return data[at:at + 80].split(b"\0")[0].decode(errors="replace") if at >= 0 else None


def memory_by(pid, secret, piece):
    seen = 0
    for start, length in regions(pid):
        try:
            data = piece(start, length)
        except OSError as e:
            last = e
            continue
        seen += len(data)
        hit = found(data, secret)
        if hit:
            return hit
    if not seen:
        raise last
    raise Stopped("%d bytes read, without the canary" % seen)


def vm_read(pid, secret):
    def piece(start, length):
        buffer = ctypes.create_string_buffer(length)
        ours, theirs = Vector(ctypes.addressof(buffer), length), Vector(start, length)
        libc.process_vm_readv.restype = ctypes.c_ssize_t
        n = libc.process_vm_readv(pid, ctypes.byref(ours), ctypes.c_ulong(1), ctypes.byref(theirs), ctypes.c_ulong(1), ctypes.c_ulong(0))
        if n < 0:
            raise failed("process_vm_readv")
        return buffer.raw[:n]
    return memory_by(pid, secret, piece)


# The secret is looked for by how it begins, so that the attacker's own memory holds no whole one.
def beginning(given):
    return given["begins"].encode()


@attack("init.ptrace")
def trace_init(_):
    ptrace(PTRACE_ATTACH, 1)
    os.waitpid(1, 0x40000000)
    ptrace(PTRACE_DETACH, 1)
    return "attached to PID 1"


@attack("init.vm-readv")
def init_memory(given):
    return vm_read(1, beginning(given))


@attack("init.proc-mem")
def init_proc_mem(given):
    fd = os.open("/proc/1/mem", os.O_RDWR)
    return memory_by(1, beginning(given), lambda start, length: os.pread(fd, length, start))


@attack("init.environ")
def init_environ(given):
    hit = found(read("/proc/1/environ"), beginning(given))
    if not hit:
        raise Stopped("readable, without the canary")
    return hit


@attack("init.descriptors")
def init_descriptors(_):
    names = os.listdir("/proc/1/fd")
    return "PID 1 has open " + ",".join(os.readlink("/proc/1/fd/" + n) for n in names)


@attack("init.pidfd-getfd")
def getfd(_):
    pidfd = syscall("pidfd_open", 1, 0)
    last = None
    for fd in range(0, 64):
        try:
            mine = syscall("pidfd_getfd", pidfd, fd, 0)
            return "took PID 1's descriptor %d: %s" % (fd, os.readlink("/proc/self/fd/%d" % mine))
        except OSError as e:
            last = last or e
    raise last


@attack("init.root-and-cwd")
def init_root(_):
    return "/proc/1/root holds " + ",".join(sorted(os.listdir("/proc/1/root"))[:3])


@attack("init.write-memory")
def init_write(given):
    fd = os.open("/proc/1/mem", os.O_WRONLY)
    start = next(regions(1))[0]
    os.pwrite(fd, os.pread(os.open("/proc/1/mem", os.O_RDONLY), 8, start), start)
    return "8 bytes of PID 1's memory written"


def executor(given):
    """The executor is PID 1; where it is not, it is what bears its name."""
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != 1:
            try:
                if b"helm-executor" in read("/proc/%s/cmdline" % name).split(b"\0")[0]:
                    return int(name)
            except OSError:
                pass
    return 1


def gone(pid, state="Z"):
    for _ in range(100):
        try:
            stat = open("/proc/%d/stat" % pid).read()
            if stat.rsplit(")", 1)[1].split()[0] in state:
                return True
        except OSError:
            return state == "Z"
        time.sleep(0.01)
    return False


@attack("kill.executor")
def kill_executor(given):
    pid = executor(given)
    os.kill(pid, signal.SIGKILL)
    if not gone(pid):
        raise Stopped("sent, and the executor goes on")
    return "the executor is dead"


@attack("kill.stop-executor")
def stop_executor(given):
    pid = executor(given)
    os.kill(pid, signal.SIGSTOP)
    if not gone(pid, "T"):
        raise Stopped("sent, and the executor goes on")
    return "the executor is stopped"


@attack("kill.every-signal")
def every_signal(given):
    pid = executor(given)
    for number in range(1, 65):
        if number not in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
            try:
                os.kill(pid, number)
            except OSError:
                pass
    if not gone(pid):
        raise Stopped("64 signals sent, and the executor goes on")
    return "the executor is dead"


@attack("kill.all")
def kill_all(given):
    pid = executor(given)
    os.kill(-1, signal.SIGKILL)
    if not gone(pid):
        raise Stopped("sent to -1, and the executor goes on")
    return "the executor is dead"


@attack("neighbour.environ")
def neighbour_environ(given):
    hit = found(read("/proc/%d/environ" % given["neighbourPid"]), beginning(given))
    if not hit:
        raise Stopped("readable, without the canary")
    return hit


@attack("neighbour.memory")
def neighbour_memory(given):
    pid, begins = given["neighbourPid"], beginning(given)

    def by_file(_):
        fd = os.open("/proc/%d/mem" % pid, os.O_RDONLY)
        return memory_by(pid, begins, lambda start, length: os.pread(fd, length, start))
    return first((lambda _: vm_read(pid, begins), by_file), lambda way: way(None))


@attack("neighbour.workspace-by-proc")
def neighbour_cwd(given):
    return open("/proc/%d/cwd/canary.txt" % given["neighbourPid"]).read()


@attack("neighbour.kill")
def kill_neighbour(given):
    os.kill(given["decoyPid"], signal.SIGKILL)
    return "killed"


@attack("neighbour.list")
def neighbour_list(given):
    mine = {int(n) for n in os.listdir("/proc") if n.isdigit()}
    if given["neighbourPid"] not in mine:
        raise Stopped("%d processes to be seen, not the neighbour's" % len(mine))
    return read("/proc/%d/cmdline" % given["neighbourPid"]).replace(b"\0", b" ").decode()


@attack("neighbour.shared-memory")
def sysv(given):
    libc.shmat.restype = ctypes.c_void_p
    segment = call("shmget", given["shmKey"], 0, 0)
    address = libc.shmat(segment, None, 0o10000)
    if address in (None, ctypes.c_void_p(-1).value):
        raise failed("shmat")
    return ctypes.string_at(address, 80).split(b"\0")[0].decode()


@attack("rank.oom-score")
def oom(_):
    return in_child(lambda: overwrite("/proc/self/oom_score_adj", "-1000") or "the kernel kills others first")


@attack("rank.io-priority")
def io_priority(_):
    """First at the disk: the real-time class."""
    return in_child(lambda: "class %d" % (syscall("ioprio_set", 1, 0, 1 << 13) or 1))


@attack("rank.nice")
def nice(_):
    return in_child(lambda: "niceness %d" % os.nice(-10))


@attack("rank.open-file-limit")
def rlimit(_):
    def rise():
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard + 1, hard + 1))
        return "more than %d files" % hard
    return in_child(rise)


@attack("rank.setuid")
def setuid(_):
    def rise():
        os.setresuid(12345, 12345, 12345)
        return "uid %d" % os.getuid()
    return in_child(rise)
