package dev.helm.workflows.decide.guard;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What code does to all that it lists: files of a directory, processes. And calls that are a shell
 * command under another name: they are judged as that command.
 */
final class Sweeps {
  private static final String LIT = Folding.LITERAL;

  /** Lists a directory, or goes through a list of constants; the first constant is the root. */
  private static final Pattern LISTS =
      Pattern.compile(
          "(?:\\b(?:walk|fwalk|listdir|scandir|i?glob|globSync|rglob|readdirSync|readdir|opendirSync|opendir|finddepth|find|ftw|\\w*DirectoryIterator|FilesystemIterator|lfs\\.dir|each_child|children|entries|foreach|Pathname(?:\\.new)?|popen)\\b|\\bDir\\[|\\bDir\\.\\w+)"
              + "[^;\\n]{0,90}?"
              + LIT
              + "|\\bPath\\(\\s*"
              + LIT
              + "\\s*\\)\\.(?:i?glob|rglob|iterdir|walk)|(?:\\bin|=)\\s*[\\[(]\\s*"
              + LIT
              + "|[\\[(]\\s*"
              + LIT
              + "[^\\])\\n]{0,200}[\\])]\\.(?:each|forEach|map)\\b|\\bfor\\w*\\s*(?:my\\s*)?\\$?\\w*\\s*\\(\\s*"
              + LIT
              + "|<(/[^>\\n]{1,80})>");

  private static final Pattern DELETES =
      Pattern.compile(
          "\\b(?:os\\.(?:remove|unlink|rmdir|removedirs|truncate|rename|replace)|shutil\\.(?:rmtree|move)|rmtree|remove_tree|rm_rf|rm_r|rm_f|remove_entry\\w*|remove_dir|rmSync|unlinkSync|rmdirSync|truncateSync|(?:fs|promises)\\.(?:rm|unlink|rmdir)|File\\.(?:delete|unlink|truncate|rename)|FileUtils\\.\\w*(?:rm|remove|mv)\\w*|unlink|rmdir|rename)\\b"
              + "|\\.(?:unlink|rmdir|rmtree|delete|rm)\\s*(?:\\(\\s*\\)|\\)|\\s*\\})|&:(?:delete|unlink|rmtree)|['\"](?:/bin/)?rm['\"]\\s*,\\s*['\"]-");

  private static final Pattern MOVES = Pattern.compile("\\bchdir\\b\\s*\\(?\\s*" + LIT);
  private static final Pattern KILLS =
      Pattern.compile(
          "\\w*[kK]ill\\w*\\s*(?:\\(|\\s[^;\\n])|\\.terminate\\(|\\.send_signal\\(|['\"](?:/bin/)?kill['\"]\\s*,\\s*['\"]-");
  private static final Pattern PROCESSES =
      Pattern.compile(
          "['\"(<{]/proc/?(?:\\*|\\[[0-9\\\\d]|\\d*\\?|['\")>}])|psutil\\.(?:process_iter|pids)|['\"`]\\s*(?:ps\\s+-?\\w|pgrep\\s+(?:\\.|-v))|['\"]ps['\"]\\s*,\\s*['\"]-?\\w|\\.\\.\\s*\\d{4,}|<=?\\s*\\d{4,}|range\\([^)]*\\d{4,}");
  private static final Pattern NARROWS =
      Pattern.compile(
          "(?<!base)name\\(|\\bname\\b|cmdline|/comm\\b|exe\\(|/status|info\\[|username|ppid|getpid|\\.pid\\b");
  private static final Pattern EVERY_PROCESS =
      Pattern.compile(
          "\\w*[kK]ill\\w*\\s*\\(?\\s*[^\\n;)]{0,20}(?:(?<![\\w])-1\\b|-9\\W{1,4}-1)|\\w*kill\\w*\\(\\s*1\\s*,|Process\\.kill\\([^,()\\n]{1,12},\\s*1\\s*\\)");

  private Sweeps() {}

  static void judge(Call call, String code) {
    equals(call, code);
    Matcher moved = MOVES.matcher(code);
    while (moved.find()) {
      String directory = Code.home(Folding.inside(moved.toMatchResult(), 1));
      boolean deletes = DELETES.matcher(code).find() || code.matches("(?s).*['\"]rm\\b.*");
      if (deletes
          && Paths.place(call.state().directory, directory, true) == Paths.Place.VITAL
          && !directory.equals("/tmp")) {
        call.findings()
            .block(Family.DELETE, "The code goes to " + Marks.shown(directory) + " and deletes");
      }
    }
    if (DELETES.matcher(code).find()) {
      for (String root : roots(code)) {
        Paths.Place place = Paths.place(call.state().directory, Code.home(root), true);
        if (place == Paths.Place.VITAL) {
          call.findings()
              .block(Family.DELETE, "The code deletes what it finds in " + Marks.shown(root));
        } else if (place == Paths.Place.WORKSPACE && !root.contains(".")) {
          call.findings()
              .ask(
                  Family.DELETE, "The code deletes what it finds in the whole workspace; besides,");
        }
      }
    }
    boolean all =
        KILLS.matcher(code).find()
            && PROCESSES.matcher(code).find()
            && !NARROWS.matcher(code.replace("psutil.process_iter", "")).find();
    if (all || EVERY_PROCESS.matcher(code).find()) {
      call.findings().block(Family.HALT, "The code ends every process");
    }
  }

  private static List<String> roots(String code) {
    List<String> roots = new ArrayList<>();
    Matcher lists = LISTS.matcher(code);
    while (lists.find() && roots.size() < 20) {
      for (int group = 1; group <= lists.groupCount(); group++) {
        String root = lists.group(group);
        if (root != null && root.length() < 200) {
          roots.add(
              root.replaceFirst("^(?:ls|find)\\s+(?:-\\w+\\s+)*", "").replaceFirst("\\s.*", ""));
        }
      }
    }
    roots.removeIf(root -> !root.startsWith("/") && !root.startsWith("~"));
    return roots;
  }

  /** A call and the command that does the same; {@code 1} and {@code 2} are its constants. */
  private record Equal(Pattern call, List<String> command) {}

  private static Equal equal(String names, int operands, String... command) {
    StringBuilder pattern = new StringBuilder("(?<![\\w$-])(?:" + names + ")\\s*\\(?\\s*");
    for (int i = 0; i < operands; i++) {
      pattern.append(i == 0 ? "(?:\\[\\s*)?" : "\\s*(?:,|=>)\\s*").append(LIT);
    }
    return new Equal(Pattern.compile(pattern.toString()), List.of(command));
  }

  private static final List<Equal> EQUALS =
      List.of(
          equal(
              "os\\.re(?:name|place)|shutil\\.move|(?:\\w+\\.)*rename(?:Sync)?|File\\.rename|FileUtils\\.mv",
              2,
              "mv",
              "1",
              "2"),
          equal(
              "shutil\\.copy\\w*|(?:\\w+\\.)*(?:copyFile|cp)(?:Sync)?|FileUtils\\.(?:cp|copy|install)\\w*|copy",
              2,
              "cp",
              "-r",
              "1",
              "2"),
          equal(
              "os\\.symlink|(?:\\w+\\.)*symlink(?:Sync)?|File\\.(?:symlink|link)|FileUtils\\.ln\\w*|os\\.link",
              2,
              "ln",
              "-s",
              "1",
              "2"),
          equal(
              "os\\.truncate|(?:\\w+\\.)*truncate(?:Sync)?|File\\.truncate",
              1,
              "truncate",
              "-s",
              "0",
              "1"),
          equal("(?:\\w+\\.)*chroot|Dir\\.chroot", 1, "chroot", "1"),
          equal("(?:os\\.|fs\\.|File\\.)?l?chown(?:Sync)?", 1, "chown", "x", "1"),
          equal("(?:os\\.|File\\.)mknod|os\\.mkfifo", 1, "truncate", "-s", "0", "1"));

  /** Mode first or path first. */
  private static final Pattern CHMOD =
      Pattern.compile(
          "\\b(?:\\w+\\.)*chmod(?:Sync|_R)?\\s*\\(?\\s*(?:(?:0o?)?([0-7]{3,5})\\s*,\\s*"
              + LIT
              + "|"
              + LIT
              + "\\s*,\\s*(?:0o?)?([0-7]{3,5}))|\\bPath\\(\\s*"
              + LIT
              + "\\s*\\)\\.chmod\\(\\s*(?:0o?)?([0-7]{3,5})");

  private static void equals(Call call, String code) {
    for (Equal equal : EQUALS) {
      Matcher found = equal.call().matcher(code);
      while (found.find()) {
        String first = Code.home(Folding.inside(found.toMatchResult(), 1));
        String second =
            found.groupCount() > 2 ? Code.home(Folding.inside(found.toMatchResult(), 3)) : "";
        Programs.judge(
            call.with(
                equal.command().stream()
                    .map(word -> word.equals("1") ? first : word.equals("2") ? second : word)
                    .toList(),
                ""));
      }
    }
    Matcher mode = CHMOD.matcher(code);
    while (mode.find()) {
      String bits = mode.group(1);
      String path = bits == null ? "" : Folding.inside(mode.toMatchResult(), 2);
      if (bits == null && mode.group(6) != null) {
        bits = mode.group(6);
        path = Folding.inside(mode.toMatchResult(), 4);
      } else if (bits == null) {
        bits = String.valueOf(mode.group(9));
        path = Folding.inside(mode.toMatchResult(), 7);
      }
      Programs.judge(call.with(List.of("chmod", bits, Code.home(path)), ""));
    }
  }
}
