package dev.helm.cli.command;

import dev.helm.api.rest.DecisionBodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.AskedText;
import dev.helm.cli.render.BudgetText;
import dev.helm.cli.render.CallText;
import dev.helm.cli.render.Line;
import dev.helm.cli.render.Role;
import dev.helm.cli.render.SafeText;
import dev.helm.cli.render.Times;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Command;

/** {@code helm inbox}. */
@Command(
    name = "helm inbox",
    header = "helm inbox",
    description = "Lists what waits for a person, the nearest deadline first.")
public final class InboxCommand extends HelmCommand {
  @Override
  protected ExitCode run() {
    Reply reply = client().inbox();
    if (json) {
      return print(reply, "");
    }
    List<DecisionBodies.InboxItem> items =
        reply.items(DecisionBodies.InboxItem.class).stream()
            .sorted(Comparator.comparing(DecisionBodies.InboxItem::deadline))
            .toList();
    Map<String, String> ids =
        ShownIds.of(items.stream().map(DecisionBodies.InboxItem::run).distinct().toList());
    items.forEach(item -> lines(item, ids.getOrDefault(item.run(), item.run())));
    if (items.isEmpty()) {
      out().say("Nothing waits for you.");
    } else {
      hint(items, ids);
    }
    return ExitCode.DONE;
  }

  /** The item, and on a terminal below it why it is asked and what it touches. */
  private void lines(DecisionBodies.InboxItem item, String run) {
    out().line(line(item, run));
    DecisionBodies.Asked asked = item.asked();
    String why = asked == null ? "" : AskedText.line(asked);
    if (out().interactive() && !why.isEmpty()) {
      out().line(Line.of(Role.QUIET, "       " + why));
    }
  }

  private static Line line(DecisionBodies.InboxItem item, String run) {
    Line line =
        Line.of(Role.QUIET, run + " · ")
            .add(Role.STRONG, SafeText.line(item.runName()))
            .add(Role.WAIT, " · " + SafeText.line(item.kind()));
    // A question that is cut in its middle cannot be answered.
    if (item.kind().equals("question") || item.kind().equals("unknown")) {
      return line.add(Role.TEXT, " · ")
          .prose(Role.TEXT, object(item) + options(item) + deadline(item));
    }
    return line.object(Role.TEXT, " · " + object(item))
        .add(Role.WAIT, escalated(item))
        .add(Role.QUIET, deadline(item));
  }

  private static String escalated(DecisionBodies.InboxItem item) {
    DecisionBodies.Asked asked = item.asked();
    String text =
        asked == null
            ? ""
            : AskedText.escalated(
                asked.escalatedTo(), asked.escalatedAt(), Instant.now(), ZoneId.systemDefault());
    return text.isEmpty() ? "" : " · " + text;
  }

  /** {@code · 1 first · 2 second}. */
  private static String options(DecisionBodies.InboxItem item) {
    StringBuilder shown = new StringBuilder();
    List<String> options = item.options() == null ? List.of() : item.options();
    for (int i = 0; i < options.size(); i++) {
      shown.append(" · ").append(i + 1).append(' ').append(SafeText.prose(options.get(i)));
    }
    return shown.toString();
  }

  private static String object(DecisionBodies.InboxItem item) {
    String tool = item.tool();
    if (tool != null && !item.kind().equals("question")) {
      return CallText.line(tool, item.object() == null ? "" : item.object());
    }
    if (item.text() == null) {
      return "";
    }
    return item.kind().equals("budget") ? BudgetText.of(item.text()) : SafeText.prose(item.text());
  }

  /** {@code · denies in 29:41}: the deadline with what happens then. */
  private static String deadline(DecisionBodies.InboxItem item) {
    Instant until = Times.instant(item.deadline());
    if (until == null) {
      return "";
    }
    String then =
        switch (item.otherwise()) {
          case "deny" -> "denies";
          case "unknown" -> "outcome stays unknown";
          case "fail" -> "the run fails";
          default -> SafeText.line(item.otherwise());
        };
    return " · "
        + (then.isEmpty() ? "ends" : then)
        + " in "
        + Times.countdown(Duration.between(Instant.now(), until));
  }

  /** For each kind of thing that waits, the commands that settle the first of it. */
  private void hint(List<DecisionBodies.InboxItem> items, Map<String, String> ids) {
    if (items.stream().anyMatch(item -> item.kind().equals("unknown"))) {
      out()
          .say(
              "happened: it took effect, the run goes on · again: the call is made once more"
                  + " · stop: the run is cancelled");
    }
    Set<String> told = new HashSet<>();
    for (DecisionBodies.InboxItem item : items) {
      if (told.add(item.kind())) {
        String run = ids.getOrDefault(item.run(), item.run());
        boolean alone = items.stream().filter(i -> i.run().equals(item.run())).count() == 1;
        boolean byRun = alone || item.kind().equals("budget");
        advise(settle(item, byRun ? run : SafeText.line(item.id())));
      }
    }
  }

  /** The commands that an item can be settled with, under this name of it or of its run. */
  static String settle(DecisionBodies.InboxItem item, String name) {
    return switch (item.kind()) {
      case "permission" -> "helm allow " + name + " · helm deny " + name;
      case "budget" -> BudgetText.command(item.text() == null ? "" : item.text(), name);
      case "unknown" -> "helm answer " + name + " happened|again|stop";
      default ->
          "helm answer "
              + name
              + (item.options() == null || item.options().isEmpty()
                  ? " TEXT"
                  : Boolean.TRUE.equals(item.freeText()) ? " NUMBER|TEXT" : " NUMBER");
    };
  }
}
