package dev.helm.activities.probes;

import static dev.helm.activities.probes.Attack.of;
import static dev.helm.activities.probes.Lacking.CGROUP_NAMESPACE;
import static dev.helm.activities.probes.Lacking.PID_NAMESPACE_AND_RANK;
import static dev.helm.activities.probes.Lacking.RANK;
import static dev.helm.activities.probes.Lacking.SECCOMP;
import static dev.helm.activities.probes.Witness.GROUP_LIMITS;
import static dev.helm.activities.probes.Witness.MOUNTS;

import java.util.List;
import java.util.stream.Stream;

/** Mounts, namespaces, cgroups, settings and rare calls of the kernel. */
final class KernelProbes {
  private static final String TABLE = "the container's mount table, read by the host";
  private static final String CAPS = "no capabilities; seccomp";
  private static final String SECCOMP_ONLY = "seccomp";

  private KernelProbes() {}

  static List<Probe> all() {
    return Stream.of(mounts(), namespaces(), settings(), calls())
        .flatMap(List::stream)
        .map(Attack::probe)
        .toList();
  }

  private static List<Attack> mounts() {
    return List.of(
        of("mount.tmpfs", "mounts a tmpfs", CAPS, RANK).seenBy(TABLE, MOUNTS),
        of("mount.bind-over-etc", "binds its workspace over /etc", CAPS, RANK)
            .seenBy(TABLE, MOUNTS),
        of("mount.remount-root", "makes the root writable", CAPS, RANK).seenBy(TABLE, MOUNTS),
        of("mount.overlay", "lays an overlay over a system folder", CAPS, RANK)
            .seenBy(TABLE, MOUNTS),
        of("mount.proc-again", "mounts /proc again, without masks", CAPS, RANK)
            .seenBy(TABLE, MOUNTS),
        of("mount.umount-sockets", "takes the socket directory away", CAPS, RANK)
            .seenBy(TABLE, MOUNTS)
            .breaksFixture(),
        of("mount.pivot-root", "takes another root", CAPS, RANK),
        of("mount.fsopen", "mounts by fsopen, fsmount and move_mount", CAPS, RANK)
            .seenBy(TABLE, MOUNTS)
            .stoppedBy("EPERM|ENOSYS"),
        of("mount.open-tree", "clones a mount by open_tree", CAPS, RANK)
            .seenBy(TABLE, MOUNTS)
            .stoppedBy("EPERM|ENOSYS"),
        of("mount.setattr", "makes the sockets' mount writable by mount_setattr", CAPS, RANK)
            .seenBy(TABLE, MOUNTS)
            .stoppedBy("EPERM|ENOSYS")
            .breaksFixture());
  }

  private static List<Attack> namespaces() {
    return List.of(
        of("ns.user", "unshares a user namespace", SECCOMP_ONLY, SECCOMP),
        of(
            "ns.user-and-mount",
            "becomes root of a user namespace and mounts",
            SECCOMP_ONLY,
            SECCOMP),
        of("ns.net-mount-pid", "unshares each other namespace", CAPS, RANK),
        of("ns.clone", "clones into a user namespace", SECCOMP_ONLY, SECCOMP),
        of(
                "ns.clone3",
                "the same by clone3, whose flags seccomp cannot read",
                SECCOMP_ONLY,
                SECCOMP)
            .stoppedBy("ENOSYS|EPERM"),
        of(
                "ns.setns-host",
                "enters the mount namespace of a process of the host",
                "pid namespace; " + CAPS,
                PID_NAMESPACE_AND_RANK)
            .readsSecret()
            .stoppedBy("EPERM|EACCES|ENOENT"),
        of("ns.chroot", "goes into a chroot and out again", CAPS, RANK),
        of(
                "cgroup.raise-limits",
                "writes its own limits",
                "read-only cgroup mount; no capabilities",
                RANK)
            .seenBy("limits of its group, read by the host", GROUP_LIMITS)
            .breaksFixture(),
        of(
            "cgroup.leave",
            "makes a cgroup of its own",
            "read-only cgroup mount; no capabilities",
            RANK),
        of(
                "cgroup.release-agent",
                "mounts a cgroup hierarchy and sets its release agent",
                CAPS,
                CGROUP_NAMESPACE)
            .stoppedBy("EPERM|ABSENT"),
        of("cgroup.mount-v2", "mounts cgroup2", CAPS, RANK)
            .seenBy(TABLE, MOUNTS)
            .stoppedBy("EPERM|ENODEV"));
  }

  private static List<Attack> settings() {
    return List.of(
        of(
                "sysctl.core-pattern",
                "has the kernel run a program for core dumps",
                "read-only /proc/sys",
                RANK)
            .seenBy("the setting, read by the host", Witness.file("/proc/sys/kernel/core_pattern"))
            .restores("/proc/sys/kernel/core_pattern")
            .given("corePattern", "core.helm-probe"),
        of("sysctl.vm", "writes a setting of the machine's memory", "read-only /proc/sys", RANK)
            .seenBy("the setting, read by the host", Witness.file("/proc/sys/vm/stat_interval"))
            .restores("/proc/sys/vm/stat_interval")
            .given("statInterval", "3"),
        of("sysctl.net", "turns on forwarding", "read-only /proc/sys", RANK),
        of(
                "sysctl.sysrq",
                "asks by sysrq-trigger (only for help)",
                "read-only /proc/sysrq-trigger",
                RANK)
            .stoppedBy("EROFS|EACCES|ABSENT"),
        of("sys.open-for-writing", "opens files of /sys for writing", "read-only /sys; uid", RANK),
        of("sys.write", "writes a setting in /sys", "read-only /sys; uid", RANK)
            .seenBy(
                "the setting, read by the host", Witness.file("/sys/kernel/mm/ksm/sleep_millisecs"))
            .restores("/sys/kernel/mm/ksm/sleep_millisecs")
            .given("ksmSleep", "21")
            .stoppedBy("EROFS|EACCES|ABSENT"),
        of("proc.kallsyms", "reads the kernel's addresses", "no capabilities", RANK)
            .stoppedBy("all addresses are zero|EACCES|EPERM"),
        of("proc.dmesg", "reads the kernel's log", CAPS, RANK),
        of("proc.kcore", "reads the machine's memory by /proc/kcore", "masked paths; uid", RANK)
            .stoppedBy("EACCES|EPERM|masked|ABSENT"),
        of(
                "proc.masked",
                "reads what the engine masks (/sys/firmware, timer_list, keys)",
                "masked paths",
                RANK)
            .stoppedBy("is empty|EACCES|EPERM|nothing to try"));
  }

  private static List<Attack> calls() {
    return List.of(
        of("call.init-module", "loads a kernel module", CAPS, RANK),
        of("call.kexec", "asks for another kernel", CAPS, RANK),
        of("call.iopl", "asks for all I/O ports", CAPS, RANK),
        of("call.reboot", "restarts (which in a pid namespace ends the container)", CAPS, RANK)
            .seenBy("the container's first process, seen by the host", Witness.LIFE)
            .leavesNoWord()
            .breaksFixture(),
        of("call.bpf", "makes a bpf map", CAPS, RANK),
        of("call.perf-event", "watches a CPU by perf_event_open", CAPS, RANK),
        of("call.userfaultfd", "asks for userfaultfd", SECCOMP_ONLY, SECCOMP),
        of("call.keyring", "puts a key into the kernel's keyring", SECCOMP_ONLY, SECCOMP)
            .stoppedBy("EPERM|ENOSYS"),
        of("call.io-uring", "makes an io_uring", SECCOMP_ONLY, SECCOMP).stoppedBy("EPERM|ENOSYS"),
        of("call.inotify", "takes the watchers that all runs share", SECCOMP_ONLY, SECCOMP)
            .stoppedBy("ENOSYS|EPERM"),
        of(
            "call.message-queue",
            "takes the message queues that all runs share",
            SECCOMP_ONLY,
            SECCOMP),
        of("call.sync", "has all disks of the machine written out", SECCOMP_ONLY, SECCOMP),
        of("call.set-time", "writes to the machine's clock (its error estimate)", CAPS, RANK),
        of("call.sethostname", "takes another host name", CAPS, RANK)
            .seenBy("the host name, read by a second command", Witness.HOSTNAME),
        of("call.swapon", "turns on swap (with a file that is none)", CAPS, RANK),
        of("call.quotactl", "asks for the disk's quotas", CAPS + "; no device nodes", RANK),
        of("call.acct", "has the kernel account into a file", CAPS, RANK),
        of("call.open-by-handle", "opens the host's root by its handle (Shocker)", CAPS, RANK)
            .readsSecret());
  }
}
