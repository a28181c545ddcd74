package dev.helm.cli.launch.doctor;

import dev.helm.cli.launch.Account;
import dev.helm.cli.launch.Finding;
import dev.helm.cli.launch.Finding.Level;
import dev.helm.cli.launch.RunState;
import dev.helm.cli.launch.Settings;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * All that was found, by groups.
 *
 * @param sections in the order in which they are read
 */
public record Report(List<Section> sections) {
  /** One group of findings. */
  public record Section(String title, List<Finding> findings) {
    /** Copies the list. */
    public Section {
      findings = List.copyOf(findings);
    }
  }

  /** Copies the list. */
  public Report {
    sections = List.copyOf(sections);
  }

  /** Looks at what these settings would start, and at what runs in their HELM_HOME. */
  public static Report of(Settings settings) {
    Optional<RunState> running =
        RunState.read(settings.home().stateFile()).filter(RunState::launcherAlive);
    return of(new Site(settings, running, Machine.real(), Account.ownUid()));
  }

  static Report of(Site site) {
    return new Report(
        List.of(
            section(
                "Machine",
                new SystemCheck(site),
                new ResourceCheck(site),
                new ClockCheck(site, Instant.now())),
            section("Container engine", new EngineCheck(site)),
            section("Installation", new ProcessCheck(site)),
            section("Safety", new HomeCheck(site), new SecretsCheck(site), new BoundaryCheck(site)),
            section("What leaves this machine", new OutgoingCheck(site))));
  }

  private static Section section(String title, Check... checks) {
    return new Section(
        title, List.of(checks).stream().flatMap(check -> findings(check).stream()).toList());
  }

  /** One check that stumbles must not hide what the others found, nor itself. */
  private static List<Finding> findings(Check check) {
    try {
      return check.look();
    } catch (RuntimeException e) {
      return List.of(
          Finding.wrong(
              check.getClass().getSimpleName(),
              "this check failed: " + e,
              "please report it; the others are not affected"));
    }
  }

  /** How many findings are of this level. */
  public long count(Level level) {
    return sections.stream()
        .flatMap(section -> section.findings().stream())
        .filter(finding -> finding.level() == level)
        .count();
  }

  /** 1 when something is wrong, else 0; warnings are no error. */
  public int exitStatus() {
    return count(Level.WRONG) == 0 ? 0 : 1;
  }

  /** What is wrong, then what is to be known. */
  Optional<Finding> first(Level level) {
    return sections.stream()
        .flatMap(section -> section.findings().stream())
        .filter(finding -> finding.level() == level && !finding.repair().isEmpty())
        .findFirst();
  }
}
