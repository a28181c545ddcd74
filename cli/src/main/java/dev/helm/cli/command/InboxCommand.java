package dev.helm.cli.command;

import dev.helm.api.rest.DecisionBodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.AskedText;
import dev.helm.cli.render.CallText;
import dev.helm.cli.render.Line;
import dev.helm.cli.render.Role;
import dev.helm.cli.render.SafeText;
import dev.helm.cli.render.Times;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
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
    return item.text() == null ? "" : SafeText.prose(item.text());
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
          default -> SafeText.line(item.otherwise());
        };
    return " · "
        + (then.isEmpty() ? "ends" : then)
        + " in "
        + Times.countdown(Duration.between(Instant.now(), until));
  }

  /** The commands that the first item can be settled with. */
  private void hint(List<DecisionBodies.InboxItem> items, Map<String, String> ids) {
    DecisionBodies.InboxItem first = items.getFirst();
    boolean alone = items.stream().filter(item -> item.run().equals(first.run())).count() == 1;
    String name = alone ? ids.getOrDefault(first.run(), first.run()) : SafeText.line(first.id());
    if (items.stream().anyMatch(item -> item.kind().equals("unknown"))) {
      out()
          .say(
              "happened: it took effect, the run goes on · again: the call is made once more"
                  + " · stop: the run is cancelled");
    }
    String hint =
        switch (first.kind()) {
          case "permission" -> "helm allow " + name + " · helm deny " + name;
          case "budget" ->
              "helm budget " + ids.getOrDefault(first.run(), first.run()) + " --add 5.00";
          case "unknown" -> "helm answer " + name + " happened|again|stop";
          default ->
              "helm answer "
                  + name
                  + (first.options() == null || first.options().isEmpty()
                      ? " TEXT"
                      : Boolean.TRUE.equals(first.freeText()) ? " NUMBER|TEXT" : " NUMBER");
        };
    out().say(context().env().hint(hint));
  }
}
