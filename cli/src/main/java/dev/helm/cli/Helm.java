package dev.helm.cli;

import dev.helm.cli.command.HelmCommand;
import dev.helm.cli.http.Json;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import picocli.CommandLine;

/**
 * The terminal program. It looks at the first word only and builds that one command, so that a
 * {@code helm status} does not pay for the others.
 */
public final class Helm {
  /** Commands that need no argument. */
  private static final Set<String> BARE = Set.of("status", "runs", "inbox", "version");

  private Helm() {}

  /** Runs one command and ends with its exit code. */
  public static void main(String[] args) {
    // Idle threads of HTTP clients would hold the process back; the work is done.
    System.exit(run(args, Context.ofProcess()));
  }

  /** Runs one command; the exit code. */
  public static int run(String[] args, Context context) {
    String name = args.length == 0 ? "help" : args[0];
    try {
      return switch (name) {
        case "help", "--help", "-h" -> help(args, context);
        case "--version", "-V" -> one("version", new String[0], context);
        default -> one(name, Arrays.copyOfRange(args, 1, args.length), context);
      };
    } catch (Failure failure) {
      return told(failure, wantsJson(args), context);
    }
  }

  /** Words on standard error; for {@code --json} one object on standard output too. */
  private static int told(Failure failure, boolean json, Context context) {
    return told(failure.exit(), failure.code(), failure.what(), failure.todo(), json, context);
  }

  private static int told(
      ExitCode exit, String code, String what, String advice, boolean json, Context context) {
    String todo = context.env().hint(advice);
    context.out().fail(what, todo);
    if (json) {
      Map<String, Object> error = new TreeMap<>();
      error.put("code", code.isEmpty() ? exit.name().toLowerCase(Locale.ROOT) : code);
      error.put("title", what);
      error.put("detail", todo);
      error.put("exit", exit.code());
      context.out().line(Json.write(Map.of("error", error)));
    }
    return exit.code();
  }

  private static boolean wantsJson(String[] args) {
    for (String arg : args) {
      if (arg.equals("--")) {
        return false;
      }
      if (arg.equals("--json") || arg.equals("--json=true")) {
        return true;
      }
    }
    return false;
  }

  /** This program's version. */
  public static String version() {
    String version = Helm.class.getPackage().getImplementationVersion();
    return version == null ? "0.1.0" : version;
  }

  private static int one(String name, String[] args, Context context) {
    boolean json = args.length == 1 && args[0].equals("--json");
    if ((args.length == 0 || json) && BARE.contains(name)) {
      return bare((HelmCommand) Commands.create(name), json, context);
    }
    return parsed(name, args, context);
  }

  /** Nothing to parse: the parser alone would cost as much time as the rest of the command. */
  private static int bare(HelmCommand command, boolean json, Context context) {
    command.use(context);
    try {
      return command.callBare(json);
    } catch (Exception e) {
      return failed(e, json, context);
    }
  }

  private static int parsed(String name, String[] args, Context context) {
    CommandLine line = new CommandLine(Commands.create(name));
    line.setCommandName("helm " + name);
    give(line, context);
    line.setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF));
    line.setUsageHelpWidth(80);
    line.setOut(new PrintWriter(context.out().data(), true));
    line.setErr(new PrintWriter(context.out().words(), true));
    line.setParameterExceptionHandler((e, _) -> misused(name, e, wantsJson(args), context));
    line.setExecutionExceptionHandler((e, _, _) -> failed(e, wantsJson(args), context));
    return line.execute(args);
  }

  private static void give(CommandLine line, Context context) {
    Object command = line.getCommand();
    if (command instanceof HelmCommand ours) {
      ours.use(context);
    }
    line.getSubcommands().values().forEach(sub -> give(sub, context));
  }

  private static int help(String[] args, Context context) {
    if (args.length > 1) {
      return one(args[1], new String[] {"--help"}, context);
    }
    Out out = context.out();
    out.line("helm demo");
    out.line("");
    out.line("A self-hosted control plane for autonomous AI agents.");
    out.line("");
    for (Commands.Entry entry : Commands.all()) {
      out.line(String.format("  %-11s %s", entry.name(), entry.summary()));
    }
    out.line("");
    out.line(
        "Every command has --help and --json. HELM_URL says which Helm, HELM_TOKEN who you are.");
    return ExitCode.DONE.code();
  }

  private static int misused(
      String name, CommandLine.ParameterException e, boolean json, Context context) {
    String what = dev.helm.cli.render.SafeText.line(String.valueOf(e.getMessage()));
    String command = e.getCommandLine().getCommandSpec().qualifiedName();
    return told(
        ExitCode.USAGE,
        "",
        what.endsWith(".") ? what : what + ".",
        command + " --help shows how it is used" + (name.isEmpty() ? "" : "."),
        json,
        context);
  }

  private static int failed(Exception e, boolean json, Context context) {
    if (e instanceof Failure failure) {
      return told(failure, json, context);
    }
    told(
        ExitCode.FAILED,
        "",
        "helm stopped on an error of its own: " + e.getClass().getSimpleName() + ".",
        "Set HELM_DEBUG=1 to see where, and report it.",
        json,
        context);
    if (!context.env().get("HELM_DEBUG").isEmpty()) {
      e.printStackTrace(context.out().words());
    }
    return ExitCode.FAILED.code();
  }
}
