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
              + "\\[?"
              + SPACE
              + Folding.LITERAL
              + "){0,12})");

  private static final Pattern BACKTICKS =
      Pattern.compile(
          "`([^`\\n]{1,2000})`|%x[({\\[]([^)}\\]\\n]{1,2000})[)}\\]]|qx[/{(|]([^/})|\\n]{1,2000})[/})|]");
  private static final Pattern PIPED_OPEN =
      Pattern.compile(
          "\\bopen\\s*\\(?[^;\\n]{0,60}?['\"]-?\\|-?['\"]?\\s*,?\\s*['\"]?([^'\"\\n]{2,400})['\"]");
  private static final Pattern TREE_DELETE =
      Pattern.compile(
          "(?:os\\.rename|shutil\\.move|renameSync|rmtree|rm_rf|rm_r|remove_tree|remove_entry_secure|rmSync|rmdirSync|removeSync|rimraf(?:\\.sync)?|remove_dir_all|deltree|rmdir_s|remove_entry|RemoveAll|delete-directory|delete-file|delete|deleteDirectory|deleteRecursively|Files\\.delete\\w*|remove_file|rm)"
              + SPACE
              + "\\(?"
              + SPACE
              + "(?:\\[)?(?:os\\.path\\.expanduser\\()?(?:pathlib\\.)?(?:Path\\()?"
              + Folding.LITERAL);

  /** Where words need no quotes. */
  private static final Pattern BARE_DELETE =
      Pattern.compile(
          "(?i)\\b(?:file delete|Remove-Item|Clear-Content|ri|rd|del|rm)\\s+([^;|\\n}]+)");

  /** Stores of passwords and keys. */
  private static final Pattern STORES =
      Pattern.compile(
          "keyring\\.get_|get_credentials\\(|get_secret_value|get_frozen_credentials|access_secret_version|SecItemCopyMatching|CryptUnprotectData");

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
          "socket\\.socket|socket\\(\\w*(PF|AF)_INET|TCPSocket|fsockopen|stream_socket_client|net\\.(connect|Socket|createConnection)|IO::Socket|Socket::INET|TCPClient|socket\\.connect|create_connection|open_connection|socket\\(\\w*,?\\s*(PF|AF)_INET|zsh/net/tcp|/inet/tcp/|use Socket|\\bsocket\\s+-?\\w|require\\(.net.\\)|Deno\\.connect|java\\.net\\.Socket|luasocket|require.?\\(?['\"]socket['\"]|\\.tcp\\(\\)|pfsockopen|/dev/tcp/");
  private static final Pattern RUNS =
      Pattern.compile(
          "dup2|pty\\.spawn|subprocess|create_subprocess|os\\.system|popen|/bin/(ba|da|z|k)?sh|['\"](ba|da|z)?sh['\"]|cmd\\.exe|\\bexec\\b|spawn|open\\s*\\(?\\s*STDIN|STDIN->fdopen|proc_open|shell_exec|passthru|system|\\$<|execute|`[^`\\n]*(#\\{|\\$)");
  private static final Pattern SECRET_NAME =
      Pattern.compile(
          "(?i)(environ|getenv|process\\.env|ENV|\\$_ENV|\\$_SERVER)\\W{0,4}(get\\(|fetch\\()?['\"{(\\[]{0,3}\\w*(SECRET|PASSW|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|TOKEN)\\w*");
  private static final Pattern PRINTS =
      Pattern.compile("\\b(print|puts|console\\.log|echo|printf|say|write|p)\\b");

  /** Every variable, and those picked whose names say that they are secrets. */
  private static final Pattern PICKS_SECRETS =
      Pattern.compile(
          "(?is)(?:environ\\.(?:items|keys|copy)|in (?:os\\.)?environ\\b|Object\\.(?:entries|keys|values|fromEntries)\\([^;]{0,40}process\\.env\\b|in process\\.env\\b|in ENVIRON\\b|\\bENV\\.(?:each|select|to_h|map|filter|find|keys|values)|[%@]ENV\\b|keys\\s*%ENV|getenv\\(\\)|\\$_(?:ENV|SERVER)\\b).{0,160}(?:SECRET|TOKEN|KEY['\"/|)]|API_?KEY|PASSW?|CREDENTIAL)|(?:SECRET|TOKEN|PASSW)\\w*['\"]?.{0,60}in (?:os\\.environ\\.items|process\\.env\\b)");

  static final Pattern SENDS =
      Pattern.compile(
          "https?['\"]?\\)?\\.(?:get|request|post)\\b|LWP|HTTP::Tiny|curl_exec|file_get_contents\\(\\s*['\"]https?:|TCPSocket|create_connection|fsockopen|requests\\.(post|put)|urlopen|http\\.client|fetch\\(|\\.request\\(|sendall|\\.send\\(|Net::HTTP|smtplib|httpx\\.(post|put)|axios\\.post");

  private Code() {}

  static void judge(Call call, String language, String code) {
    if (Opaque.judge(call.walker(), code)) {
      return;
    }
    String folded = Folding.fold(code, language, behind(call, code), call.state());
    files(call, folded);
    if (language.equals("awk")) {
      AwkCode.judge(call, folded);
    } else {
      commands(call, language, folded);
      Sweeps.judge(call, folded);
      Syscalls.judge(call, folded);
      Evaluation.judge(call, language, code, folded);
    }
    CodeLoops.judge(call, folded);
    dangers(call, language, folded);
  }

  /** The words behind the code: its arguments. */
  private static List<String> behind(Call call, String code) {
    List<String> argv = call.argv();
    for (int i = 1; i < argv.size(); i++) {
      if (argv.get(i).equals("-") || Marks.plain(argv.get(i)).equals(code)) {
        return argv.subList(i + 1, argv.size()).stream().map(Marks::plain).toList();
      }
    }
    return List.of();
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
    if (language.matches("node|nodejs|bun|deno|tsx")) {
      Matcher tagged = Pattern.compile("\\$" + Folding.LITERAL).matcher(code);
      while (tagged.find()) {
        call.walker().shell(Folding.inside(tagged.toMatchResult(), 1), List.of(), "");
      }
    }
    Matcher deleted = BARE_DELETE.matcher(code);
    while (language.matches("expect|tclsh|wish|pwsh|powershell") && deleted.find()) {
      for (String word : String.valueOf(deleted.group(1)).strip().split("\\s+")) {
        if (!word.startsWith("-")) {
          Deletion.target(call, home(word.replaceAll("[\"'{}]", "")), true, "the code's delete of");
        }
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
    char content = Evaluation.DOWNLOADS.matcher(code).find() ? Marks.DOWNLOAD : Marks.FILE;
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
    CodePaths.judge(call, code);
    if (code.matches(
        "(?s).*(rmtree|rm_rf|rm_r|rmSync|remove_tree|removeSync)\\W{0,3}[^)\\n]{0,30}(Path\\.home\\(\\)|homedir\\(\\)|Dir\\.home|environ\\W{1,7}HOME|ENV\\W{1,4}HOME).{0,3}\\).*")) {
      call.findings().block(Family.DELETE, "The code deletes the home directory");
    }
    if (code.matches(
        "(?s).*\\.ssh['\"]?\\s*[/,]\\s*['\"]id_.*|(?s).*\\.aws['\"]?\\s*[/,]\\s*['\"]credentials.*")) {
      call.findings().block(Family.CREDENTIALS, "The code opens a key in the home directory");
    }
  }

  static String home(String path) {
    String whole =
        path.startsWith("~/") || path.equals("~")
            ? Paths.HOME + path.substring(1)
            : path.replace("$HOME", Paths.HOME);
    return (whole.startsWith("/dev/")
            ? whole.replace('?', Marks.ANY).replace('[', Marks.BRACKET)
            : whole)
        .replace('*', Marks.STAR);
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
    if (code.matches("(?s).*chmod\\w*\\(?[^)\\n]{0,60}\\b0?o?[4-7][0-7]{3}\\b.*")) {
      findings.block(Family.PRIVILEGES, "The code makes a program run with its owner's rights");
    }
    if (Hosts.metadata(code)) {
      findings.block(Family.CREDENTIALS, "The code asks the cloud's metadata address");
    }
    if (STORES.matcher(code).find()) {
      findings.block(Family.CREDENTIALS, "The code takes a key out of a store");
    }
    if ((SECRET_NAME.matcher(code).find() || PICKS_SECRETS.matcher(code).find())
        && (PRINTS.matcher(code).find() || call.has("-p", "--print", "-pe"))
        && !SENDS.matcher(code).find()) {
      findings.block(Family.CREDENTIALS, "The code prints a secret environment variable");
    }
    if (code.matches(
            "(?s).*(environ\\b(?!\\s*(\\[|\\.get|\\.setdefault|\\.copy|\\.pop|\\.update))|process\\.env\\b(?!\\s*[.\\[])|ENV\\.to_h|%ENV).*")
        && SENDS.matcher(code).find()) {
      findings.block(Family.EXFILTRATION, "The code sends all environment variables");
    }
  }
}
