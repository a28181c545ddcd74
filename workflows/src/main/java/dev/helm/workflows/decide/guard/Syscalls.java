package dev.helm.workflows.decide.guard;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Code that speaks to the kernel or the container engine directly. */
final class Syscalls {
  private static final Pattern FOREIGN =
      Pattern.compile(
          "ctypes|\\bCDLL\\b|\\bcffi\\b|\\bffi\\b|Fiddle|\\bDL\\b|syscall|dlopen|\\bFFI\\b|koffi|os\\.(?:setns|unshare|pidfd)");
  private static final Pattern CALLS =
      Pattern.compile(
          "\\b(reboot|kexec_(?:file_)?load|mount|umount2?|setns|unshare|ptrace|chroot|pivot_root|(?:f?init|delete)_module|process_vm_(?:readv|writev)|iopl|ioperm|swapoff|mknod|bpf|open_by_handle_at|sethostname)\\b\\s*[(,\\])'\"]");
  private static final Pattern NUMBER = Pattern.compile("\\bsyscall\\b\\s*\\(?\\s*(\\d+)?");
  private static final Pattern ENGINE =
      Pattern.compile(
          "docker\\.(?:from_env|DockerClient|APIClient)|(?:require\\(['\"]dockerode['\"]\\)|Docker::Container|podman\\.PodmanClient)");
  private static final Pattern MACHINE =
      Pattern.compile(
          "privileged['\"]?\\s*[=:]>?\\s*[Tt]rue|['\"]/(?:etc|root|var/run/docker\\.sock)?/?:/|pid_mode\\s*=\\s*['\"]host|PidMode['\"]?\\s*[:=]\\s*['\"]host|cap_add|CapAdd");

  private Syscalls() {}

  static void judge(Call call, String code) {
    Findings findings = call.findings();
    if (FOREIGN.matcher(code).find()) {
      Matcher calls = CALLS.matcher(code);
      if (calls.find()) {
        String name = String.valueOf(calls.group(1));
        findings.block(
            name.startsWith("reboot") || name.startsWith("kexec")
                ? Family.HALT
                : Family.CONTAINER_ESCAPE,
            "The code calls the kernel's " + name);
      }
      Matcher number = NUMBER.matcher(code);
      if (number.find() && code.matches("(?s).*\\bsyscall\\b\\s*[( ]?\\s*[\\w$].*")) {
        numbered(findings, number.group(1));
      }
    }
    if (MACHINE.matcher(code).find()
        && (ENGINE.matcher(code).find() || code.contains("/containers/create"))) {
      findings.block(
          Family.CONTAINER_ESCAPE, "The code starts a container with the machine's own rights");
    }
    if (code.matches(
        "(?s).*\\bAF_UNIX\\b.*\\bconnect\\(\\s*(?!['\"])[^)\\n]*(argv|environ|input)\\b.*")) {
      findings.unclear("The code connects to a socket that cannot be told");
    }
  }

  /** Numbers of x86-64: reading and writing by number is odd, the rest is not asked for. */
  private static void numbered(
      Findings findings, @org.jspecify.annotations.Nullable String number) {
    if (number == null) {
      findings.unclear("The code calls the kernel by a number that cannot be told");
      return;
    }
    switch (number) {
      case "169", "246", "320" -> findings.block(Family.HALT, "The code stops the machine");
      case "101",
          "155",
          "161",
          "165",
          "166",
          "172",
          "173",
          "175",
          "176",
          "272",
          "308",
          "310",
          "311",
          "313" ->
          findings.block(
              Family.CONTAINER_ESCAPE, "The code calls the kernel by the number " + number);
      case "186", "39", "24", "318", "96", "201", "228" -> {}
      default -> findings.unclear("The code calls the kernel by the number " + number);
    }
  }
}
