package dev.helm.workflows.decide.guard;

import java.util.regex.Pattern;

/** Code that starts processes or fills files without end. */
final class CodeLoops {
  private static final String ENDLESS =
      "(?:while\\s*\\(?\\s*(?:1|True|true|!0|:)?\\s*\\)|while\\s+(?:1|True|true|:)\\b|loop\\s*(?:do|\\{)|for\\s*\\(\\s*;\\s*;\\s*\\)|until\\s+false|iter\\(int,\\s*1\\)|itertools\\.(?:count|cycle|repeat)\\(|\\bredo\\b|set(?:Interval|Immediate)\\()";
  private static final String STARTS =
      "\\b(?:\\w*fork|child_process|Process\\.spawn|spawn|Popen|Process\\()";

  private static final Pattern FORKS =
      Pattern.compile(
          "(?s)"
              + ENDLESS
              + ".{0,80}"
              + STARTS
              + "|\\bfork\\b[^;]{0,12}\\bwhile\\b[^;]{0,12}\\bfork\\b|\\bfork\\s+while\\b|while\\s*\\(?\\s*[\\w.]*fork|spawn\\(process\\.argv"
              + "|\\b\\w*fork\\(?\\)?[^;\\n]{0,30}(?:iter\\(int,\\s*1\\)|itertools\\.(?:count|cycle|repeat)\\(|\\bredo\\b)"
              + "|\\b\\w*fork\\(?\\)?\\s+(?:while|until)\\s+(?:1|true)|\\b1\\s+while\\s+\\w*fork");

  /** A function that starts itself anew in another process. */
  private static final Pattern SELF =
      Pattern.compile(
          "(?s)(?:\\bdef|\\bfunction|\\bsub)\\s+(\\w+).{0,160}(?:\\w*fork\\b|Process\\(\\s*target\\s*=|Thread\\(\\s*target\\s*=|\\bspawn\\b).{0,80}?\\b\\1\\b.{0,80}\\b\\1\\b"
              + "|(?:fork|spawn|Popen|execFile)\\w*\\(\\s*\\[?(?:__filename|__file__|process\\.argv\\[[01]\\]|sys\\.argv\\[0\\]|\\$0\\b)");

  /** Ends, waits or answers: an ordinary loop. */
  private static final Pattern ENDS =
      Pattern.compile(
          "\\b(?:break|sleep|return|exit|last|raise|throw|read\\w*|recv|accept|get|wait|communicate|join|next|poll|input)\\b");

  private static final Pattern FILLS =
      Pattern.compile("(?s)" + ENDLESS + ".{0,60}\\b(?:write\\w*|print|fwrite|puts|append\\w*)\\b");

  private static final Pattern GROWS =
      Pattern.compile(
          "(?s)"
              + ENDLESS
              + ".{0,40}(?:\\.(?:append|push|extend|concat|repeat)\\(|<<|\\+=|\\*=)[^;\\n]{0,60}(?:\\*\\s*\\d|\\*\\*|1e\\d|\\.alloc|repeat|\\bx\\s*\\d)");

  private CodeLoops() {}

  static void judge(Call call, String code) {
    if (FORKS.matcher(code).find() || SELF.matcher(code).find()) {
      call.findings().block(Family.BOMB, "The code starts processes without end");
    }
    if (code.matches("(?s).*(['\"][wa]b?\\+?['\"]|appendFile|WriteStream|['\"]>).*")
        && FILLS.matcher(code).find()
        && !ENDS.matcher(code).find()) {
      call.findings().block(Family.BOMB, "The code fills a file without end");
    }
    if (GROWS.matcher(code).find() && !ENDS.matcher(code).find()) {
      call.findings().block(Family.BOMB, "The code fills the memory without end");
    }
  }
}
