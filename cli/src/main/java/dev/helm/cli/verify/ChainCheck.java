package dev.helm.cli.verify;

import dev.helm.api.event.LoggedEvent;
import dev.helm.cli.http.Json;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The chain: each event stands as it was written, has the number after the one before, names that
 * one's hash, and its own hash is that of its content.
 */
final class ChainCheck {
  private static final String PART = "chain";

  private final String run;
  private final Report report;
  private final EventLine fast = new EventLine();
  private long seq;
  private String hash = LoggedEvent.NO_PREV;
  private String at = "";

  ChainCheck(String run, Report report) {
    this.run = run;
    this.report = report;
  }

  /** An event whose line could be read. */
  record Read(
      long seq, String at, String type, String agent, Map<String, Object> data, String hash) {}

  /** Takes the next line; null when there is no event in it. */
  @Nullable Read take(Lines line) {
    LoggedEvent event;
    boolean same;
    String expected;
    if (fast.read(line.bytes(), line.length())) {
      event = fast.event();
      same = fast.hash().equals(event.hash());
      expected = place(event);
    } else {
      try {
        event = event(Json.object(line.text()));
        same = event.hash().equals(event.computedHash());
      } catch (IllegalArgumentException e) {
        report.fault(PART, seq + 1, "where event " + (seq + 1) + " should be is no event");
        seq++;
        return null;
      }
      expected = place(event);
      report.fault(PART, expectedOr(event), "its line is not written as Helm writes events");
    }
    if (!same) {
      report.fault(
          PART,
          expectedOr(event),
          "event " + event.seq() + " was changed: its hash is of other content");
    }
    if (expected.isEmpty() && !event.prev().equals(hash)) {
      report.fault(
          PART,
          event.seq(),
          "event " + event.seq() + " does not follow the one before: that one has another hash");
    }
    if (event.at().compareTo(at) < 0) {
      report.fault(PART, event.seq(), "event " + event.seq() + " is earlier than the one before");
    }
    seq = Math.max(seq + 1, event.seq());
    hash = event.hash();
    at = event.at();
    return new Read(
        event.seq(), event.at(), event.type(), event.agent(), event.data(), event.hash());
  }

  private long expectedOr(LoggedEvent event) {
    return event.seq() > 0 ? event.seq() : seq + 1;
  }

  /** What is wrong with run and number, or an empty text. */
  private String place(LoggedEvent event) {
    String wrong = "";
    if (!event.run().equals(run)) {
      wrong = "event " + event.seq() + " is of another run";
    } else if (event.seq() > seq + 1) {
      long missing = event.seq() - seq - 1;
      wrong =
          missing == 1
              ? "event " + (seq + 1) + " is missing"
              : "events " + (seq + 1) + " to " + (event.seq() - 1) + " are missing";
    } else if (event.seq() <= seq) {
      wrong = "event " + event.seq() + " stands after event " + seq;
    }
    if (!wrong.isEmpty()) {
      report.fault(PART, event.seq(), wrong);
    }
    return wrong;
  }

  /** Number of the last event. */
  long seq() {
    return seq;
  }

  /** Hash of the last event. */
  String hash() {
    return hash;
  }

  private static LoggedEvent event(Map<String, Object> members) {
    if (members.size() == 8
        && members.get("run") instanceof String run
        && members.get("seq") instanceof Number seq
        && members.get("at") instanceof String at
        && members.get("type") instanceof String type
        && members.get("agent") instanceof String agent
        && members.get("data") instanceof Map<?, ?> data
        && members.get("prev") instanceof String prev
        && members.get("hash") instanceof String hash) {
      return new LoggedEvent(run, seq.longValue(), at, type, agent, tree(data), prev, hash);
    }
    throw new IllegalArgumentException("not the members of an event");
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> tree(Map<?, ?> data) {
    return (Map<String, Object>) data;
  }
}
