package dev.helm.cli.launch.doctor;

import dev.helm.cli.launch.Finding;
import dev.helm.cli.launch.Finding.Level;
import dev.helm.cli.render.Paint;
import dev.helm.cli.render.Role;
import dev.helm.cli.render.SafeText;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The report as text. On a terminal findings are folded to its width, with the repair below; in a
 * pipe each is one line: mark, group, subject, text, repair.
 */
public final class ReportText {
  private static final int SUBJECT_MAX = 18;
  private static final int WIDTH_MIN = 50;
  private static final int WIDTH_MAX = 110;

  private final Paint paint;
  private final @Nullable Integer columns;

  /** {@code columns} of the terminal; null in a pipe. */
  public ReportText(Paint paint, @Nullable Integer columns) {
    this.paint = paint;
    this.columns = columns == null ? null : Math.clamp(columns, WIDTH_MIN, WIDTH_MAX);
  }

  /** All lines. */
  public List<String> lines(Report report, boolean running) {
    List<String> lines = new ArrayList<>();
    for (Report.Section section : report.sections()) {
      if (columns != null) {
        lines.add("");
        lines.add(paint.paint(Role.STRONG, section.title()));
      }
      for (Finding finding : section.findings()) {
        if (columns == null) {
          lines.add(oneLine(section.title(), finding));
        } else {
          lines.addAll(folded(finding, columns));
        }
      }
    }
    if (columns != null) {
      lines.add("");
    }
    lines.add(sum(report));
    lines.add(next(report, running));
    return lines;
  }

  private static String oneLine(String title, Finding finding) {
    String line =
        finding.level().mark() + " " + title + " · " + finding.subject() + " · " + finding.text();
    return SafeText.line(finding.repair().isEmpty() ? line : line + " → " + finding.repair());
  }

  private List<String> folded(Finding finding, int width) {
    List<String> lines = new ArrayList<>();
    String subject = SafeText.line(finding.subject());
    boolean apart = subject.length() > SUBJECT_MAX;
    String column = apart ? " ".repeat(SUBJECT_MAX) : padded(subject);
    String mark = paint.paint(role(finding.level()), finding.level().mark());
    if (apart) {
      lines.add("  " + mark + " " + subject);
    }
    int room = width - SUBJECT_MAX - 6;
    boolean first = !apart;
    for (String part : fold(SafeText.line(finding.text()), room)) {
      lines.add(first ? "  " + mark + " " + column + "  " + part : blank() + part);
      first = false;
    }
    if (!finding.repair().isEmpty()) {
      String arrow = "→ ";
      for (String part : fold(SafeText.line(finding.repair()), room - 2)) {
        lines.add(blank() + paint.paint(repairRole(finding.level()), arrow + part));
        arrow = "  ";
      }
    }
    return lines;
  }

  private static String padded(String subject) {
    return subject + " ".repeat(SUBJECT_MAX - subject.length());
  }

  private static String blank() {
    return " ".repeat(SUBJECT_MAX + 6);
  }

  private static Role role(Level level) {
    return switch (level) {
      case FINE -> Role.LIVE;
      case NOTE -> Role.QUIET;
      case WARN -> Role.WAIT;
      case WRONG -> Role.STOP;
    };
  }

  private static Role repairRole(Level level) {
    return switch (level) {
      case FINE, NOTE -> Role.QUIET;
      case WARN, WRONG -> role(level);
    };
  }

  /** Folds between words; a word that is longer than the room, such as a path, keeps its line. */
  private static List<String> fold(String text, int room) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String word : text.split(" ", -1)) {
      if (!line.isEmpty() && line.length() + 1 + word.length() > room) {
        lines.add(line.toString());
        line.setLength(0);
      }
      line.append(line.isEmpty() ? "" : " ").append(word);
    }
    lines.add(line.toString());
    return lines;
  }

  private String sum(Report report) {
    long wrong = report.count(Level.WRONG);
    long warned = report.count(Level.WARN);
    String text =
        number(wrong, "error")
            + ", "
            + number(warned, "warning")
            + ", "
            + (report.count(Level.FINE) + report.count(Level.NOTE))
            + " as they should be";
    return paint.paint(wrong > 0 ? Role.STOP : warned > 0 ? Role.WAIT : Role.LIVE, text);
  }

  private static String number(long count, String what) {
    return (count == 0 ? "no" : count) + " " + what + (count == 1 ? "" : "s");
  }

  /** A newcomer's one next step. */
  private static String next(Report report, boolean running) {
    return report
        .first(Level.WRONG)
        .map(finding -> "Next: " + finding.subject() + " → " + finding.repair())
        .map(SafeText::line)
        .orElse(
            running
                ? "Next: nothing has to be done; helm status shows what it is doing"
                : "Next: helm up starts Helm; helm demo shows what it does, in two minutes");
  }
}
