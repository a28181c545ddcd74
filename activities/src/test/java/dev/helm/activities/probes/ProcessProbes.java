package dev.helm.activities.probes;

import static dev.helm.activities.probes.Attack.of;
import static dev.helm.activities.probes.Lacking.HIDDEN_INIT;
import static dev.helm.activities.probes.Lacking.INIT;
import static dev.helm.activities.probes.Lacking.PID_NAMESPACE;
import static dev.helm.activities.probes.Lacking.RANK;
import static dev.helm.activities.probes.Witness.EXECUTOR;

import java.util.List;
import java.util.stream.Stream;

/** Attacks on the executor, on the neighbour's processes, and on one's own rank. */
final class ProcessProbes {
  private static final String HIDDEN = "the executor is not dumpable";
  private static final String SEEN = "state of the executor, read by the host";

  private ProcessProbes() {}

  static List<Probe> all() {
    return Stream.of(init(), kills(), neighbour(), rank())
        .flatMap(List::stream)
        .map(Attack::probe)
        .toList();
  }

  private static List<Attack> init() {
    return List.of(
        of("init.ptrace", "traces the executor", HIDDEN, HIDDEN_INIT),
        of("init.vm-readv", "reads the executor's memory by process_vm_readv", HIDDEN, HIDDEN_INIT)
            .readsSecret(),
        of("init.proc-mem", "reads it by /proc/1/mem", HIDDEN, HIDDEN_INIT).readsSecret(),
        of("init.write-memory", "writes it", HIDDEN, HIDDEN_INIT),
        of("init.environ", "reads its environment", HIDDEN, HIDDEN_INIT).readsSecret(),
        of("init.descriptors", "looks at its open files", HIDDEN, HIDDEN_INIT),
        of(
            "init.pidfd-getfd",
            "takes one of them by pidfd_getfd",
            HIDDEN + "; seccomp",
            HIDDEN_INIT),
        of("init.root-and-cwd", "goes by /proc/1/root", HIDDEN, HIDDEN_INIT));
  }

  private static List<Attack> kills() {
    String pid1 = "the executor is PID 1, with a handler for every signal";
    return List.of(
        of("kill.executor", "kills the executor", pid1, INIT)
            .seenBy(SEEN, EXECUTOR)
            .breaksFixture()
            .stoppedBy("goes on"),
        of("kill.stop-executor", "stops it", pid1, INIT)
            .seenBy(SEEN, EXECUTOR)
            .breaksFixture()
            .stoppedBy("goes on"),
        of("kill.every-signal", "sends it every signal", pid1, INIT)
            .seenBy(SEEN, EXECUTOR)
            .breaksFixture()
            .stoppedBy("goes on"),
        of("kill.all", "kills all that it can (kill -9 -1)", pid1, INIT)
            .seenBy(SEEN, EXECUTOR)
            .breaksFixture()
            .stoppedBy("goes on|ESRCH"));
  }

  private static List<Attack> neighbour() {
    String own = "pid namespace";
    return List.of(
        of("neighbour.list", "looks for the neighbour's process", own, PID_NAMESPACE)
            .stoppedBy("not the neighbour's"),
        of("neighbour.environ", "reads the neighbour's environment", own, PID_NAMESPACE)
            .readsSecret()
            .stoppedBy("ENOENT"),
        of("neighbour.memory", "reads the neighbour's memory", own, PID_NAMESPACE)
            .readsSecret()
            .stoppedBy("ENOENT|ESRCH"),
        of(
                "neighbour.workspace-by-proc",
                "reads the neighbour's workspace by /proc",
                own,
                PID_NAMESPACE)
            .readsSecret()
            .stoppedBy("ENOENT"),
        of("neighbour.kill", "kills a process of another container", own, PID_NAMESPACE)
            .seenBy("that process, seen by the host", Witness.DECOY)
            .stoppedBy("ESRCH"),
        of(
                "neighbour.shared-memory",
                "attaches another container's shared memory",
                "IPC namespace",
                Lacking.OWN_IPC)
            .readsSecret()
            .stoppedBy("ENOENT"));
  }

  private static List<Attack> rank() {
    return List.of(
        of("rank.oom-score", "has the kernel kill others before it", "no capabilities", RANK)
            .needs("SYS_RESOURCE"),
        of(
            "rank.io-priority",
            "comes first at the disk (real-time class)",
            "no capabilities",
            RANK),
        of("rank.nice", "takes a better place in the queue", "no capabilities", RANK),
        of("rank.open-file-limit", "raises its hard limit of open files", "no capabilities", RANK)
            .needs("SYS_RESOURCE")
            .stoppedBy("not allowed|EPERM|exceeds"),
        of("rank.setuid", "becomes another user", "no capabilities; uid", RANK));
  }
}
