package dev.helm.cli.launch;

import dev.helm.cli.launch.Finding.Level;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Prints what is right and wrong with the machine; exit code 1 when something is wrong. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description = "Look at the machine and the installation; a line a finding, with its repair.")
public final class DoctorCommand implements Callable<Integer> {
  @Mixin private final LaunchOptions options = new LaunchOptions();

  @Override
  public Integer call() {
    try {
      List<Finding> findings = new Doctor(options.settings()).examine();
      findings.forEach(finding -> System.out.println(finding.line()));
      return findings.stream().anyMatch(finding -> finding.level() == Level.WRONG) ? 1 : 0;
    } catch (LaunchException e) {
      return Complaint.print(System.err, e);
    }
  }
}
