package dev.helm.cli.command;

import dev.helm.api.RunId;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.api.rest.Problem;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.http.Problems;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.SafeText;
import dev.helm.cli.render.Times;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds what a person means in the inbox, decides it, and tells what became of that. */
public final class Decisions {
  /** Shown ids have four digits; a shorter beginning may mean a run that does not wait. */
  private static final int CERTAIN = 4;

  private static final long APPLIED_WITHIN_MS = 10_000;
  private static final long LOOK_EVERY_MS = 100;

  private final HelmClient client;

  /** Decides with this session. */
  public Decisions(HelmClient client) {
    this.client = client;
  }

  /**
   * What came of a decision.
   *
   * @param applied whether it is as the caller wanted it
   * @param words one line for people
   * @param exit what a script learns
   * @param reply the service's last answer
   */
  public record Result(boolean applied, String words, ExitCode exit, Reply reply) {}

  /** The one open item of this kind that an id, its beginning, or a run names. */
  public DecisionBodies.InboxItem find(String named, List<String> kinds) {
    List<DecisionBodies.InboxItem> items =
        client.inbox().items(DecisionBodies.InboxItem.class).stream()
            .filter(item -> kinds.contains(item.kind()))
            .toList();
    List<DecisionBodies.InboxItem> exact =
        items.stream().filter(i -> i.id().equals(named)).toList();
    List<DecisionBodies.InboxItem> found =
        exact.isEmpty()
            ? items.stream()
                .filter(item -> item.id().startsWith(named) || ofRun(item, named))
                .toList()
            : exact;
    if (found.size() == 1) {
      if (named.length() < CERTAIN && !found.getFirst().id().equals(named)) {
        severalRuns(named);
      }
      return found.getFirst();
    }
    if (found.isEmpty()) {
      severalRuns(named);
      throw nothing(named, kinds, client.inbox().items(DecisionBodies.InboxItem.class));
    }
    throw Failure.usage(
        "\"" + named + "\" names " + found.size() + " things that wait.",
        "Name one: " + String.join(", ", found.stream().limit(5).map(Decisions::named).toList()));
  }

  private static String named(DecisionBodies.InboxItem item) {
    String tool = item.tool() == null ? item.kind() : item.tool();
    return SafeText.line(item.id()) + " (" + SafeText.line(item.runName() + " · " + tool) + ")";
  }

  private static boolean ofRun(DecisionBodies.InboxItem item, String named) {
    return RunId.isPrefix(named) && item.run().startsWith(named);
  }

  /** A beginning that fits several runs is wrong use, whether or not one of them waits. */
  private void severalRuns(String named) {
    if (!RunId.isPrefix(named) || named.length() == 32) {
      return;
    }
    List<Bodies.Run> runs;
    try {
      runs =
          client.runs("", "", "", 1000, "").items(Bodies.Run.class).stream()
              .filter(run -> run.id().startsWith(named))
              .toList();
    } catch (Failure failure) {
      return;
    }
    if (runs.size() > 1) {
      Map<String, String> shown = ShownIds.of(runs.stream().map(Bodies.Run::id).toList());
      throw Failure.usage(
          "\"" + named + "\" names " + runs.size() + " runs.",
          "Name one: "
              + String.join(
                  ", ",
                  runs.stream()
                      .limit(5)
                      .map(
                          run ->
                              shown.getOrDefault(run.id(), run.id())
                                  + " · "
                                  + SafeText.line(run.name()))
                      .toList())
              + (runs.size() > 5 ? ", …" : ""));
    }
  }

  /** Nothing open: say what became of it, if the service still knows. */
  private Failure nothing(
      String named, List<String> kinds, List<DecisionBodies.InboxItem> waiting) {
    for (DecisionBodies.InboxItem item : waiting) {
      if (item.id().equals(named) || ofRun(item, named)) {
        return new Failure(
            ExitCode.NOT_FOUND,
            "\"" + SafeText.line(named) + "\" " + waitsFor(item) + ".",
            "Settle it: " + InboxCommand.settle(item, SafeText.line(named)));
      }
    }
    if (kinds.contains("permission") && named.length() > 8) {
      try {
        DecisionBodies.Permission permission =
            client.permission(named).as(DecisionBodies.Permission.class);
        DecisionBodies.Winner winner = permission.winner();
        String what = winner == null ? "It has expired" : told(winner);
        return new Failure(ExitCode.REFUSED, what + ".", "\"helm inbox\" shows what still waits.");
      } catch (Failure failure) {
        if (failure.exit() != ExitCode.NOT_FOUND) {
          return failure;
        }
      }
    }
    return new Failure(
        ExitCode.NOT_FOUND,
        "Nothing that \"" + SafeText.line(named) + "\" names waits for a person.",
        "\"helm inbox\" shows what waits.");
  }

  private static String waitsFor(DecisionBodies.InboxItem item) {
    return switch (item.kind()) {
      case "question" -> "asks a question";
      case "unknown" -> "waits to hear what became of a call";
      case "budget" -> "waits for more money";
      default -> "waits with a permission";
    };
  }

  /** Decides; a conflict is told, not thrown. */
  public Result decide(
      String id, boolean allow, @Nullable String argumentsHash, @Nullable String reason) {
    String decision = allow ? "allow" : "deny";
    return decide(id, new DecisionBodies.Decide(decision, argumentsHash, null, reason, null));
  }

  /** The same with changed arguments or a rule to remember. */
  public Result decide(String id, DecisionBodies.Decide wanted) {
    String decision = wanted.decision();
    boolean allow = decision.equals("allow");
    Reply reply = client.decide(id, wanted);
    if (reply.status() == 202) {
      return later(id, decision, reply);
    }
    if (reply.status() < 300) {
      return new Result(true, allow ? "allowed" : "denied", ExitCode.DONE, reply);
    }
    if (reply.status() == 409 || reply.status() == 410) {
      return refused(reply);
    }
    throw Problems.of(reply);
  }

  private static Result refused(Reply reply) {
    Problem problem = Problems.read(reply);
    DecisionBodies.Winner winner = problem == null ? null : problem.winner();
    String words =
        winner != null
            ? told(winner)
            : problem == null ? "it was decided otherwise" : SafeText.line(problem.title());
    return new Result(false, words, ExitCode.REFUSED, reply);
  }

  private Result later(String id, String wanted, Reply first) {
    Reply reply = first;
    long until = System.nanoTime() + APPLIED_WITHIN_MS * 1_000_000;
    DecisionBodies.Permission accepted = first.as(DecisionBodies.Permission.class);
    if (accepted.state().equals("open") && accepted.have() != null && accepted.need() != null) {
      return new Result(
          true,
          "allowed · " + accepted.have() + " of " + accepted.need() + ", more people must allow",
          ExitCode.DONE,
          first);
    }
    while (System.nanoTime() < until) {
      DecisionBodies.Winner winner = reply.as(DecisionBodies.Permission.class).winner();
      if (winner != null) {
        boolean mine = winner.decision().equals(wanted);
        return new Result(
            mine,
            mine ? (wanted.equals("allow") ? "allowed" : "denied") : told(winner),
            mine ? ExitCode.DONE : ExitCode.REFUSED,
            reply);
      }
      rest();
      reply = client.permission(id);
    }
    return new Result(true, "accepted, not yet applied", ExitCode.DONE, reply);
  }

  /** {@code Denied by ann on her phone at 14:02:11}. */
  static String told(DecisionBodies.Winner winner) {
    String at = Times.clock(winner.at(), ZoneId.systemDefault());
    return winner.by().user().equals("timeout")
        ? "Denied at " + at + ": nobody had decided in time"
        : Problems.winner(winner) + " at " + at;
  }

  private static void rest() {
    try {
      Thread.sleep(LOOK_EVERY_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Failure(ExitCode.FAILED, "Interrupted.", "", "", e);
    }
  }
}
