package dev.helm.workflows.decide.guard;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Paths that stand as constants in code: by what is done to them, as far as that can be seen. */
final class CodePaths {
  /** Before a path that is only looked at. */
  private static final Pattern LOOKS =
      Pattern.compile(
          "(?s).*(?:exists\\w*|isfile|isdir|is_file|file\\?|exist\\?|stat\\w*|access\\w*|basename|dirname|islink|getsize|==|!=)\\s*\\(?\\s*(?:Path\\(\\s*)?");

  /** Before and behind a path that is only read. */
  private static final Pattern READS =
      Pattern.compile(
          "(?s).*(?:[rR]ead\\w*|file_get_contents|io\\.lines|\\bfile|foreach|loadtxt|getline\\s*<|\\bload\\w*)\\s*\\(?\\s*");

  private static final Pattern OPENS =
      Pattern.compile("(?s).*(?:\\bopen|fopen|File\\.(?:open|new)|Path)\\s*\\(?\\s*");
  private static final Pattern READ_BEHIND =
      Pattern.compile(
          "(?s)\\s*(?:,\\s*(?:encoding\\s*=\\s*)?['\"](?:r[bt]?|<|utf-?8)['\"][^)]{0,40})?\\)(?!\\.(?:write|touch|open\\(\\s*['\"][wa])).*|(?s)\\s*;.*");
  private static final Pattern WRITES =
      Pattern.compile(
          "[wW]rite|append|['\"][wax]b?\\+?['\"]|['\"]r\\+|put_contents|O_WRONLY|O_RDWR|O_APPEND|copy|>>|touch|['\"]>|\\bcp\\b|rename|move|symlink|print\\s+\\$?\\w+\\s+['\"]");

  private CodePaths() {}

  static void judge(Call call, String code) {
    List<String> texts = new ArrayList<>();
    List<String> written = new ArrayList<>();
    boolean writes = WRITES.matcher(code).find();
    boolean sends = Code.SENDS.matcher(code).find();
    Matcher literal = Pattern.compile(Folding.LITERAL).matcher(code);
    while (literal.find()) {
      String text = Code.home(Folding.inside(literal.toMatchResult(), 1));
      String before = code.substring(Math.max(0, literal.start() - 40), literal.start());
      String behind = code.substring(literal.end(), Math.min(code.length(), literal.end() + 60));
      String path = text.replaceFirst("^\\+?[<>]{1,2}\\s*", "");
      if (path.matches("[^\\n;|&()<>]{1,200}")
          && (path.startsWith("/") || path.contains("/.") || path.startsWith("."))) {
        if (!LOOKS.matcher(before).matches()) {
          used(call, path, sends);
          if (path.startsWith("/var/log/") && behind.matches("(?s)\\s*,\\s*['\"]w.*")) {
            Files.check(call.walker(), path, "", false);
          }
          if (writes && !reads(before, behind) || !path.equals(text) && text.startsWith(">")) {
            written.add(path);
          }
        }
      } else if (text.length() > 4) {
        texts.add(text);
      }
    }
    String content = String.join("\n", texts);
    if (Evaluation.DOWNLOADS.matcher(code).find()) {
      content += Marks.DOWNLOAD;
    }
    for (String path : written) {
      Files.check(
          call.walker(), path, content.isEmpty() ? String.valueOf(Marks.FILE) : content, true);
    }
  }

  private static boolean reads(String before, String behind) {
    return READS.matcher(before).matches()
        || OPENS.matcher(before).matches() && READ_BEHIND.matcher(behind).matches();
  }

  private static void used(Call call, String path, boolean sends) {
    Findings findings = call.findings();
    String directory = call.state().directory;
    if (Secrets.credential(directory, path)) {
      findings.block(Family.CREDENTIALS, "The code opens " + Marks.shown(path));
    }
    if (path.startsWith("/dev/") && Paths.device(path)) {
      findings.block(Family.RAW_WRITE, "The code opens the device " + Marks.shown(path));
    }
    if (path.matches(".*(docker|containerd|podman|crio)\\.sock")) {
      Containers.socket(call, path);
    }
    if (sends && (Secrets.bulk(directory, path) || Secrets.dotEnv(directory, path))) {
      findings.block(Family.EXFILTRATION, "The code sends " + Marks.shown(path));
    }
  }
}
