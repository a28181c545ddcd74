package dev.helm.cli.watch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.cli.render.Line;
import dev.helm.cli.render.Paint;
import dev.helm.cli.render.Role;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The bytes that a real terminal gets: the screen's own sequences, and nothing of the data's. */
class TerminalScreenSafetyTest {
  /** How the screen goes back over the rows that it draws anew. */
  private static final Pattern OWN = Pattern.compile("\r(\u001b\\[[0-9]+A)?\u001b\\[J");

  private static final List<String> HOSTILE =
      List.of(
          "\u001b[31mred\u001b[2J",
          "\u001b]52;c;AAAA\u0007",
          "\u001b]8;;https://evil.test\u001b\\link",
          "a\rb\bc\u007f\u009b1m",
          "x\u202ey\u2066z\u200b",
          "one\ntwo\nthree");

  @Test
  void onlyTheScreensOwnSequencesReachTheTerminal() {
    for (String hostile : HOSTILE) {
      StringWriter terminal = new StringWriter();
      TerminalScreen screen = new TerminalScreen(new PrintWriter(terminal), () -> 40, Paint.NONE);
      screen.footer(List.of(Line.of(Role.WAIT, hostile), Line.of().object(Role.TEXT, hostile)));
      screen.print(List.of(Line.of().prose(Role.TEXT, hostile)));
      screen.say(hostile);
      screen.footer(List.of(Line.of(Role.WAIT, "done")));
      screen.close();
      String own = terminal.toString();
      assertThat(own).as("positive control: the screen draws").contains("\u001b[J");
      String rest = OWN.matcher(own).replaceAll("");
      for (byte each : rest.getBytes(StandardCharsets.UTF_8)) {
        assertThat(each == '\n' || (each & 0xff) >= 0x20 && each != 0x7f).as(rest).isTrue();
      }
      assertThat(rest.codePoints())
          .noneMatch(c -> Character.getType(c) == Character.FORMAT || c >= 0x80 && c <= 0x9f);
    }
  }
}
