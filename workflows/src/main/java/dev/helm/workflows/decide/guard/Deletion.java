package dev.helm.workflows.decide.guard;

import java.util.List;
import java.util.Map;

/** Deleting, moving away and re-owning what is not the agent's. */
final class Deletion {
  private Deletion() {}

  static void register(Map<String, Programs.Handler> handlers) {
    Programs.register(handlers, Deletion::rm, "rm unlink rmdir srm wipe trash rimraf del");
    Programs.register(handlers, Deletion::shred, "shred");
    Programs.register(handlers, Deletion::mode, "chmod chown chgrp setfacl chattr");
    Programs.register(handlers, Deletion::truncate, "truncate");
  }

  private static String rm(Call call) {
    boolean recursive =
        call.letter('r')
            || call.letter('R')
            || call.has("--recursive")
            || call.name().matches("srm|wipe|trash|rimraf");
    if (call.has("--no-preserve-root")) {
      call.findings().block(Family.DELETE, "rm is told that it may delete the root");
    }
    for (String target : call.operands()) {
      target(call, target, recursive, call.name());
    }
    return "";
  }

  /** One path is deleted. */
  static void target(Call call, String path, boolean recursive, String how) {
    Findings findings = call.findings();
    State state = call.state();
    String shown = how + (recursive && how.equals("rm") ? " -r " : " ") + Marks.shown(path);
    String whole = Paths.resolve(state.directory, path);
    if (whole.matches("/home/agent/\\.(bash|zsh)_history|/root/\\.bash_history|/var/log/[^/]+")) {
      findings.block(Family.DEFENCES, shown + " wipes traces");
      return;
    }
    switch (Paths.place(state.directory, path, recursive)) {
      case VITAL -> findings.block(Family.DELETE, shown);
      case VITAL_IF_EMPTY ->
          findings.ask(Family.DELETE, shown + ", where the variable may be empty,");
      case WORKSPACE ->
          findings.ask(Family.DELETE, shown + " empties the whole workspace; besides,");
      case UNKNOWN, HARMLESS -> {
        if (Secrets.credential(state.directory, path) && !whole.startsWith("/workspace")) {
          findings.block(Family.DELETE, shown);
        }
        state.files.remove(whole);
      }
    }
  }

  private static String shred(Call call) {
    for (String target : call.operands("-n", "-s", "--iterations", "--size", "--random-source")) {
      String whole = Paths.resolve(call.state().directory, target);
      if (Paths.device(whole)) {
        call.findings().block(Family.RAW_WRITE, "shred " + Marks.shown(target));
      } else {
        target(call, target, true, "shred");
      }
    }
    return "";
  }

  private static String truncate(Call call) {
    for (String target : call.operands("-s", "--size", "-r", "--reference")) {
      Files.check(call.walker(), target, "", false);
    }
    for (String size : call.values("-s", "--size")) {
      if (size.matches("\\+?\\d+[TPEZY]B?|\\+?\\d{5,}GB?")) {
        call.findings().block(Family.BOMB, "A file of " + size + " is made");
      }
    }
    return "";
  }

  private static String mode(Call call) {
    boolean recursive = call.letter('R') || call.has("--recursive");
    List<String> operands = call.operands("-m", "-x", "--reference", "--from", "-p");
    String what = operands.isEmpty() ? "" : operands.get(0);
    if (call.name().equals("chmod")) {
      setuid(call, what, operands);
    }
    if (call.name().equals("chattr") && call.arguments().contains("+i")) {
      call.findings().ask(Family.PERSISTENCE, "chattr +i makes a file that cannot be removed");
    }
    List<String> targets =
        operands.size() > 1 && !call.name().equals("setfacl")
            ? operands.subList(1, operands.size())
            : operands;
    for (String target : targets) {
      mode(call, what, target, recursive);
    }
    return "";
  }

  private static void mode(Call call, String what, String target, boolean recursive) {
    Findings findings = call.findings();
    String directory = call.state().directory;
    String whole = Paths.resolve(directory, target);
    String shown = call.name() + (recursive ? " -R " : " ") + Marks.shown(what + " " + target);
    Paths.Place place = Paths.place(directory, target, recursive);
    if (recursive && place == Paths.Place.VITAL) {
      findings.block(Family.PRIVILEGES, shown);
    } else if (recursive && place == Paths.Place.VITAL_IF_EMPTY) {
      findings.ask(Family.PRIVILEGES, shown + ", where the variable may be empty,");
    } else if (whole.matches(
        "/etc/(passwd|shadow|gshadow|group|sudoers.*|ssh/.*|crontab)|/|/(etc|usr|bin|sbin|lib|root|home|var|dev|boot|var/run/docker\\.sock|run/docker\\.sock)|/dev/(sd|nvme|vd|hd|k?mem).*|/(usr/)?s?bin/.*")) {
      findings.block(Family.PRIVILEGES, shown);
    } else if (what.matches("[0-7]*[2367]|.*o[+=].*[rw].*|a[+=].*[rw].*|777")
        && Secrets.credential(directory, target)) {
      findings.block(Family.CREDENTIALS, shown);
    }
  }

  private static void setuid(Call call, String mode, List<String> operands) {
    boolean set =
        mode.matches("0*[4-7][0-7]{3}|.*[+=][rwxXt]*s.*")
            && !mode.matches("g[+=].*s.*|0*[1-3][0-7]{3}");
    if (set || mode.matches("0*2[0-7]{3}") && operands.toString().contains("/bin/")) {
      call.findings()
          .block(
              Family.PRIVILEGES,
              "chmod " + Marks.shown(mode) + " makes a program run with its owner's rights");
    }
  }
}
