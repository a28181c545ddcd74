package dev.helm.activities.workspace;

import java.io.IOException;

/** A failed system call. */
final class Errno extends IOException {
  private static final long serialVersionUID = 1L;

  static final int ENOENT = 2;
  static final int ENOMEM = 12;
  static final int EACCES = 13;
  static final int EEXIST = 17;
  static final int ENOTDIR = 20;
  static final int ENFILE = 23;
  static final int EMFILE = 24;
  static final int ENOSPC = 28;
  static final int EMLINK = 31;
  static final int ELOOP = 40;
  static final int ENOTEMPTY = 39;
  static final int EDQUOT = 122;

  private final int number;

  Errno(String call, int number) {
    super(call + ": " + name(number));
    this.number = number;
  }

  int number() {
    return number;
  }

  boolean full() {
    return number == ENOSPC || number == EDQUOT;
  }

  /** Whether this process or its machine lacks something, whatever the file is. */
  boolean shortage() {
    return number == EMFILE || number == ENFILE || number == ENOMEM;
  }

  private static String name(int number) {
    return switch (number) {
      case ENOENT -> "no such file or directory";
      case ENOMEM -> "the machine is out of memory";
      case EACCES -> "permission denied";
      case EEXIST -> "it exists already";
      case ENOTDIR -> "not a directory";
      case ENFILE -> "the machine has too many open files";
      case EMFILE -> "this process has too many open files";
      case ENOSPC -> "no space left on the disk";
      case EMLINK -> "it has as many names as a file can have";
      case ELOOP -> "it is a symbolic link";
      case ENOTEMPTY -> "the directory is not empty";
      case EDQUOT -> "the quota is used up";
      default -> "error " + number;
    };
  }
}
