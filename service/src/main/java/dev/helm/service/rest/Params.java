package dev.helm.service.rest;

import dev.helm.api.Role;
import dev.helm.api.RunId;
import dev.helm.api.RunStatus;
import dev.helm.api.event.RunEvent;
import dev.helm.api.rest.ErrorCode;
import dev.helm.service.blueprint.Nearest;
import dev.helm.service.store.Access;
import dev.helm.service.store.AuditStore;
import dev.helm.service.store.RunQueries;
import dev.helm.service.store.Times;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Query parameters and ids as clients write them. */
final class Params {
  private static final int LIMIT_DEFAULT = 100;
  private static final Pattern PROJECT = Pattern.compile("[a-z0-9-]{1,64}");

  private static final Instant OLDEST = Instant.parse("1000-01-01T00:00:00Z");
  private static final Instant NEWEST = Instant.parse("9999-01-01T00:00:00Z");

  private Params() {}

  static int limit(@Nullable String text) {
    return text == null ? LIMIT_DEFAULT : (int) number("limit", text, 1, RunQueries.LIMIT_MAX);
  }

  static long after(@Nullable String text) {
    return text == null ? 0 : number("after", text, 0, 1L << 53);
  }

  /** 0 where it is not given. */
  static long before(@Nullable String text) {
    return text == null ? 0 : number("before", text, 1, 1L << 53);
  }

  /** Types of the audit log separated by commas. */
  static Set<String> actions(@Nullable String text) {
    List<String> known =
        Arrays.stream(AuditStore.Type.values()).map(AuditStore.Type::word).toList();
    for (String word : words(text)) {
      if (!known.contains(word)) {
        throw ProblemException.member(
            "action", "expected one of " + String.join(", ", known), Nearest.hint(word, known));
      }
    }
    return new TreeSet<>(words(text));
  }

  /** The cursor of a list that is ordered by seq. */
  static long seqCursor(String text) {
    if (!text.matches("[0-9]{1,15}")) {
      throw new dev.helm.service.store.InvalidCursorException("this is no cursor of this list");
    }
    return Long.parseLong(text);
  }

  private static long number(String name, String text, long min, long max) {
    if (text.matches("[0-9]{1,16}")) {
      long value = Long.parseLong(text);
      if (value >= min && value <= max) {
        return value;
      }
    }
    throw ProblemException.member(name, "expected a whole number from " + min + " to " + max, null);
  }

  /** Words separated by commas; {@code active} stands for the three that it means. */
  static Set<RunStatus> statuses(@Nullable String text) {
    EnumSet<RunStatus> statuses = EnumSet.noneOf(RunStatus.class);
    List<String> words = new ArrayList<>(List.of("active"));
    Arrays.stream(RunStatus.values()).map(RunStatus::word).forEach(words::add);
    for (String word : words(text)) {
      if (word.equals("active")) {
        Arrays.stream(RunStatus.values()).filter(RunStatus::active).forEach(statuses::add);
      } else if (words.contains(word)) {
        statuses.add(RunStatus.of(word));
      } else {
        throw ProblemException.member(
            "status", "expected one of " + String.join(", ", words), Nearest.hint(word, words));
      }
    }
    return statuses;
  }

  /** Event types separated by commas. */
  static Set<String> types(@Nullable String text) {
    Set<String> types = new TreeSet<>();
    for (String word : words(text)) {
      if (!RunEvent.TYPES.containsKey(word)) {
        throw ProblemException.member(
            "type",
            "there is no event type \"" + word + "\"",
            Nearest.hint(word, RunEvent.TYPES.keySet()));
      }
      types.add(word);
    }
    return types;
  }

  /** A moment, as the log writes it; null for none. */
  static @Nullable String time(String name, @Nullable String text) {
    if (text == null || text.isEmpty()) {
      return null;
    }
    try {
      // A plus that was not escaped arrives as a blank.
      Instant at = OffsetDateTime.parse(text.replace(' ', '+')).toInstant();
      if (at.isAfter(OLDEST) && at.isBefore(NEWEST)) {
        return Times.text(at);
      }
    } catch (DateTimeParseException e) {
      // Answered below.
    }
    throw ProblemException.member(
        name, "expected a time with its zone, like 2026-03-02T14:00:00Z", null);
  }

  /** Text that fits into the limit, without control characters but line ends and tabs. */
  static String text(String name, String value, int charsMax) {
    if (value.isBlank() || value.length() > charsMax) {
      throw ProblemException.member(name, "expected 1 to " + charsMax + " characters", null);
    }
    boolean odd = value.chars().anyMatch(c -> c < 0x20 && c != '\n' && c != '\r' && c != '\t');
    if (odd || value.indexOf('\u007f') >= 0) {
      throw ProblemException.member(name, "control characters are not accepted", null);
    }
    return value;
  }

  /** One line of text. */
  static String line(String name, String value, int charsMax) {
    text(name, value, charsMax);
    if (value.chars().anyMatch(c -> c < 0x20)) {
      throw ProblemException.member(name, "expected one line", null);
    }
    return value;
  }

  /** A project's name, or the star for all. */
  static String project(String member, String value) {
    if (!value.equals(Role.EVERYWHERE) && !PROJECT.matcher(value).matches()) {
      throw ProblemException.member(
          member, "a project is 1 to 64 of a-z, 0-9 and dash, or * for all", null);
    }
    return value;
  }

  /** The full id that an unambiguous beginning stands for. */
  static String run(RunQueries queries, Access access, String id) {
    RunQueries.Resolved found =
        RunId.isPrefix(id) ? queries.resolve(access, id) : new RunQueries.Resolved.None();
    return switch (found) {
      case RunQueries.Resolved.One one -> one.run();
      case RunQueries.Resolved.None _ ->
          throw ProblemException.of(
              ErrorCode.NOT_FOUND,
              "there is no run with that id",
              "an id is 32 lower-case hex digits, or its unambiguous beginning; helm runs lists"
                  + " them");
      case RunQueries.Resolved.Ambiguous many ->
          throw ProblemException.with(
              ErrorCode.AMBIGUOUS_ID,
              "\"" + id + "\" is the beginning of more than one run's id",
              "write more digits",
              Map.of("matches", String.join(" ", many.runs())));
    };
  }

  private static List<String> words(@Nullable String text) {
    return text == null || text.isEmpty() ? List.of() : Arrays.asList(text.split(",", 50));
  }
}
