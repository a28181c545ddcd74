package dev.helm.cli.command;

import dev.helm.api.rest.Bodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.Line;
import dev.helm.cli.render.Role;
import dev.helm.cli.render.RunRenderer;
import dev.helm.cli.render.SafeText;
import dev.helm.cli.render.Times;
import java.time.Duration;
import java.time.Instant;
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
    List<Bodies.InboxItem> items =
        reply.items(Bodies.InboxItem.class).stream()
            .sorted(Comparator.comparing(Bodies.InboxItem::deadline))
            .toList();
    Map<String, String> ids =
        ShownIds.of(items.stream().map(Bodies.InboxItem::run).distinct().toList());
    items.forEach(item -> out().line(line(item, ids.getOrDefault(item.run(), item.run()))));
    if (items.isEmpty()) {
      out().say("Nothing waits for you.");
    } else {
      hint(items, ids);
    }
    return ExitCode.DONE;
  }

  private static Line line(Bodies.InboxItem item, String run) {
    return Line.of(Role.QUIET, run + " · ")
        .add(Role.STRONG, SafeText.line(item.runName()))
        .add(Role.WAIT, " · " + SafeText.line(item.kind()))
        .object(Role.TEXT, " · " + object(item))
        .add(Role.QUIET, deadline(item));
  }

  private static String object(Bodies.InboxItem item) {
    String tool = item.tool();
    if (tool != null) {
      return RunRenderer.callText(tool, item.object() == null ? "" : item.object());
    }
    return item.text() == null ? "" : SafeText.prose(item.text());
  }

  /** {@code · denies in 29:41}: the deadline with what happens then. */
  private static String deadline(Bodies.InboxItem item) {
    Instant until = Times.instant(item.deadline());
    if (until == null) {
      return "";
    }
    String then = item.otherwise().equals("deny") ? "denies" : SafeText.line(item.otherwise());
    return " · "
        + (then.isEmpty() ? "ends" : then)
        + " in "
        + Times.countdown(Duration.between(Instant.now(), until));
  }

  /** The commands that the first item can be settled with. */
  private void hint(List<Bodies.InboxItem> items, Map<String, String> ids) {
    Bodies.InboxItem first = items.getFirst();
    boolean alone = items.stream().filter(item -> item.run().equals(first.run())).count() == 1;
    String name = alone ? ids.getOrDefault(first.run(), first.run()) : SafeText.line(first.id());
    out()
        .say(
            switch (first.kind()) {
              case "permission" -> "helm allow " + name + " · helm deny " + name;
              case "budget" ->
                  "helm budget " + ids.getOrDefault(first.run(), first.run()) + " --add 5.00";
              default -> "helm answer " + name + " TEXT";
            });
  }
}
