package dev.helm.activities.probes;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * docs/probes.md lists exactly the probes that there are; -Dhelm.probes.write=true writes it anew.
 */
final class ProbesPageTest {
  private static final Path PAGE = Path.of("..", "docs", "probes.md");
  private static final String BEGIN = "<!-- probes: written by ProbesPageTest -->\n";
  private static final String HEAD =
      """
      | probe | attack | safeguard | seen by | the control lacks |
      |---|---|---|---|---|
      """;

  @Test
  void thePageListsAllProbes() throws IOException {
    String page = Files.readString(PAGE);
    int at = page.indexOf(BEGIN);
    assertThat(at).as("the mark in docs/probes.md").isPositive();
    String wanted = page.substring(0, at) + BEGIN + table();
    if (Boolean.getBoolean("helm.probes.write")) {
      Files.writeString(PAGE, wanted);
    }
    assertThat(Files.readString(PAGE)).isEqualTo(wanted);
  }

  @Test
  void namesAreUniqueAndThereAreEnough() {
    List<String> names = Probes.all().stream().map(Probe::name).toList();
    assertThat(names).doesNotHaveDuplicates().hasSizeGreaterThan(100);
  }

  private static String table() {
    return HEAD + Probes.all().stream().map(ProbesPageTest::row).collect(joining("\n", "", "\n"));
  }

  private static String row(Probe probe) {
    return "| `%s` | %s | %s | %s | %s |"
        .formatted(
            probe.name(), probe.attack(), probe.safeguard(), probe.seen(), probe.lacking().words());
  }
}
