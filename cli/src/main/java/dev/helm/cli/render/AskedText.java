package dev.helm.cli.render;

import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.api.rest.DecisionBodies;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What explains a permission beside its call: why, what it touches, what an allow would mean. */
public final class AskedText {
  private static final int DIFF_ROWS_MAX = 60;
  private static final int LED_CHARS_MAX = 300;

  private AskedText() {}

  /** Rows of an inbox item's permission; {@code led} is the text that led to the call. */
  public static List<String> rows(@Nullable String led, DecisionBodies.Asked asked) {
    List<String> rows = new ArrayList<>();
    if (asked.editedBy() != null) {
      rows.add("changed by " + SafeText.line(asked.editedBy()) + " before it was allowed");
    }
    preview(rows, asked.preview());
    diff(rows, asked.diff());
    if (led != null && !led.isBlank()) {
      rows.add("led to by: " + SafeText.prose(cut(led.strip())));
    }
    String because = because(asked.rule(), asked.because());
    if (!because.isEmpty()) {
      rows.add("asked because " + because);
    }
    if (asked.risk() != null && !asked.risk().isEmpty()) {
      rows.add("touches: " + SafeText.line(String.join(" · ", asked.risk())));
    }
    if (asked.need() > 1) {
      rows.add(
          "allowed by "
              + asked.approvals().size()
              + " of "
              + asked.need()
              + " people"
              + (asked.approvals().isEmpty()
                  ? ""
                  : ": " + SafeText.line(String.join(", ", asked.approvals()))));
    }
    if (asked.remember() != null) {
      rows.add("could be remembered: " + SafeText.line(asked.remember().rule()));
    }
    return rows;
  }

  /** Rows of the event, as the watch has it. */
  public static List<String> rows(RunEvent.PermissionRequested e) {
    return rows(e.reason(), DecisionBodies.Asked.of(e));
  }

  /** One line for lists: the rule or reason, the risk, how many have allowed. */
  public static String line(DecisionBodies.Asked asked) {
    List<String> parts = new ArrayList<>();
    String because = because(asked.rule(), asked.because());
    if (!because.isEmpty()) {
      parts.add(because);
    }
    if (asked.risk() != null) {
      asked.risk().forEach(risk -> parts.add(SafeText.line(risk)));
    }
    if (asked.need() > 1) {
      parts.add(asked.approvals().size() + " of " + asked.need() + " have allowed");
    }
    return String.join(" · ", parts);
  }

  /** {@code escalated to owner since 14:02:13}; an empty text before that. */
  public static String escalated(
      @Nullable List<String> to, @Nullable String at, Instant now, ZoneId zone) {
    return to == null
        ? ""
        : "escalated to "
            + SafeText.line(String.join(", ", to))
            + (at == null ? "" : " since " + Times.since(at, now, zone));
  }

  private static String because(@Nullable String rule, @Nullable String because) {
    String why = because == null ? "" : SafeText.line(because);
    if (rule == null) {
      return why;
    }
    return why.isEmpty() ? "a rule asks: " + SafeText.line(rule) : why + ": " + SafeText.line(rule);
  }

  private static void preview(List<String> rows, RunEvent.@Nullable Preview preview) {
    if (preview != null && preview.none() != null) {
      rows.add("no preview: " + SafeText.line(preview.none()));
    } else if (preview != null) {
      rows.add("preview by " + SafeText.line(preview.tool()));
    }
  }

  private static void diff(List<String> rows, @Nullable Content diff) {
    if (diff instanceof Content.Text text) {
      List<String> lines = SafeText.block(text.text()).lines().toList();
      rows.addAll(lines.subList(0, Math.min(DIFF_ROWS_MAX, lines.size())));
      if (lines.size() > DIFF_ROWS_MAX) {
        rows.add("… " + (lines.size() - DIFF_ROWS_MAX) + " more rows of the diff");
      }
    }
  }

  private static String cut(String text) {
    return text.length() <= LED_CHARS_MAX ? text : text.substring(0, LED_CHARS_MAX - 1) + "…";
  }
}
