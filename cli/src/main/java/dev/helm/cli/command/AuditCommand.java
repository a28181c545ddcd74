package dev.helm.cli.command;

import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.Json;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.Line;
import dev.helm.cli.render.Role;
import dev.helm.cli.render.SafeText;
import dev.helm.cli.render.Times;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code helm audit}. */
@Command(
    name = "helm audit",
    header = "helm audit --who ann --action decision.made,change.made",
    description = {
      "Shows who logged in, looked, decided and changed: the newest entries, the last one below.",
      "For owners of all projects. With its proofs as a file: helm export --audit."
    })
public final class AuditCommand extends HelmCommand {
  private static final int LIMIT_MAX = 1_000;
  private static final int LOOK_EVERY_MS = 1_000;

  /** Told in their own place, or of use to programs only. */
  private static final Set<String> QUIET = Set.of("by", "address", "device", "bodySha256");

  /** A hash in full says no more to a person; --json has it. */
  private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

  private static final int HASH_CHARS_SHOWN = 12;

  /** Its beginning names a run everywhere. */
  private static final Pattern RUN = Pattern.compile("[0-9a-f]{32}");

  private static final int RUN_CHARS_SHOWN = 8;

  @Option(
      names = "--who",
      paramLabel = "NAME",
      defaultValue = "",
      description = "only what this person or program did")
  String who = "";

  @Option(
      names = "--action",
      paramLabel = "TYPE",
      defaultValue = "",
      description = {
        "only entries of this type; several with commas: login.succeeded login.failed",
        "session.refreshed content.read change.asked decision.made change.made change.refused"
      })
  String action = "";

  @Option(
      names = "--after",
      paramLabel = "N",
      description = "the entries that come after number N, instead of the newest")
  @Nullable Long after;

  @Option(
      names = "--before",
      paramLabel = "N",
      description = "the newest that come before number N: the page above")
  @Nullable Long before;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "50",
      description = "at most N entries (50)")
  int limit = 50;

  @Option(
      names = {"-f", "--follow"},
      description = "go on with those that come; Ctrl-C ends it")
  boolean follow;

  @Override
  protected ExitCode run() {
    check();
    if (follow) {
      return following();
    }
    Reply page = page(after == null ? "before" : "after", after == null ? newest() : after);
    if (json) {
      return print(page, "");
    }
    List<Map<String, Object>> entries = entries(page);
    entries.forEach(this::show);
    tell(entries);
    return ExitCode.DONE;
  }

  private void check() {
    if (limit < 1 || limit > LIMIT_MAX) {
      throw Failure.usage("--limit " + limit + " is no number from 1 to " + LIMIT_MAX + ".", "");
    }
    if (before != null && (after != null || follow)) {
      throw Failure.usage(
          "--before looks back, --after and --follow look ahead.", "Give one of them.");
    }
  }

  private long newest() {
    return before == null ? 1L << 53 : before;
  }

  private Reply page(String from, long seq) {
    return client().audit(Map.of(from, String.valueOf(seq), "who", who, "action", action), limit);
  }

  /** One line an entry for programs too, since such a list has no end. */
  private ExitCode following() {
    Reply page = after == null ? page("before", newest()) : page("after", after);
    while (true) {
      for (Map<String, Object> entry : entries(page)) {
        if (json) {
          out().line(Json.write(entry));
        } else {
          show(entry);
        }
      }
      long last = page.tree().get("last") instanceof Number number ? number.longValue() : 0;
      if (entries(page).size() < limit || after == null) {
        rest();
      }
      after = last;
      page = page("after", last);
    }
  }

  private static void rest() {
    try {
      Thread.sleep(LOOK_EVERY_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Failure(ExitCode.FAILED, "Interrupted.", "", "", e);
    }
  }

  @SuppressWarnings("unchecked")
  private static List<Map<String, Object>> entries(Reply page) {
    return page.tree().get("items") instanceof List<?> items
        ? items.stream()
            .filter(Map.class::isInstance)
            .map(item -> (Map<String, Object>) item)
            .toList()
        : List.of();
  }

  /** {@code 14:02:11 ann · change.made · stop · status 202 · 10.0.0.7}. */
  private void show(Map<String, Object> entry) {
    Map<?, ?> data = entry.get("data") instanceof Map<?, ?> map ? map : Map.of();
    String type = text(entry.get("type"));
    boolean refused = type.endsWith(".failed") || type.endsWith(".refused");
    Line line =
        Line.of(Role.QUIET, text(entry.get("seq")) + " " + when(text(entry.get("at"))) + " ")
            .add(Role.STRONG, SafeText.line(text(entry.get("agent"))))
            .add(Role.QUIET, " · ")
            .add(refused ? Role.STOP : Role.REST, SafeText.line(type));
    TreeMap<String, String> said = new TreeMap<>();
    data.forEach((name, value) -> said.put(text(name), told(value)));
    if (data.get("path") instanceof String path) {
      said.remove("method");
      said.remove("path");
      line.add(Role.QUIET, " · ").add(Role.REST, asked(text(data.get("method")), path, data));
    }
    said.forEach(
        (name, value) -> {
          if (!QUIET.contains(name)) {
            line.add(Role.QUIET, SafeText.line(" · " + name + " ")).add(Role.REST, value);
          }
        });
    String from = said.getOrDefault("address", "");
    String device = said.getOrDefault("device", "");
    line.add(Role.QUIET, from.isEmpty() ? "" : " · " + from)
        .add(Role.QUIET, device.isEmpty() ? "" : " · " + device);
    out().line(line);
  }

  /**
   * What was asked for, in words: {@code rollback} of the run that is named beside it, {@code new
   * users}, {@code remove rules r-1}. With --json it is the request as it was.
   */
  private static String asked(String method, String path, Map<?, ?> data) {
    List<String> words = new ArrayList<>();
    for (String part : path.replaceFirst("^/(?:api/)?", "").split("/", -1)) {
      words.add(told(part));
    }
    boolean ofRun = words.size() > 2 && words.getFirst().equals("runs") && data.containsKey("run");
    String what = String.join(" ", ofRun ? words.subList(2, words.size()) : words);
    return switch (method) {
      case "DELETE" -> "remove " + what;
      case "PUT", "PATCH" -> "set " + what;
      case "POST" -> words.size() == 1 && what.endsWith("s") ? "new " + what : what;
      default -> what;
    };
  }

  private static String told(@Nullable Object value) {
    if (value instanceof String hash && HASH.matcher(hash).matches()) {
      return hash.substring(0, HASH_CHARS_SHOWN) + "…";
    }
    if (value instanceof String id && RUN.matcher(id).matches()) {
      return id.substring(0, RUN_CHARS_SHOWN);
    }
    return SafeText.line(
        value instanceof Map<?, ?> || value instanceof List<?> ? Json.write(value) : text(value));
  }

  private static String text(@Nullable Object value) {
    return value == null ? "" : String.valueOf(value);
  }

  /** The time alone for today, with its day else. */
  private static String when(String at) {
    Instant instant = Times.instant(at);
    ZoneId zone = ZoneId.systemDefault();
    String clock = Times.clock(at, zone);
    return instant == null || instant.atZone(zone).toLocalDate().equals(LocalDate.now(zone))
        ? clock
        : instant.atZone(zone).toLocalDate() + " " + clock;
  }

  private void tell(List<Map<String, Object>> entries) {
    if (entries.isEmpty()) {
      out().say("No entry is like that.");
    } else if (entries.size() == limit && after == null) {
      out().say("The page above: --before " + text(entries.getFirst().get("seq")));
    } else if (entries.size() == limit) {
      out().say("There are more: --after " + text(entries.getLast().get("seq")));
    }
  }
}
