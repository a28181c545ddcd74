package dev.helm.cli.launch.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.cli.Env;
import dev.helm.cli.launch.Finding;
import dev.helm.cli.render.Paint;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** How the report looks: in a pipe, on narrow and wide terminals, with and without colours. */
class ReportTextTest {
  private static final Report REPORT =
      new Report(
          List.of(
              new Report.Section(
                  "Machine",
                  List.of(
                      Finding.fine("JDK", "25"),
                      Finding.wrong("disk", "0.0 GB free of a very large disk", "free some space"),
                      Finding.warn("evil\u001b[2J", "a\nb", "c")))));

  private static List<String> lines(Paint paint, int columns) {
    return new ReportText(paint, columns).lines(REPORT, false);
  }

  @Test
  void inAPipeEachFindingIsOneLineWithItsRepair() {
    List<String> lines = new ReportText(Paint.NONE, null).lines(REPORT, false);
    assertThat(lines).hasSize(5);
    assertThat(lines.get(0)).isEqualTo("✓ Machine · JDK · 25");
    assertThat(lines.get(1))
        .isEqualTo("✗ Machine · disk · 0.0 GB free of a very large disk → free some space");
    assertThat(lines.get(3)).isEqualTo("1 error, 1 warning, 1 as they should be");
    assertThat(lines.get(4)).isEqualTo("Next: disk → free some space");
    assertThat(lines).noneMatch(line -> line.contains("\u001b") || line.contains("\n"));
  }

  @Test
  void onATerminalNoLineIsWiderThanIt() {
    for (int columns : new int[] {50, 60, 80, 100}) {
      assertThat(lines(Paint.NONE, columns)).allMatch(line -> line.length() <= columns);
    }
  }

  @Test
  void coloursAreOnlyWhereTheTerminalHasThem() {
    Paint none = Paint.of(new Env(Map.of("TERM", "xterm", "NO_COLOR", "1"), Path.of("/")), true);
    assertThat(lines(none, 80)).noneMatch(line -> line.contains("\u001b"));
    Paint some = Paint.of(new Env(Map.of("TERM", "xterm"), Path.of("/")), true);
    assertThat(lines(some, 80)).anyMatch(line -> line.contains("\u001b[31m✗"));
    // What was found never colours or moves anything itself.
    assertThat(lines(some, 80)).noneMatch(line -> line.contains("\u001b[2J"));
  }

  @Test
  void whenNothingIsWrongANewcomerIsToldWhatToDo() {
    Report good =
        new Report(List.of(new Report.Section("Machine", List.of(Finding.fine("JDK", "25")))));
    assertThat(new ReportText(Paint.NONE, null).lines(good, false).getLast())
        .contains("helm up")
        .contains("helm demo");
    assertThat(new ReportText(Paint.NONE, null).lines(good, true).getLast())
        .contains("helm status");
    assertThat(good.exitStatus()).isZero();
    assertThat(REPORT.exitStatus()).isEqualTo(1);
  }
}
