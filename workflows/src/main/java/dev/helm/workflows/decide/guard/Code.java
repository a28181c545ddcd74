package dev.helm.workflows.decide.guard;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Looks through other languages' code for shell commands, paths and calls that do harm. */
final class Code {
  private static final String SPACE = "\\s*";

  /** Calls whose first argument is a shell command or a program. */
  private static final Pattern COMMAND_CALL =
      Pattern.compile(
          "(?:\\b(?:system|popen[234]?|getoutput|getstatusoutput|check_output|check_call|call|run|Popen|shell_exec|passthru|proc_open|pcntl_exec|exec[lv]p?e?|execSync|execFileSync|execFile|spawnSync|spawnl?v?p?e?|exec|qx|execute|IO\\.popen|Open3\\.\\w+|create_subprocess_shell|do shell script|startProcess|ProcessBuilder|pty\\.spawn|spawn))"
              + SPACE
              + "\\(?"
              + SPACE
              + "(?:\\[|\\bList\\.of\\()?"
              + SPACE
              + Folding.LITERAL
              + "((?:"
              + SPACE
              + ","
              + SPACE
              + Folding.LITERAL
              + "){0,12})");

  private static final Pattern BACKTICKS =
      Pattern.compile(
          "`([^`\\n]{1,2000})`|%x[({\\[]([^)}\\]\\n]{1,2000})[)}\\]]|qx[/{(|]([^/})|\\n]{1,2000})[/})|]");
  private static final Pattern PIPED_OPEN =
      Pattern.compile(
          "\\bopen\\s*\\(?[^;\\n]{0,60}?['\"]-?\\|-?['\"]?\\s*,?\\s*['\"]?([^'\"\\n]{2,400})['\"]");
  private static final Pattern AWK_RUN =
      Pattern.compile(
          "system\\s*\\(\\s*\"((?:[^\"\\\\]|\\\\.)*)\"|\"((?:[^\"\\\\]|\\\\.)*)\"\\s*\\|&?\\s*getline|\\|&?\\s*\"((?:[^\"\\\\]|\\\\.)*)\"");

  private static final Pattern TREE_DELETE =
      Pattern.compile(
          "(?:os\\.rename|shutil\\.move|renameSync|rmtree|rm_rf|rm_r|remove_tree|remove_entry_secure|rmSync|rmdirSync|removeSync|rimraf(?:\\.sync)?|remove_dir_all|deltree|rmdir_s|remove_entry|rm)"
              + SPACE
              + "\\(?"
              + SPACE
              + "(?:\\[)?(?:os\\.path\\.expanduser\\()?(?:pathlib\\.)?(?:Path\\()?"
              + Folding.LITERAL);
  private static final Pattern FILE_DELETE =
      Pattern.compile(
          "(?:os\\.(?:remove|unlink|rmdir|removedirs)|unlinkSync|fs\\.unlink|File\\.delete|FileUtils\\.rm(?:_f)?|\\bunlink)"
              + SPACE
              + "\\(?"
              + SPACE
              + Folding.LITERAL);
  private static final Pattern WRITE =
      Pattern.compile(
          "(?:\\bopen|File\\.open|fopen|io\\.open)"
              + SPACE
              + "\\(?"
              + SPACE
              + "(?:os\\.path\\.expanduser\\()?"
              + Folding.LITERAL
              + "\\)?"
              + SPACE
              + ",[^)]{0,40}['\"]?(?:[rwa]b?\\+|[wax]b?\\b|O_WRONLY|O_RDWR|>)");
  private static final Pattern WHOLE_WRITE =
      Pattern.compile(
          "(?:writeFileSync|appendFileSync|writeFile|file_put_contents|File\\.write|IO\\.write|os\\.open|createWriteStream|os\\.truncate|truncateSync|Path)"
              + SPACE
              + "\\("
              + SPACE
              + Folding.LITERAL
              + "(?!\\)\\.(?:read|exists|is_|iter|glob|stat|name))[^\\n]{0,60}");

  private static final Pattern RETRIEVED =
      Pattern.compile(
          "(?:urlretrieve|download|copyToFile)\\([^,()]{1,300},"
              + SPACE
              + "(?:filename=)?"
              + Folding.LITERAL);

  private static final Pattern CONNECTS =
      Pattern.compile(
          "socket\\.socket|socket\\(\\w*(PF|AF)_INET|TCPSocket|fsockopen|stream_socket_client|net\\.(connect|Socket|createConnection)|IO::Socket|Socket::INET|TCPClient|socket\\.connect|create_connection|/inet/tcp/|use Socket|\\bsocket\\s+-?\\w|require\\(.net.\\)|Deno\\.connect|java\\.net\\.Socket|luasocket|require.?\\(?['\"]socket['\"]|\\.tcp\\(\\)|pfsockopen|/dev/tcp/");
  private static final Pattern RUNS =
      Pattern.compile(
          "dup2|pty\\.spawn|subprocess|os\\.system|popen|/bin/(ba|da|z|k)?sh|['\"](ba|da|z)?sh['\"]|cmd\\.exe|\\bexec\\b|spawn|open\\s*\\(?\\s*STDIN|STDIN->fdopen|proc_open|shell_exec|passthru|system|\\$<|execute");
  private static final Pattern ENDLESS_FORK =
      Pattern.compile(
          "(?s)(while\\s*\\(?\\s*(1|True|true|!0|:)\\s*\\)?|loop\\s*(do|\\{)|for\\s*\\(\\s*;\\s*;\\s*\\)|until\\s+false).{0,80}\\b(\\w*fork|child_process|Process\\.spawn|spawn|Popen|Process\\()|\\bfork\\b[^;]{0,12}\\bwhile\\b[^;]{0,12}\\bfork\\b|\\bfork\\s+while\\b|while\\s*\\(?\\s*fork|spawn\\(process\\.argv");
  private static final Pattern SECRET_NAME =
      Pattern.compile(
          "(?i)(environ|getenv|process\\.env|ENV|\\$_ENV|\\$_SERVER)\\W{0,4}(get\\(|fetch\\()?['\"{(\\[]{0,3}\\w*(SECRET|PASSW|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|TOKEN)\\w*");
  private static final Pattern PRINTS =
      Pattern.compile("\\b(print|puts|console\\.log|echo|printf|say|write|p)\\b");
  private static final Pattern DOWNLOADS =
      Pattern.compile(
          "urlopen|urlretrieve|requests\\.(get|post)|urllib|http\\.get|https\\.get|\\bfetch\\(|LWP|open-uri|URI\\.open|Net::HTTP|file_get_contents\\(\\s*['\"]https?:|httpx|curl_exec|HTTP::Tiny|axios|DownloadString|Invoke-WebRequest|\\biwr\\b|\\birm\\b");
  private static final Pattern SENDS =
      Pattern.compile(
          "requests\\.(post|put)|urlopen|http\\.client|fetch\\(|\\.request\\(|sendall|\\.send\\(|Net::HTTP|smtplib|httpx\\.(post|put)|axios\\.post");
  private static final Pattern EVALUATES =
      Pattern.compile(
          "\\b(exec|eval|instance_eval|class_eval|Function|vm\\.runIn\\w+|compile|runInThisContext|loadstring|load|IEX|Invoke-Expression|iex)\\s*[( ]|\\(eval\\)");
  private static final Pattern HIDES =
      Pattern.compile(
          "b64decode|fromhex|unhexlify|decompress|marshal\\.loads|rot_?13|base64_decode|decode64|decode_base64|atob\\(|fromCharCode|hex2bin|unpack|gzinflate|str_rot13|frombase64|chr\\(|\\btr/|\\by/|\\['__import__'\\]|getattr\\(__import__|__builtins__|importlib\\.import_module\\([^'\"]");

  private Code() {}

  static void judge(Call call, String language, String code) {
    if (Opaque.judge(call.walker(), code)) {
      return;
    }
    String folded = Folding.fold(code);
    files(call, folded);
    if (language.equals("awk")) {
      if (code.contains("/inet/")) {
        call.findings().block(Family.REVERSE_SHELL, "awk opens a connection");
      }
      awk(call, code);
    } else {
      commands(call, language, folded);
    }
    dangers(call, language, folded);
    evaluated(call, language, code, folded);
  }

  private static final Pattern PRINTED =
      Pattern.compile(
          "\\s*(?:import [\\w., ]+[;\n]\\s*)?(?:print|puts|echo|console\\.log|say|printf|(?:process|sys)\\.stdout\\.write|\\$stdout\\.write|io\\.write)?\\s*\\(?\\s*"
              + Folding.LITERAL
              + "\\s*\\)?\\s*;?\\s*");

  /** What code that only prints a constant prints, else null. */
  static @org.jspecify.annotations.Nullable String printed(String code) {
    Matcher matcher = PRINTED.matcher(Folding.fold(code));
    return matcher.matches() ? Folding.inside(matcher.toMatchResult(), 1) + "\n" : null;
  }

  private static void awk(Call call, String code) {
    Matcher matcher = AWK_RUN.matcher(code);
    while (matcher.find()) {
      for (int group = 1; group <= 3; group++) {
        String command = matcher.group(group);
        if (command != null) {
          call.walker().shell(Escapes.ansi(command, true), List.of(), call.input());
        }
      }
    }
  }

  private static void commands(Call call, String language, String code) {
    Matcher matcher = COMMAND_CALL.matcher(code);
    int found = 0;
    while (matcher.find() && ++found <= 50) {
      String first = Folding.inside(matcher.toMatchResult(), 1);
      List<String> words = new ArrayList<>(List.of(first));
      Matcher rest = Pattern.compile(Folding.LITERAL).matcher(String.valueOf(matcher.group(3)));
      while (rest.find()) {
        words.add(Folding.inside(rest.toMatchResult(), 1));
      }
      boolean evaluates =
          matcher.group().startsWith("exec")
              && !language.matches(
                  "node|nodejs|bun|deno|ruby|jruby|perl|php|tsx|ts-node|lua|luajit|tclsh|expect");
      if (evaluates && !matcher.group().matches("(?s)exec[lv].*")) {
        continue;
      }
      if (words.size() > 1 && !first.contains(" ")) {
        if (!first.matches("\\w+=?|.*:")) {
          Programs.run(call.with(words, ""));
        } else {
          Programs.run(call.with(words, ""));
        }
        if (first.equals(words.get(1)) && words.size() > 2) {
          Programs.run(call.with(words.subList(1, words.size()), ""));
        }
      } else {
        call.walker().shell(first, List.of(), "");
      }
    }
    if (language.matches("expect|tclsh|wish")) {
      Matcher spawn =
          Pattern.compile("(?:^|[;\\n{\\[])\\s*(?:spawn|exec)\\s+([^\\n;\\]]+)").matcher(code);
      while (spawn.find()) {
        call.walker().shell(String.valueOf(spawn.group(1)), List.of(), "");
      }
    }
    if (language.matches("perl|ruby|jruby|php")) {
      Matcher ticks = BACKTICKS.matcher(code);
      while (ticks.find() && ++found <= 50) {
        String command =
            ticks.group(1) != null
                ? ticks.group(1)
                : ticks.group(2) != null ? ticks.group(2) : ticks.group(3);
        call.walker().shell(String.valueOf(command), List.of(), "");
      }
      Matcher piped = PIPED_OPEN.matcher(code);
      if (piped.find()) {
        call.walker().shell(String.valueOf(piped.group(1)), List.of(), "");
      }
    }
  }

  private static void files(Call call, String code) {
    String directory = call.state().directory;
    Matcher tree = TREE_DELETE.matcher(code);
    while (tree.find()) {
      Deletion.target(
          call, home(Folding.inside(tree.toMatchResult(), 1)), true, "the code's delete of");
    }
    Matcher single = FILE_DELETE.matcher(code);
    while (single.find()) {
      Deletion.target(
          call, home(Folding.inside(single.toMatchResult(), 1)), false, "the code's delete of");
    }
    char content = DOWNLOADS.matcher(code).find() ? Marks.DOWNLOAD : Marks.FILE;
    for (Pattern pattern : List.of(WRITE, WHOLE_WRITE, RETRIEVED)) {
      Matcher write = pattern.matcher(code);
      while (write.find()) {
        Files.write(
            call.walker(),
            home(Folding.inside(write.toMatchResult(), 1)),
            String.valueOf(content),
            true);
      }
    }
    Matcher literal = Pattern.compile(Folding.LITERAL).matcher(code);
    while (literal.find()) {
      String text = home(Folding.inside(literal.toMatchResult(), 1));
      if (text.length() < 200
          && (text.startsWith("/") || text.indexOf("/.") >= 0 || text.startsWith("."))
          && Secrets.credential(directory, text)) {
        call.findings().block(Family.CREDENTIALS, "The code opens " + Marks.shown(text));
      }
      if (text.startsWith("/dev/") && Paths.device(text)) {
        call.findings().block(Family.RAW_WRITE, "The code opens the device " + Marks.shown(text));
      }
      if (text.matches(".*(docker|containerd)\\.sock")) {
        Containers.socket(call, text);
      }
    }
    if (code.matches(
        "(?s).*(rmtree|rm_rf|rm_r|rmSync|remove_tree|removeSync)\\W{0,3}[^)\\n]{0,30}(Path\\.home\\(\\)|homedir\\(\\)|Dir\\.home|environ\\W{1,7}HOME|ENV\\W{1,4}HOME).{0,3}\\).*")) {
      call.findings().block(Family.DELETE, "The code deletes the home directory");
    }
    if (code.matches(
        "(?s).*\\.ssh['\"]?\\s*[/,]\\s*['\"]id_.*|(?s).*\\.aws['\"]?\\s*[/,]\\s*['\"]credentials.*")) {
      call.findings().block(Family.CREDENTIALS, "The code opens a key in the home directory");
    }
  }

  private static String home(String path) {
    return path.startsWith("~/") || path.equals("~")
        ? Paths.HOME + path.substring(1)
        : path.replace("$HOME", Paths.HOME).replace("*", String.valueOf(Marks.STAR));
  }

  private static void dangers(Call call, String language, String code) {
    Findings findings = call.findings();
    if (CONNECTS.matcher(code).find()
        && RUNS.matcher(code).find()
        && (!language.equals("awk") || code.contains("/inet/"))) {
      boolean obeys =
          code.matches("(?s).*\\b(recv|receive|read|readline|gets|on\\(.data.)\\b.*")
              && code.matches("(?s).*\\b(send|sendall|write|puts|print)\\b.*")
              && !code.matches("(?s).*\\b(HTTP/1|GET /).*");
      boolean shell =
          obeys
              || code.matches(
                  "(?s).*(dup2|pty\\.spawn|/bin/|['\"](ba|da|z)?sh\\b|STDIN|cmd\\.exe|exec|proc_open|/inet/).*");
      if (shell) {
        findings.block(Family.REVERSE_SHELL, "The code joins a connection and a shell");
      }
    }
    if (ENDLESS_FORK.matcher(code).find()) {
      findings.block(Family.BOMB, "The code starts processes without end");
    }
    if (code.matches("(?s).*\\bkill\\b[^\\n;]{0,20}(-1\\b|-9\\W{1,4}-1|9\\s*,\\s*-1).*")) {
      findings.block(Family.HALT, "The code ends every process");
    }
    if (code.matches("(?s).*chmod\\w*\\(?[^)\\n]{0,60}\\b0?o?[4-7][0-7]{3}\\b.*")) {
      findings.block(Family.PRIVILEGES, "The code makes a program run with its owner's rights");
    }
    if (Hosts.metadata(code)) {
      findings.block(Family.CREDENTIALS, "The code asks the cloud's metadata address");
    }
    if (SECRET_NAME.matcher(code).find()
        && PRINTS.matcher(code).find()
        && !SENDS.matcher(code).find()) {
      findings.block(Family.CREDENTIALS, "The code prints a secret environment variable");
    }
    if (code.matches(
            "(?s).*(environ\\b(?!\\s*(\\[|\\.get|\\.setdefault|\\.copy|\\.pop|\\.update))|process\\.env\\b(?!\\s*[.\\[])|ENV\\.to_h|%ENV).*")
        && SENDS.matcher(code).find()) {
      findings.block(Family.EXFILTRATION, "The code sends all environment variables");
    }
    if (code.matches("(?s).*os\\.walk\\(\\s*['\"]/['\"].*")
        && code.matches("(?s).*\\b(remove|unlink|rmtree)\\b.*")) {
      findings.block(Family.DELETE, "The code deletes below the root");
    }
  }

  private static void evaluated(Call call, String language, String code, String folded) {
    boolean evaluates = EVALUATES.matcher(code).find();
    if (evaluates && DOWNLOADS.matcher(code).find()) {
      call.findings().block(Family.DOWNLOAD_TO_SHELL, "The code runs what it downloads");
      return;
    }
    boolean runs = COMMAND_CALL.matcher(folded).find();
    if (DOWNLOADS.matcher(code).find()
        && code.matches(
            "(?s).*(os\\.system|subprocess\\.\\w+|system|popen|execSync|exec|shell_exec|passthru)\\s*\\(\\s*(\\w+\\.)*(urlopen|requests|urllib|get|fetch|file_get_contents|URI).*")) {
      call.findings().block(Family.DOWNLOAD_TO_SHELL, "The code runs what it downloads");
    }
    Matcher literal =
        Pattern.compile(
                "\\b(?:exec|eval|compile|Function|loadstring|load)\\s*\\(?\\s*" + Folding.LITERAL)
            .matcher(folded);
    while (evaluates && literal.find() && call.walker().limits().depth() < 6) {
      String inner = Folding.inside(literal.toMatchResult(), 1);
      call.walker().limits().enter();
      judge(call, language, inner);
      call.walker().limits().leave();
    }
    boolean hidden = HIDES.matcher(folded).find();
    boolean unknown =
        folded.matches(
            "(?s).*\\b(exec|eval|system|popen|os\\.system|subprocess\\.\\w+|execSync|Function)\\s*\\(\\s*[^'\"\\s)\\[].*");
    if (hidden
        && unknown
        && (evaluates
            || runs
            || folded.matches("(?s).*(os\\.system|subprocess|popen|execSync|system\\().*"))) {
      call.findings().unclear("The code runs text that it decodes first");
    }
  }
}
