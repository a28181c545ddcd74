package dev.helm.workflows.decide.guard;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;

/** Where a path leads, by name alone: the guard looks at no file system. */
final class Paths {
  /** Stands for the agent's home, however it is spelled. */
  static final String HOME = "/home/agent";

  private static final Set<String> SYSTEM =
      Set.of(
          ("bin boot dev etc lib lib32 lib64 libx32 opt proc root run sbin srv sys usr var home mnt media")
              .split(" ", -1));

  /** Below these nothing may go, at any depth. */
  private static final Set<String> VITAL =
      Set.of(("bin boot dev lib lib32 lib64 libx32 proc sbin sys").split(" ", -1));

  private static final Set<String> HOME_TREASURE =
      Set.of(
          ("documents desktop pictures downloads music videos library .ssh .gnupg .aws .config .kube .local projects work src")
              .split(" ", -1));

  /** How much a deletion there would hurt. */
  enum Place {
    /** Below the workspace or a temp directory, or too deep elsewhere to matter. */
    HARMLESS,
    /** The whole workspace. */
    WORKSPACE,
    /** The root, system directories, homes, anything beside the workspace. */
    VITAL,
    /** Vital if a variable is empty. */
    VITAL_IF_EMPTY,
    /** Cannot be told. */
    UNKNOWN
  }

  private Paths() {}

  /** Absolute and without {@code .} and {@code ..}; unknown parts stay in it. */
  static String resolve(String directory, String path) {
    String whole = path.startsWith("/") ? path : directory + "/" + path;
    Deque<String> names = new ArrayDeque<>();
    for (String name : whole.split("/", -1)) {
      if (name.equals("..")) {
        names.pollLast();
      } else if (!name.isEmpty() && !name.equals(".")) {
        names.addLast(name);
      }
    }
    return "/" + String.join("/", names);
  }

  /** What it means to delete this, {@code recursive} with all that is below. */
  static Place place(String directory, String path, boolean recursive) {
    if (path.isEmpty()) {
      return Place.HARMLESS;
    }
    if (Marks.has(path, Marks.VARIABLE)) {
      String empty = path.replace(String.valueOf(Marks.VARIABLE), "");
      if (Marks.known(empty) && path.indexOf('/') >= 0 && empty.startsWith("/")) {
        return rooted(directory, empty) ? Place.VITAL_IF_EMPTY : Place.HARMLESS;
      }
      return Place.UNKNOWN;
    }
    char first = path.charAt(0);
    if (Marks.unknown(first)) {
      return Place.UNKNOWN;
    }
    String whole = resolve(directory, path);
    return absolute(whole, recursive);
  }

  /** The root itself, or all that is in it. */
  private static boolean rooted(String directory, String path) {
    String whole = resolve(directory, path);
    return whole.equals("/") || whole.lastIndexOf('/') == 0 && all(whole.substring(1));
  }

  private static Place absolute(String whole, boolean recursive) {
    String[] names = whole.equals("/") ? new String[0] : whole.substring(1).split("/", -1);
    if (names.length == 0 || Marks.unknown(names[0].charAt(0))) {
      return Place.VITAL;
    }
    boolean all = all(names[names.length - 1]);
    int depth = all ? names.length - 1 : names.length;
    String top = names[0].toLowerCase(java.util.Locale.ROOT);
    if (all && depth == 0) {
      return Place.VITAL;
    }
    if (top.equals("workspace")) {
      return depth == 1 && recursive ? Place.WORKSPACE : Place.HARMLESS;
    }
    if (top.equals("tmp")) {
      return names.length == 1 && recursive ? Place.VITAL : Place.HARMLESS;
    }
    if (whole.equals(HOME) || whole.startsWith(HOME + "/")) {
      return home(names, depth, recursive);
    }
    if (Marks.globbed(names[0])) {
      return recursive || depth > 1 ? Place.VITAL : Place.UNKNOWN;
    }
    if (VITAL.contains(top)) {
      return whole.startsWith("/dev/shm/") || whole.equals("/dev/null")
          ? Place.HARMLESS
          : Place.VITAL;
    }
    if (!SYSTEM.contains(top)) {
      return depth == 1 && recursive ? Place.VITAL : Place.HARMLESS;
    }
    return system(top, names, depth, recursive);
  }

  private static Place home(String[] names, int depth, boolean recursive) {
    if (depth <= 2) {
      return recursive ? Place.VITAL : Place.HARMLESS;
    }
    return depth == 3
            && recursive
            && HOME_TREASURE.contains(names[2].toLowerCase(java.util.Locale.ROOT))
        ? Place.VITAL
        : Place.HARMLESS;
  }

  /** How deep a deletion below a system directory still breaks the system. */
  private static Place system(String top, String[] names, int depth, boolean recursive) {
    String second = names.length > 1 ? names[1] : "";
    return switch (top) {
      case "etc", "home" -> vital(depth <= 2);
      case "usr" ->
          vital(
              switch (second) {
                case "local" -> depth <= 3;
                case "share" -> depth <= 2;
                default -> true;
              });
      case "root", "opt", "run" -> vital(recursive && depth <= 1);
      case "var" -> vital(recursive && depth <= (second.matches("tmp|cache") ? 2 : 3));
      default -> vital(recursive && depth <= 2);
    };
  }

  private static Place vital(boolean is) {
    return is ? Place.VITAL : Place.HARMLESS;
  }

  /** A last name that means everything in the directory, such as {@code *} or {@code .[!.]*}. */
  private static boolean all(String name) {
    return Marks.globbed(name)
        && name.chars().noneMatch(c -> Character.isLetterOrDigit((char) c) && c < 0xE000);
  }

  /** A disk or memory device: writing there goes past the file system. */
  static boolean device(String path) {
    return path.matches(
            "/dev/(r?disk\\d.*|sd[a-z\uE001-\uE003].*|hd[a-z\uE001-\uE003].*|vd[a-z\uE001-\uE003].*|xvd[a-z].*|nvme.*|mmcblk.*|mapper/.*|dm-.*|md\\d.*"
                + "|loop\\d.*|mem|kmem|port|root|block/.*|nbd\\d.*|zd\\d.*|vg.*/.*|disk/.*|mtd.*|sr\\d|\uE001)")
        || path.matches("/proc/(kcore|kmem|sysrq-trigger)|/proc/sys/.*|/sys/.*");
  }
}
