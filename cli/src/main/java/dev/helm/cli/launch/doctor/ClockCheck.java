package dev.helm.cli.launch.doctor;

import dev.helm.cli.launch.Checks;
import dev.helm.cli.launch.Finding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.time.zone.ZoneRulesProvider;
import java.util.List;

/** Events, tokens and schedules carry the clock's time. */
final class ClockCheck implements Check {
  private static final int SKEW_S_MAX = 300;

  private final Site site;
  private final Instant now;

  ClockCheck(Site site, Instant now) {
    this.site = site;
    this.now = now.truncatedTo(ChronoUnit.SECONDS);
  }

  @Override
  public List<Finding> look() {
    return List.of(clock(), inStep(), zones());
  }

  private Finding clock() {
    if (now.isBefore(Checks.EARLIEST)) {
      return Finding.wrong("clock", now + " is before Helm was made", "set the clock");
    }
    Path log = site.home().root().resolve("helm.db-wal");
    try {
      if (Files.exists(log)
          && Files.getLastModifiedTime(log).toInstant().isAfter(now.plusSeconds(SKEW_S_MAX))) {
        return Finding.wrong(
            "clock",
            now + " is before the last event was written; new events keep that one's time",
            "set the clock");
      }
    } catch (IOException e) {
      // Not ours to see: then the clock is all that can be told.
    }
    return Finding.fine("clock", now.toString());
  }

  private Finding inStep() {
    Machine machine = site.machine();
    boolean flag = Files.exists(machine.path("/run/systemd/timesync/synchronized"));
    String said = machine.run("timedatectl", "show", "-p", "NTPSynchronized", "--value").orElse("");
    boolean chrony =
        machine.run("chronyc", "-n", "tracking").orElse("").contains("Leap status     : Normal");
    if (flag || said.equals("yes") || chrony) {
      return Finding.fine("time server", "the clock is kept in step");
    }
    return said.equals("no")
        ? Finding.warn(
            "time server",
            "the clock is not in step with one",
            "timedatectl set-ntp true, or install chrony")
        : Finding.note(
            "time server",
            "not to be seen from here whether the clock is kept in step",
            "in a container or a virtual machine the host's clock counts; check that one");
  }

  private static Finding zones() {
    String version = ZoneRulesProvider.getVersions("UTC").lastEntry().getKey();
    return Finding.fine(
        "time zones", "rules of " + version + " · this machine is in " + ZoneId.systemDefault());
  }
}
