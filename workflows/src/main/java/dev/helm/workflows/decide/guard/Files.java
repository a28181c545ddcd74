package dev.helm.workflows.decide.guard;

import java.util.regex.Pattern;

/** Reads and writes of files by path: what they mean, and what the command itself put there. */
final class Files {
  private static final int FILES_MAX = 500;

  private static final Pattern ACCOUNTS =
      Pattern.compile(
          "/etc/(passwd|shadow|group|gshadow|sudoers|sudoers\\.d/.*|doas\\.conf|pam\\.d/.*|security/.*|ssh/sshd_config(\\.d/.*)?|login\\.defs|shells|fstab|hosts\\.(allow|deny)|nsswitch\\.conf|polkit-1/.*)");

  private static final Pattern STARTED =
      Pattern.compile(
          "/etc/(cron[^/]*(/.*)?|crontab|systemd/.*|init\\.d/.*|rc\\.local|rc\\d\\.d/.*|profile|profile\\.d/.*|bash\\.bashrc|environment|ld\\.so\\.preload|ld\\.so\\.conf.*|udev/.*|xdg/autostart/.*|inittab|init/.*|update-motd\\.d/.*|apt/apt\\.conf\\.d/.*|logrotate\\.d/.*|modules-load\\.d/.*)"
              + "|/var/spool/cron(/.*)?|/(usr/)?lib/systemd/.*|.*/\\.ssh/(authorized_keys2?|rc|environment|config)"
              + "|.*/\\.config/(autostart|systemd)/.*|.*/library/launch(agents|daemons)/.*|/var/spool/at(/.*)?");

  private static final Pattern START_UP =
      Pattern.compile(
          ".*/\\.(bashrc|bash_profile|bash_login|profile|zshrc|zprofile|zshenv|bash_logout|xinitrc|xprofile|inputrc|vimrc|tmux\\.conf|gitconfig|config/fish/config\\.fish)|.*/\\.git/hooks/[^/]+");

  private static final Pattern PROGRAMS =
      Pattern.compile("/(usr/)?(s?bin|lib(32|64|x32)?)(/.*)?|/boot(/.*)?");

  private static final Pattern LOGS = Pattern.compile("/var/log(/.*)?|/var/run/utmp");

  private Files() {}

  /** What reading this path gives; a credential is a finding. */
  static String read(Walker walker, String path, String who) {
    State state = walker.state();
    String whole = Paths.resolve(state.directory, path);
    String written = state.files.get(whole);
    if (written != null) {
      // What else may have changed it since, such as sed -i, is not followed.
      return walker.strict() ? String.valueOf(Marks.FILE) : written;
    }
    if (Hosts.socket(path)) {
      return String.valueOf(Marks.SOCKET);
    }
    if (Secrets.credential(state.directory, path)) {
      walker
          .findings()
          .block(Family.CREDENTIALS, Marks.shown(path) + " is read by " + Marks.shown(who));
      return String.valueOf(Marks.SECRET);
    }
    if (whole.startsWith("/dev/") && Paths.device(whole)) {
      walker
          .findings()
          .block(
              Family.CONTAINER_ESCAPE, Marks.shown(who) + " reads the device " + Marks.shown(path));
    }
    if (whole.matches("/dev/(u?random|zero|null|full)")) {
      return whole.equals("/dev/null") ? "" : String.valueOf(Marks.DECODED);
    }
    return String.valueOf(Secrets.bulk(state.directory, path) ? Marks.BULK : Marks.FILE);
  }

  /** A file is written whole or added to. */
  static void write(Walker walker, String path, String content, boolean append) {
    State state = walker.state();
    check(walker, path, content, append);
    String whole = Paths.resolve(state.directory, path);
    if (state.files.size() < FILES_MAX && !whole.startsWith("/dev/")) {
      String before = append ? state.files.getOrDefault(whole, "") : "";
      String all = before + content;
      state.files.put(whole, all.length() > 100_000 ? Marks.of(all) + Marks.FILE : all);
    }
  }

  /** What writing this to that path means. */
  static void check(Walker walker, String path, String content, boolean append) {
    Findings findings = walker.findings();
    String whole = meant(Paths.resolve(walker.state().directory, path));
    String shown = Marks.shown(path);
    if (Hosts.socket(path)) {
      if (!Hosts.local(path) && sensitive(content)) {
        findings.block(Family.EXFILTRATION, "File contents go to " + shown);
      }
    } else if (whole.matches(
        "/proc/sys/kernel/(core_pattern|modprobe|hotplug)|.*/(release_agent|uevent_helper|notify_on_release)")) {
      findings.block(Family.CONTAINER_ESCAPE, "It writes to " + shown);
    } else if (whole.equals("/proc/sysrq-trigger")) {
      findings.block(Family.HALT, "It writes to /proc/sysrq-trigger");
    } else if (Paths.device(whole)) {
      findings.block(Family.RAW_WRITE, "It writes to " + shown);
    } else if (ACCOUNTS.matcher(whole).matches()) {
      findings.block(Family.PRIVILEGES, "It writes to " + shown);
    } else if (STARTED.matcher(whole.toLowerCase(java.util.Locale.ROOT)).matches()) {
      started(findings, whole, shown);
    } else if (START_UP.matcher(whole).matches()) {
      startUp(walker, shown, content);
    } else if (PROGRAMS.matcher(whole).matches()) {
      findings.block(Family.PRIVILEGES, "It overwrites " + shown + ", a part of the system");
    } else if (!append && whole.matches("/etc/[^/]+") && !whole.endsWith("/hosts")
        || content.isEmpty() && !append && whole.matches("/(etc|root|srv|opt)/.*")) {
      findings.block(Family.DELETE, "It overwrites " + shown);
    } else if (LOGS.matcher(whole).matches() && !append && content.isBlank()) {
      findings.block(Family.DEFENCES, "It empties " + shown);
    }
  }

  /** What a pattern may mean, tried on the places where a write does most harm. */
  private static String meant(String whole) {
    if (Marks.globbed(whole)) {
      String last = whole.substring(whole.lastIndexOf('/') + 1);
      for (String directory : TARGETS) {
        if (Globs.path(whole, directory) || Globs.path(whole, directory + "/" + last)) {
          return directory.matches(".*(\\.d|system|hourly|daily)") ? directory + "/x" : directory;
        }
      }
    }
    return whole;
  }

  private static final String[] TARGETS =
      ("/etc/passwd /etc/shadow /etc/group /etc/sudoers /etc/sudoers.d /etc/crontab /etc/cron.d /etc/cron.hourly /etc/cron.daily /etc/ld.so.preload /etc/profile /etc/profile.d /etc/systemd/system /etc/pam.d /etc/ssh/sshd_config /proc/sysrq-trigger /proc/sys/kernel/core_pattern /root/.ssh/authorized_keys "
              + Paths.HOME
              + "/.ssh/authorized_keys")
          .split(" ", -1);

  private static void started(Findings findings, String whole, String shown) {
    if (!whole.endsWith("/.ssh/config")) {
      findings.block(Family.PERSISTENCE, "It writes to " + shown);
    }
  }

  /** A line for the shell's start-up file is ordinary; one that does harm later is not. */
  private static void startUp(Walker walker, String shown, String content) {
    Findings probe = new Findings();
    if (Marks.has(content, Marks.DOWNLOAD) || Marks.has(content, Marks.DECODED)) {
      walker.findings().block(Family.PERSISTENCE, "Code from elsewhere is put into " + shown);
      return;
    }
    if (content.matches(
        "(?s).*\\balias\\s+(sudo|su|ssh|git|ls|cd)=.*(curl|wget|nc |/dev/tcp|tee|/tmp/).*")) {
      probe.block(Family.PERSISTENCE, shown);
    }
    Walker later = new Walker(probe);
    later.limits().enter();
    later.script(Marks.known(content) ? content : content.replaceAll("[\uE010-\uE01F]", "x"), "");
    for (String alias : java.util.List.copyOf(later.state().aliases.values())) {
      later.script(alias, "");
    }
    boolean strange =
        later.calls().stream()
            .anyMatch(argv -> argv.get(0).matches("/(var/)?tmp/.*|/dev/shm/.*|.*/\\.[^/.][^/]*"));
    if (strange) {
      probe.block(Family.PERSISTENCE, shown);
    }
    for (String name : java.util.List.copyOf(later.state().functions.keySet())) {
      later.call(name, java.util.List.of(name), "");
    }
    if (probe.found()
        || content.matches(
            "(?s).*(\\bnohup\\b|\\bLD_PRELOAD=|\\bPROMPT_COMMAND=.*(curl|wget|nc)).*")) {
      walker.findings().block(Family.PERSISTENCE, "Code that does harm is put into " + shown);
    }
  }

  /** Whether the text holds what should not leave the machine. */
  static boolean sensitive(String text) {
    return Marks.has(text, Marks.SECRET)
        || Marks.has(text, Marks.ENVIRONMENT)
        || Marks.has(text, Marks.BULK)
        || Marks.has(text, Marks.TOKEN);
  }
}
