package dev.helm.cli.command;

import dev.helm.api.rest.Bodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.Columns;
import dev.helm.cli.render.Line;
import dev.helm.cli.render.Role;
import dev.helm.cli.render.SafeText;
import dev.helm.cli.render.Times;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm search}. */
@Command(
    name = "helm search",
    header = "helm search \"stripe.com\" pricing*",
    description = {
      "Finds events by their words, newest first.",
      "All words have to be there; \"words in this order\" and beginnings* are understood."
    })
public final class SearchCommand extends HelmCommand {
  private static final int LIMIT_MAX = 200;

  /** Less is the lag of a moment, and only of interest where nothing was found. */
  private static final int LAG_TOLD_EVENTS = 200;

  private static final String INDENT = "         ";

  @Parameters(arity = "1..*", paramLabel = "WORDS", description = "what to look for")
  List<String> words = List.of();

  @Option(
      names = "--run",
      paramLabel = "RUN",
      defaultValue = "",
      description = "only in this run: its id, or the beginning of it")
  String run = "";

  @Option(
      names = "--type",
      paramLabel = "TYPE",
      defaultValue = "",
      description = "only events of this type, for example tool.requested; several with commas")
  String type = "";

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "20",
      description = "at most N events (20)")
  int limit = 20;

  @Override
  protected ExitCode run() {
    if (limit < 1 || limit > LIMIT_MAX) {
      throw Failure.usage("--limit " + limit + " is no number from 1 to " + LIMIT_MAX + ".", "");
    }
    Reply reply = client().search(typed(words), run, type, limit);
    if (json) {
      return print(reply, "");
    }
    Bodies.SearchResult found = reply.as(Bodies.SearchResult.class);
    List<Bodies.SearchHit> hits = found.items();
    Map<String, String> ids =
        ShownIds.of(hits.stream().map(Bodies.SearchHit::run).distinct().toList());
    LocalDate today = LocalDate.now(ZoneId.systemDefault());
    hits.forEach(hit -> show(hit, ids.getOrDefault(hit.run(), hit.run()), today));
    tell(found);
    return ExitCode.DONE;
  }

  /** The shell took the quotes away; a word with a blank in it was quoted. */
  private static String typed(List<String> words) {
    if (words.size() == 1) {
      return words.getFirst();
    }
    StringBuilder text = new StringBuilder();
    for (String word : words) {
      boolean quoted = word.contains(" ") && !word.contains("\"");
      text.append(text.isEmpty() ? "" : " ").append(quoted ? '"' + word + '"' : word);
    }
    return text.toString();
  }

  /** One line in a pipe; in a terminal the words stand in a row of their own. */
  private void show(Bodies.SearchHit hit, String id, LocalDate today) {
    Line head =
        Line.of(Role.QUIET, when(hit.at(), today) + " ")
            .add(Role.REST, SafeText.line(id) + " ")
            .add(Role.STRONG, SafeText.line(hit.runName()))
            .add(Role.QUIET, " · " + hit.seq() + " · " + SafeText.line(hit.type()));
    int width = out().width();
    if (width == 0) {
      out().line(words(head.add(Role.QUIET, " · "), hit.snippet(), 0));
      return;
    }
    out().line(head);
    int room = width - INDENT.length();
    out().line(words(Line.of(Role.QUIET, INDENT), hit.snippet(), from(hit.snippet(), room)));
  }

  /** Where a snippet begins, so that its first word that was looked for is on the screen. */
  private static int from(Bodies.Snippet snippet, int room) {
    int first = snippet.marks().isEmpty() ? 0 : snippet.marks().getFirst().start();
    return Columns.of(SafeText.line(snippet.text())) <= room || first < room / 2
        ? 0
        : Math.min(first, Math.max(0, first - room / 3));
  }

  private static Line words(Line line, Bodies.Snippet snippet, int from) {
    String text = snippet.text();
    int at = Math.min(from, text.length());
    line.add(Role.QUIET, at > 0 ? "…" : "");
    for (Bodies.Mark mark : snippet.marks()) {
      if (mark.start() < at || mark.end() > text.length() || mark.start() >= mark.end()) {
        continue; // what the service says is checked like anything that comes from elsewhere
      }
      line.add(Role.QUIET, part(text, at, mark.start()));
      line.add(Role.STRONG, part(text, mark.start(), mark.end()));
      at = mark.end();
    }
    return line.add(Role.QUIET, part(text, at, text.length()));
  }

  private static String part(String text, int from, int to) {
    return SafeText.line(text.substring(from, to).replaceAll("\\s+", " "));
  }

  /** The time alone for today, with its day else. */
  private static String when(String at, LocalDate today) {
    Instant instant = Times.instant(at);
    ZoneId zone = ZoneId.systemDefault();
    String clock = Times.clock(at, zone);
    return instant == null || instant.atZone(zone).toLocalDate().equals(today)
        ? clock
        : instant.atZone(zone).toLocalDate() + " " + clock;
  }

  private void tell(Bodies.SearchResult found) {
    if (found.behind() > LAG_TOLD_EVENTS || (found.behind() > 0 && found.items().isEmpty())) {
      out().say(found.behind() + " newest events cannot be found yet; a moment.");
    }
    if (found.partial()) {
      out().say("Time was up before all was looked through: narrow it with --run or more words.");
    }
    if (found.items().isEmpty()) {
      out().say("No event has these words." + beginnings());
    } else if (found.nextCursor() != null) {
      out().say("There are more: raise --limit, or narrow with --run, --type or more words.");
    } else {
      String id = found.items().getFirst().run();
      advise("helm watch " + id.substring(0, Math.min(4, id.length())));
    }
  }

  private String beginnings() {
    return words.stream().anyMatch(word -> word.endsWith("*")) ? "" : " word* finds beginnings.";
  }
}
