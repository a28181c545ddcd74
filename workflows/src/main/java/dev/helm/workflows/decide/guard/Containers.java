package dev.helm.workflows.decide.guard;

import java.util.List;
import java.util.Map;

/** Ways from a container to the machine below. */
final class Containers {
  private Containers() {}

  static void register(Map<String, Programs.Handler> handlers) {
    Programs.register(
        handlers, Containers::engine, "docker podman nerdctl ctr crictl runc crun buildah lxc lxd");
    Programs.register(handlers, Containers::kubectl, "kubectl oc k3s helm3");
    Programs.register(handlers, Containers::nsenter, "nsenter");
    Programs.register(handlers, Containers::unshare, "unshare bwrap");
    Programs.register(handlers, Containers::chroot, "chroot");
    Programs.register(handlers, Containers::mount, "mount umount pivot_root fusermount");
    Programs.register(
        handlers, Containers::escape, "deepce cdk amicontained linpeas linpeas.sh deepce.sh botb");
  }

  /** The engine's socket gives root on the machine. */
  static void socket(Call call, String path) {
    if (path.matches(".*/(docker|containerd|crio|podman|cri-dockerd|buildkitd)[^/]*\\.sock.*")) {
      call.findings()
          .block(
              Family.CONTAINER_ESCAPE,
              "The container engine's socket " + Marks.shown(path) + " is used");
    }
  }

  private static String engine(Call call) {
    Findings findings = call.findings();
    if (call.argv().contains("exec")) {
      for (String argument : call.arguments()) {
        if (argument.startsWith("/") && Secrets.credential("/workspace", argument)) {
          findings.block(
              Family.CREDENTIALS, Marks.shown(argument) + " is read in another container");
        }
      }
    }
    for (int i = 1; i < call.argv().size(); i++) {
      String word = call.argv().get(i);
      String next = i + 1 < call.argv().size() ? call.argv().get(i + 1) : "";
      String volume =
          word.matches("-v|--volume|--mount|--device|-H|--host")
              ? next
              : word.matches("(?s)(--volume|--mount|--device|--host|-H|-v)=?.+")
                  ? word.replaceFirst("^(--volume|--mount|--device|--host|-H|-v)=?", "")
                  : "";
      String source =
          volume
              .replaceFirst("(?s)^(type=bind,)?(.*?,)?(src|source)=", "")
              .replaceFirst("(?s)[:,].*$", "");
      socket(call, volume);
      if (word.matches("-H|--host|-H=?.*|--host=.*")) {
        continue;
      }
      String option = word.contains("=") ? word : word + "=" + next;
      if (word.equals("--privileged")
          || word.equals("--privileged=true")
          || option.matches("--(pid|ipc|uts|userns|network|net|cgroupns)=host")
              && !option.matches("--(network|net)=host")
          || option.matches(
              "--cap-add=(ALL|SYS_ADMIN|SYS_PTRACE|SYS_MODULE|CAP_SYS_ADMIN|DAC_READ_SEARCH|all)")
          || option.matches("--security-opt=(seccomp|apparmor)[=:]unconfined")) {
        findings.block(
            Family.CONTAINER_ESCAPE,
            call.name() + " starts a container with " + Marks.shown(option));
      } else if (!source.isEmpty()
          && (source.equals("/")
              || source.matches(
                  "/(etc|root|var|var/run|run|home|proc|sys|dev|boot|usr|bin|var/lib|var/lib/docker|dev/[a-z]+\\w*)/?"))) {
        findings.block(
            Family.CONTAINER_ESCAPE,
            call.name() + " puts " + Marks.shown(source) + " of the machine into a container");
      }
    }
    return Tools.printed(call);
  }

  private static String kubectl(Call call) {
    String all = String.join(" ", call.arguments());
    if (all.matches("(?s).*(hostPID|hostNetwork|\"privileged\"\\s*:\\s*true|hostPath).*")) {
      call.findings()
          .block(Family.CONTAINER_ESCAPE, "kubectl starts a pod with the machine's own rights");
    } else if (all.matches(
        "(?s).*\\bget\\s+(secrets?|secret/\\S+)\\b.*((-o|--output)[= ]?(yaml|json)\\b|template|\\.data).*|(?s).*config view .*--raw.*|(?s).*create token.*")) {
      call.findings().block(Family.CREDENTIALS, "kubectl prints secrets");
    }
    int dashes = call.argv().indexOf("--");
    if (dashes > 0 && call.argv().contains("exec")) {
      return call.from(dashes + 1);
    }
    return Tools.printed(call);
  }

  private static String nsenter(Call call) {
    if (!call.has("--help", "--version", "-V", "-h")) {
      call.findings().block(Family.CONTAINER_ESCAPE, "nsenter enters another process's namespaces");
    }
    return "";
  }

  private static String unshare(Call call) {
    if (call.has("--help", "--version", "-V")) {
      return "";
    }
    call.findings()
        .block(
            Family.CONTAINER_ESCAPE,
            call.name() + " makes namespaces in which the agent has root's rights");
    return call.name().equals("unshare") ? call.from(Wrappers.inner("unshare", call.argv())) : "";
  }

  private static String chroot(Call call) {
    List<String> operands = call.operands();
    if (!operands.isEmpty()) {
      String root = Paths.resolve(call.state().directory, operands.get(0));
      if (!root.startsWith("/workspace") && !root.startsWith("/tmp")) {
        call.findings()
            .block(Family.CONTAINER_ESCAPE, "chroot into " + Marks.shown(operands.get(0)));
      }
    }
    return call.from(Wrappers.inner("chroot", call.argv()));
  }

  private static String mount(Call call) {
    boolean looks =
        call.operands("-t", "-o", "--types", "-O").isEmpty() && !call.has("-a", "--all")
            || call.has("--help", "-V", "-l");
    if (!looks && !call.name().equals("fusermount")) {
      call.findings().block(Family.CONTAINER_ESCAPE, Marks.shown(String.join(" ", call.argv())));
    }
    return String.valueOf(Marks.OUTPUT);
  }

  private static String escape(Call call) {
    call.findings()
        .block(Family.CONTAINER_ESCAPE, call.name() + " looks for ways out of the container");
    return "";
  }
}
