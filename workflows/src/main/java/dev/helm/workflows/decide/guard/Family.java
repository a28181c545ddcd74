package dev.helm.workflows.decide.guard;

import java.util.Locale;

/** Kinds of danger, each with why it is one and what to do instead. */
public enum Family {
  /** No danger. */
  NONE("", ""),
  /** rm -rf / and its equals. */
  DELETE(
      "it would delete or move what lies outside the workspace",
      "Delete single files or directories below /workspace by name."),
  /** mkfs, partition tools. */
  DISK(
      "it would destroy a disk's file systems",
      "Work on an image file in the workspace if you need a file system."),
  /** Writes to devices and kernel files. */
  RAW_WRITE(
      "it would write past the file system to a device or into the kernel",
      "Write to a file in the workspace."),
  /** Fork bombs and endless fills. */
  BOMB(
      "it would use up processes, memory or disk without end", "Give the loop or the file an end."),
  /** Shells for somebody outside. */
  REVERSE_SHELL(
      "it would hand a shell or its input to another machine",
      "Nothing the task needs requires that; say what you want to reach."),
  /** Keys, tokens, password files. */
  CREDENTIALS("it would read keys, tokens or passwords", "Ask the person for what the task needs."),
  /** curl | sh and its equals. */
  DOWNLOAD_TO_SHELL(
      "it would run code from the network that nobody has read",
      "Download to a file, read it, then say what you want to run."),
  /** Secrets or files sent out. */
  EXFILTRATION(
      "it would send secrets or files to another machine",
      "Ask the person to send what is needed."),
  /** Keys, cron jobs, start-up files. */
  PERSISTENCE(
      "it would leave something behind that runs or lets somebody in later",
      "Do the work within this run."),
  /** Ways out of a container. */
  CONTAINER_ESCAPE(
      "it would reach from the container to the machine below", "Stay within the container."),
  /** Shut-down and mass kills. */
  HALT("it would stop the machine or every process", "End single processes by their id."),
  /** Users, sudo, setuid, system files. */
  PRIVILEGES(
      "it would change who may do what on this system", "Work with the rights that you have."),
  /** Firewalls, logs, history. */
  DEFENCES(
      "it would switch off protections or wipe traces", "Leave logs and protections as they are."),
  /** Only the program's name cannot be told: mostly a variable of the environment. */
  UNKNOWN_PROGRAM(
      "which program would run cannot be told from the command", "Write the program's name out."),
  /** Code for a shell or an interpreter cannot be told. */
  UNCLEAR(
      "what would run cannot be told from the command", "Write the command out in plain words.");

  private final String why;
  private final String instead;

  Family(String why, String instead) {
    this.why = why;
    this.instead = instead;
  }

  /** As scripts read it, for example {@code download-to-shell}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  String reason(String seen) {
    return seen + ": " + why + ". " + instead;
  }
}
