package dev.helm.workflows.decide.guard;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Ordinary programs, and those of them with a way to run or keep something. */
final class Tools {
  /** Programs that print shell code which people evaluate. */
  private static final Pattern SETUP =
      Pattern.compile(
          "(?i)(init|hook|env|shellenv|completion|completions|activate|docker-env|shell|shell-init|setup|-s|-c|export|exec-env|direnv|-|load|config-shell|zsh|bash|complete|agent)");

  /** Names a credential without reading its content. */
  private static final String NAMES_ONLY =
      "ls stat test file du touch mkdir chmod chown ssh-keygen ssh-add lsattr getfacl git dirname basename echo exa eza tree namei realpath readlink make npm";

  private Tools() {}

  static void register(Map<String, Programs.Handler> handlers) {
    Programs.register(handlers, Tools::git, "git");
    Programs.register(handlers, Tools::make, "make gmake");
    Programs.register(handlers, Tools::compiler, "gcc cc g++ clang clang++ tcc");
    Programs.register(handlers, Tools::runner, "java rust-script kotlin swift dotnet zig");
    Programs.register(handlers, Tools::copyId, "ssh-copy-id");
    Programs.register(
        handlers,
        Tools::installer,
        "pip pip3 npm npx yarn pnpm gem go cargo apt apt-get dnf yum apk brew snap dpkg rpm pipx bunx uvx");
    Programs.register(handlers, Tools::stress, "stress stress-ng");
    Programs.register(
        handlers,
        Tools::metasploit,
        "msfvenom msfconsole meterpreter empire sliver-client weevely");
    Programs.register(handlers, Tools::aws, "aws gcloud az gh heroku doctl");
    Programs.register(
        handlers, Tools::dump, "pg_dump mysqldump pg_dumpall mongodump sqlite3 redis-cli");
  }

  /** Any other program: credentials among its arguments are read; its output is its own. */
  static String ordinary(Call call) {
    String name = call.name();
    if (!(" " + NAMES_ONLY + " ").contains(" " + name + " ")) {
      for (String argument : call.arguments()) {
        paths(call, name, argument);
      }
    }
    String all = String.join(" ", call.arguments());
    if (all.contains("docker.sock")) {
      call.arguments().forEach(a -> Containers.socket(call, a));
    }
    return printed(call);
  }

  /** What it prints: shell code to be evaluated, where its words say so. */
  static String printed(Call call) {
    boolean setup =
        call.arguments().stream().anyMatch(a -> SETUP.matcher(a).matches())
            || call.name()
                .matches(
                    "ssh-agent|dircolors|lesspipe|keychain|fnm|thefuck|navi|resize|tset|locale|getopt|starship|zoxide");
    // A login that reads a token does not print it.
    return (setup ? Marks.SETUP : Marks.OUTPUT)
        + Marks.of(call.input()).replace(String.valueOf(Marks.TOKEN), "");
  }

  private static void paths(Call call, String name, String argument) {
    String directory = call.state().directory;
    if (argument.length() > 300 || argument.indexOf('\n') >= 0) {
      return;
    }
    int equals = argument.indexOf('=');
    String value = equals > 0 ? argument.substring(equals + 1) : argument;
    value = value.startsWith("@") ? value.substring(1) : value.replaceFirst("^file://", "");
    boolean path =
        value.indexOf('/') >= 0 || value.startsWith(".") || !directory.startsWith("/workspace");
    boolean key =
        argument.startsWith("-i")
            || call.values("-i", "--identity", "--key", "--private-key", "--kubeconfig")
                .contains(argument);
    if (path && !key && Secrets.credential(directory, value)) {
      call.findings()
          .block(Family.CREDENTIALS, Marks.shown(value) + " is read by " + Marks.shown(name));
    }
  }

  private static String git(Call call) {
    List<String> argv = call.argv();
    if (argv.contains("add")) {
      call.arguments().forEach(argument -> paths(call, "git", argument));
    }
    for (String setting : call.values("-c")) {
      setting(call, setting.replaceFirst("=.*", ""), setting.replaceFirst("(?s)^[^=]*=", ""));
    }
    int config = argv.indexOf("config");
    if (config > 0) {
      List<String> words =
          argv.subList(config + 1, argv.size()).stream()
              .filter(w -> !w.startsWith("-") || w.length() < 2)
              .toList();
      if (words.size() > 1) {
        setting(call, words.get(words.size() - 2), words.get(words.size() - 1));
      }
    }
    for (String command :
        call.values(
            "--upload-pack",
            "--receive-pack",
            "-x",
            "--exec",
            "--tree-filter",
            "--index-filter",
            "--msg-filter",
            "--env-filter",
            "--extcmd",
            "--open-files-in-pager")) {
      call.walker().shell(command, List.of(), "");
    }
    for (String argument : argv) {
      if (argument.startsWith("ext::")) {
        call.walker().shell(argument.substring(5), List.of(), "");
      }
    }
    int bisect = argv.indexOf("run");
    if (bisect > 1 && argv.get(bisect - 1).equals("bisect")) {
      call.from(bisect + 1);
    }
    int each = argv.indexOf("foreach");
    if (each > 1 && argv.get(each - 1).equals("submodule")) {
      call.walker()
          .shell(
              Marks.plain(
                  String.join(
                      " ",
                      argv.subList(Math.min(each + 1, argv.size()), argv.size()).stream()
                          .filter(a -> !a.startsWith("--"))
                          .toList())),
              List.of(),
              "");
    }
    if (argv.contains("credential") && argv.contains("fill")
        || argv.contains("credential-store") && argv.contains("get")) {
      call.findings().block(Family.CREDENTIALS, "git prints a stored password");
    }
    if (argv.contains("--no-index")) {
      call.operands().forEach(file -> Files.read(call.walker(), file, "git"));
    }
    boolean root = argv.contains("--show-toplevel");
    return root ? "/workspace\n" : String.valueOf(Marks.OUTPUT);
  }

  private static void setting(Call call, String name, String value) {
    String key = name.toLowerCase(java.util.Locale.ROOT);
    if (key.startsWith("alias.") && value.startsWith("!")) {
      call.walker().shell(value.substring(1), List.of(), "");
    } else if (key.matches(
        "core\\.(sshcommand|pager|editor|fsmonitor|gitproxy|askpass)|credential\\.helper|diff\\.external|gpg\\.program|sequence\\.editor|pager\\..*|filter\\..*|interactive\\.difffilter|merge\\..*\\.driver|uploadpack\\.packobjectshook")) {
      call.walker().shell(value.replaceFirst("^!", ""), List.of(), "");
    }
  }

  private static String make(Call call) {
    for (String code : call.values("--eval")) {
      call.walker()
          .shell(
              code.replaceAll("(?s)^.*?:\\s*;?", "").replaceFirst("^\\$\\(shell (.*)\\)$", "$1"),
              List.of(),
              "");
    }
    for (String file : call.values("-f", "--file", "--makefile")) {
      String content =
          file.equals("-")
              ? call.input()
              : call.state().files.get(Paths.resolve(call.state().directory, file));
      if (content != null) {
        makefile(call, content);
      }
    }
    String content = call.state().files.get(Paths.resolve(call.state().directory, "Makefile"));
    if (content != null && call.values("-f").isEmpty()) {
      makefile(call, content);
    }
    return String.valueOf(Marks.OUTPUT);
  }

  private static void makefile(Call call, String content) {
    if (Opaque.judge(call.walker(), content)) {
      return;
    }
    Map<String, String> variables = new java.util.HashMap<>();
    for (String line : content.split("\n")) {
      String[] pair = line.split("\\s*[:?+]?=\\s*", 2);
      if (pair.length == 2 && pair[0].matches("\\w+")) {
        variables.put(pair[0], pair[1]);
      }
    }
    for (String line : content.split("\n")) {
      String recipe =
          line.startsWith("\t")
              ? line.strip()
              : line.matches("[\\w.-]+:\\s*;.*") ? line.replaceFirst("^[\\w.-]+:\\s*;", "") : "";
      if (!recipe.isEmpty()) {
        call.walker().shell(expanded(recipe.replaceFirst("^[@-]+", ""), variables), List.of(), "");
      }
    }
  }

  private static final Pattern MAKE_VARIABLE =
      Pattern.compile("\\$[({](\\w+)[)}]|\\$\\((\\w+ [^()]*)\\)|\\$([@<^+?*%])");

  /** Variables of make as they are set in the file; one that is not is named as its program. */
  private static String expanded(String recipe, Map<String, String> variables) {
    return MAKE_VARIABLE
        .matcher(recipe.replace("$$", "\0"))
        .replaceAll(
            m -> {
              String name = m.group(1);
              String value =
                  name == null
                      ? String.valueOf(Marks.UNKNOWN)
                      : variables.getOrDefault(name, name.toLowerCase(java.util.Locale.ROOT));
              return java.util.regex.Matcher.quoteReplacement(value);
            })
        .replace('\0', '$');
  }

  /** Source that the command itself wrote is looked at before it is compiled. */
  private static String compiler(Call call) {
    for (String source : call.operands("-o", "-I", "-L", "-x", "-include")) {
      String content =
          source.equals("-")
              ? call.input()
              : call.state().files.get(Paths.resolve(call.state().directory, source));
      if (content != null && !content.isEmpty()) {
        Code.judge(call, "c", content);
      }
    }
    return ordinary(call);
  }

  /** {@code go run FILE}: code that this command wrote is read. */
  private static void written(Call call) {
    for (String source : call.operands()) {
      String content = call.state().files.get(Paths.resolve(call.state().directory, source));
      if (content != null && source.matches(".*\\.(go|java|rs|kts?|swift|cs)")) {
        Code.judge(call, call.name(), content);
      }
    }
  }

  private static String runner(Call call) {
    written(call);
    return ordinary(call);
  }

  private static String copyId(Call call) {
    List<String> operands = call.operands("-i", "-p", "-o");
    if (!operands.isEmpty() && !call.has("-h", "-n")) {
      call.findings().block(Family.PERSISTENCE, "ssh-copy-id leaves a key on another machine");
    }
    return "";
  }

  /** Packages from registries are ordinary; code from a bare URL over HTTP is not. */
  private static String installer(Call call) {
    written(call);
    for (String argument : call.arguments()) {
      paths(call, call.name(), argument);
    }
    for (String url : call.values("--index-url", "-i", "--extra-index-url", "--registry")) {
      if (url.startsWith("http://") && !Hosts.local(url)) {
        call.findings()
            .ask(Family.DOWNLOAD_TO_SHELL, call.name() + " installs from " + Marks.shown(url));
      }
    }
    if (call.arguments().stream().anyMatch(a -> a.startsWith("http://") && !Hosts.local(a))
        && call.has("install", "i", "add")) {
      call.findings()
          .block(
              Family.DOWNLOAD_TO_SHELL,
              call.name() + " installs from an address without encryption");
    }
    int exec = Math.max(call.argv().indexOf("exec"), call.argv().indexOf("--"));
    if (exec > 0 && call.name().matches("npm|pnpm|yarn")) {
      return call.from(
          exec + 1 < call.argv().size() && call.argv().get(exec + 1).equals("--")
              ? exec + 2
              : exec + 1);
    }
    if (call.name().equals("npm") && call.argv().contains("pkg")) {
      call.arguments().stream()
          .filter(a -> a.startsWith("scripts."))
          .forEach(a -> call.walker().shell(a.replaceFirst("(?s)^[^=]*=", ""), List.of(), ""));
    }
    for (String code : call.values("-c", "--call")) {
      if (call.name().equals("npx")) {
        call.walker().shell(code, List.of(), "");
      }
    }
    for (String option : call.values("-o")) {
      if (option.matches(
          "(?s)(APT::Update::Pre-Invoke::|DPkg::Pre-Invoke::|Dpkg::Pre-Invoke::|.*-Invoke.*)=.*")) {
        call.walker().shell(option.replaceFirst("^[^=]*=\\{?\"?", ""), List.of(), "");
      }
    }
    return printed(call);
  }

  private static String stress(Call call) {
    if (!call.has("--version", "--help") && !call.has("--timeout", "-t")) {
      call.findings().block(Family.BOMB, call.name() + " without a time limit");
    }
    return "";
  }

  private static String metasploit(Call call) {
    if (!call.has("--help", "--version")) {
      call.findings().block(Family.REVERSE_SHELL, call.name() + " makes or serves attack code");
    }
    return "";
  }

  private static String aws(Call call) {
    String all = call.name() + " " + String.join(" ", call.arguments());
    if (all.matches(
        "(?s)aws (configure (get .*(key|token|secret).*|export-credentials.*)|secretsmanager get-secret-value.*|ssm get-parameters?\\b.*--with-decryption.*|sts get-session-token.*|ecr get-login-password$)|gcloud (auth (print-access-token|print-identity-token|application-default print-access-token).*|secrets versions access.*)|az (account get-access-token|keyvault secret show).*|gh auth (token|status .*(-t|--show-token).*)|heroku (auth:token|config)( .*)?")) {
      call.findings().block(Family.CREDENTIALS, Marks.shown(all));
    }
    return ordinary(call);
  }

  private static String dump(Call call) {
    ordinary(call);
    boolean dumps =
        call.name().matches("pg_dump|mysqldump|pg_dumpall|mongodump")
            || call.argv().contains(".dump");
    for (String argument : call.arguments()) {
      if (call.name().equals("sqlite3") && argument.matches("(?s)\\.(shell|system)\\s+.*")) {
        call.walker().shell(argument.replaceFirst("(?s)^\\.\\w+\\s+", ""), List.of(), "");
      }
    }
    return String.valueOf(dumps ? Marks.BULK : Marks.OUTPUT);
  }
}
