package dev.helm.cli;

import dev.helm.cli.command.AllowCommand;
import dev.helm.cli.command.AnswerCommand;
import dev.helm.cli.command.AuditCommand;
import dev.helm.cli.command.BlueprintCommand;
import dev.helm.cli.command.BudgetCommand;
import dev.helm.cli.command.CancelCommand;
import dev.helm.cli.command.CatCommand;
import dev.helm.cli.command.CompletionCommand;
import dev.helm.cli.command.DenyCommand;
import dev.helm.cli.command.DeviceCommand;
import dev.helm.cli.command.DiffCommand;
import dev.helm.cli.command.ExportCommand;
import dev.helm.cli.command.FilesCommand;
import dev.helm.cli.command.ForkCommand;
import dev.helm.cli.command.InboxCommand;
import dev.helm.cli.command.KeyCommand;
import dev.helm.cli.command.LoginCommand;
import dev.helm.cli.command.LogoutCommand;
import dev.helm.cli.command.PauseCommand;
import dev.helm.cli.command.ResumeCommand;
import dev.helm.cli.command.RollbackCommand;
import dev.helm.cli.command.RulesCommand;
import dev.helm.cli.command.RunCommand;
import dev.helm.cli.command.RunsCommand;
import dev.helm.cli.command.ScheduleCommand;
import dev.helm.cli.command.SearchCommand;
import dev.helm.cli.command.SecretCommand;
import dev.helm.cli.command.StartCommand;
import dev.helm.cli.command.StatusCommand;
import dev.helm.cli.command.SteerCommand;
import dev.helm.cli.command.StopCommand;
import dev.helm.cli.command.TokenCommand;
import dev.helm.cli.command.TopCommand;
import dev.helm.cli.command.UsageCommand;
import dev.helm.cli.command.UserCommand;
import dev.helm.cli.command.VerifyCommand;
import dev.helm.cli.command.VersionCommand;
import dev.helm.cli.command.WatchCommand;
import java.util.List;

/**
 * The commands by name. A command's class is loaded when it is asked for and not before: to add
 * one, add its line to {@link #all()} and its case to {@link #create}.
 */
public final class Commands {
  private Commands() {}

  /** A command in the overview. */
  public record Entry(String name, String summary) {}

  /** All commands, in the order in which a newcomer needs them. */
  public static List<Entry> all() {
    return List.of(
        new Entry("demo", "play the run of the landing page, from nothing"),
        new Entry("up", "start everything"),
        new Entry("down", "stop all that was started"),
        new Entry("doctor", "look at the machine and the installation"),
        new Entry("guard", "what the command guard thinks of a command"),
        new Entry("status", "how the backend is"),
        new Entry("runs", "list runs"),
        new Entry("run", "start a run and follow it"),
        new Entry("start", "start a run and print its id"),
        new Entry("watch", "follow a run"),
        new Entry("search", "find events by their words"),
        new Entry("top", "all runs and what waits, live"),
        new Entry("inbox", "what waits for a person"),
        new Entry("allow", "allow the call that waits"),
        new Entry("deny", "deny the call that waits"),
        new Entry("rules", "what people allowed from then on"),
        new Entry("answer", "answer what the agent asks"),
        new Entry("steer", "tell a running agent something"),
        new Entry("pause", "let nothing start until resume"),
        new Entry("resume", "let a paused run go on"),
        new Entry("cancel", "end a run for good"),
        new Entry("stop", "pause every run at once"),
        new Entry("budget", "raise a run's cap, see and set wider ones"),
        new Entry("usage", "what was spent"),
        new Entry("blueprint", "store, check and show blueprints"),
        new Entry("schedule", "runs that start by themselves"),
        new Entry("files", "what the workspace holds, at any step"),
        new Entry("cat", "print a file of the workspace"),
        new Entry("diff", "what changed in the workspace"),
        new Entry("rollback", "take a run back to a step"),
        new Entry("fork", "start a new run from a step"),
        new Entry("export", "a run with its proofs, as a file"),
        new Entry("verify", "check an export, without a server"),
        new Entry("audit", "who logged in, looked, decided, changed"),
        new Entry("user", "who may log in, with which role"),
        new Entry("token", "tokens of programs"),
        new Entry("device", "devices that logged in"),
        new Entry("secret", "what tools and servers need, and nobody reads"),
        new Entry("key", "store the model key"),
        new Entry("login", "log in"),
        new Entry("logout", "forget the token"),
        new Entry("completion", "print a shell's completion script"),
        new Entry("version", "print the version"));
  }

  /** A new instance of a command, or a {@link Failure} for a name that is none. */
  public static Object create(String name) {
    return switch (name) {
      case "demo" -> launch("DemoCommand", name);
      case "up" -> launch("UpCommand", name);
      case "down" -> launch("DownCommand", name);
      case "doctor" -> launch("DoctorCommand", name);
      case "guard" -> launch("GuardCommand", name);
      case "status" -> new StatusCommand();
      case "runs" -> new RunsCommand();
      case "run" -> new RunCommand();
      case "start" -> new StartCommand();
      case "watch" -> new WatchCommand();
      case "search" -> new SearchCommand();
      case "top" -> new TopCommand();
      case "inbox" -> new InboxCommand();
      case "allow" -> new AllowCommand();
      case "deny" -> new DenyCommand();
      case "rules" -> new RulesCommand();
      case "answer" -> new AnswerCommand();
      case "steer" -> new SteerCommand();
      case "pause" -> new PauseCommand();
      case "resume" -> new ResumeCommand();
      case "cancel" -> new CancelCommand();
      case "stop" -> new StopCommand();
      case "budget" -> new BudgetCommand();
      case "usage" -> new UsageCommand();
      case "blueprint" -> new BlueprintCommand();
      case "schedule" -> new ScheduleCommand();
      case "files" -> new FilesCommand();
      case "cat" -> new CatCommand();
      case "diff" -> new DiffCommand();
      case "rollback" -> new RollbackCommand();
      case "fork" -> new ForkCommand();
      case "export" -> new ExportCommand();
      case "verify" -> new VerifyCommand();
      case "audit" -> new AuditCommand();
      case "user" -> new UserCommand();
      case "token" -> new TokenCommand();
      case "device" -> new DeviceCommand();
      case "secret" -> new SecretCommand();
      case "key" -> new KeyCommand();
      case "login" -> new LoginCommand();
      case "logout" -> new LogoutCommand();
      case "completion" -> new CompletionCommand();
      case "version" -> new VersionCommand();
      default -> throw unknown(name);
    };
  }

  private static Object launch(String type, String name) {
    try {
      return Class.forName("dev.helm.cli.launch." + type).getDeclaredConstructor().newInstance();
    } catch (ReflectiveOperationException e) {
      throw Failure.usage(
          "This build has no \"helm " + name + "\".", "Use the launcher: ./helm " + name);
    }
  }

  private static Failure unknown(String name) {
    String nearest = "";
    int best = 3;
    for (Entry entry : all()) {
      int distance = distance(name, entry.name());
      if (distance < best) {
        best = distance;
        nearest = entry.name();
      }
    }
    return Failure.usage(
        "helm has no command \"" + dev.helm.cli.render.SafeText.line(name) + "\".",
        nearest.isEmpty()
            ? "\"helm help\" lists the commands."
            : "Did you mean \"helm " + nearest + "\"?");
  }

  /** Edits between two words (Levenshtein). */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replace = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replace, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
