package dev.helm.cli.launch.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.cli.launch.doctor.Escapes.Escape;
import dev.helm.cli.launch.doctor.Escapes.Verdict;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Versions against known escapes; what cannot be told is never taken for fixed. */
class EscapesTest {
  @TempDir Path machine;
  private final Escapes escapes = Escapes.read();

  private Escape of(String id) {
    return escapes.all().stream().filter(e -> e.id().equals(id)).findFirst().orElseThrow();
  }

  @ParameterizedTest
  @CsvSource({
    "CVE-2024-21626, 1.1.11, OPEN",
    "CVE-2024-21626, 1.1.12, FIXED",
    "CVE-2024-21626, 1.2.0, FIXED",
    "CVE-2024-21626, 1.0.0-rc95, OPEN",
    "CVE-2024-21626, 1.1.7-0ubuntu1, OPEN",
    "CVE-2024-21626, unknown, UNKNOWN",
    "CVE-2019-5736, 1.0.0-rc6, OPEN",
    "CVE-2019-5736, 1.0.0-rc7, FIXED",
    "CVE-2019-5736, 1.0.0, FIXED",
    "CVE-2021-30465, 1.0.0-rc94, OPEN",
    "CVE-2021-30465, 1.0.0-rc95, FIXED",
    "CVE-2025-31133, 1.2.7, OPEN",
    "CVE-2025-31133, 1.2.8, FIXED",
    "CVE-2025-31133, 1.3.2, OPEN",
    "CVE-2025-31133, 1.3.3, FIXED",
    "CVE-2025-31133, 1.4.0-rc.2, OPEN",
    "CVE-2025-31133, 1.4.0-rc.3, FIXED",
    "CVE-2025-31133, 1.1.15, OPEN",
    "CVE-2025-31133, 1.5.0, FIXED",
    "CVE-2022-23648, v1.5.9, OPEN",
    "CVE-2022-23648, v1.7.2, FIXED",
    "CVE-2024-41110, 24.0.9, OPEN",
    "CVE-2024-41110, 28.0.0, FIXED",
    "CVE-2019-14271, 19.03.0, OPEN",
    "CVE-2019-14271, 19.03.8, FIXED",
    "CVE-2024-1086, 6.1.75, OPEN",
    "CVE-2024-1086, 6.1.76, FIXED",
    "CVE-2024-1086, 6.18.44-fc-v509, FIXED",
    "CVE-2024-1086, 3.10.0-1160.el7.x86_64, FIXED",
    "CVE-2022-0847, 5.4.1, FIXED"
  })
  void upstreamsVersions(String id, String version, Verdict expected) {
    assertThat(Escapes.upstream(of(id), version)).isEqualTo(expected);
  }

  private Machine debian(Set<String> held) throws IOException {
    Files.createDirectories(machine.resolve("etc"));
    Files.writeString(machine.resolve("etc/os-release"), "ID=debian\nVERSION_ID=\"12\"\n");
    return new Machine(
        machine,
        command -> held.contains(String.join(" ", command)) ? Optional.of("") : Optional.empty());
  }

  @Test
  void aPackageIsComparedWithItsDistributionsFix() throws IOException {
    Escape escape = of("CVE-2024-21626");
    String compared = "dpkg --compare-versions 1 lt 2";
    String newer = "dpkg --compare-versions 1.1.5+ds1-1+deb12u1 ge 1.1.5+ds1-1+deb12u1";
    assertThat(
            Escapes.packaged(
                debian(Set.of(compared, newer)), escape, "runc", "1.1.5+ds1-1+deb12u1"))
        .isEqualTo(Verdict.FIXED);
    assertThat(Escapes.packaged(debian(Set.of(compared)), escape, "runc", "1.1.5+ds1-1"))
        .as("older than the fixed package")
        .isEqualTo(Verdict.OPEN);
    assertThat(Escapes.packaged(debian(Set.of()), escape, "runc", "1.1.5+ds1-1"))
        .as("nobody can compare")
        .isEqualTo(Verdict.UNKNOWN);
    assertThat(Escapes.packaged(debian(Set.of()), escape, "runc", "1.3.3+ds1-1"))
        .as("upstream's version has it")
        .isEqualTo(Verdict.FIXED);
  }

  @Test
  void whereNoFixIsKnownThePackagesChangelogTellsOrNothingDoes() throws IOException {
    Escape escape = of("CVE-2025-31133");
    Machine debian = debian(Set.of("dpkg --compare-versions 1 lt 2"));
    assertThat(Escapes.packaged(debian, escape, "runc", "1.1.5+ds1-1+deb12u1"))
        .isEqualTo(Verdict.UNKNOWN);
    Path changelog = machine.resolve("usr/share/doc/runc/changelog.Debian.gz");
    Files.createDirectories(changelog.getParent());
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(changelog))) {
      out.write(
          "runc (1.1.5+ds1-1+deb12u2)\n  * CVE-2025-31133\n".getBytes(StandardCharsets.UTF_8));
    }
    assertThat(Escapes.packaged(debian, escape, "runc", "1.1.5+ds1-1+deb12u2"))
        .isEqualTo(Verdict.FIXED);
    assertThat(Escapes.packaged(debian, of("CVE-2025-52881"), "runc", "1.1.5+ds1-1+deb12u2"))
        .isEqualTo(Verdict.UNKNOWN);
  }

  @Test
  void theRealDpkgComparesAsDebianDoes() {
    Machine real = Machine.real();
    org.junit.jupiter.api.Assumptions.assumeTrue(
        real.run("dpkg", "--version").isPresent(), "needs dpkg");
    assertThat(
            real.run("dpkg", "--compare-versions", "1.1.5+ds1-1+b1", "ge", "1.1.5+ds1-1+deb12u1"))
        .isEmpty();
    assertThat(real.run("dpkg", "--compare-versions", "1.1.5+ds1-1+deb12u1", "ge", "1.1.5+ds1-1"))
        .isPresent();
  }

  @Test
  void theTableIsWhole() {
    assertThat(escapes.all()).hasSizeGreaterThanOrEqualTo(17);
    assertThat(escapes.all())
        .allSatisfy(
            escape -> {
              assertThat(escape.id()).matches("CVE-20[0-9]{2}-[0-9]{4,6}");
              assertThat(escape.upstream()).isNotEmpty();
              assertThat(List.of("runc", "containerd", "engine", "kernel"))
                  .contains(escape.component());
            });
  }
}
