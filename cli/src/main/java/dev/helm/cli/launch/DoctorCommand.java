package dev.helm.cli.launch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.cli.launch.Finding.Level;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Prints what is right and wrong with the machine; exit code 1 when something is wrong. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    header = "helm doctor",
    description = "Looks at the machine and the installation; a line a finding, with its repair.")
public final class DoctorCommand implements Callable<Integer> {
  @Mixin private final LaunchOptions options = new LaunchOptions();

  @Option(names = "--json", description = "print JSON: a list of level, subject, text, repair")
  private boolean json;

  @Override
  public Integer call() {
    try {
      List<Finding> findings = new Doctor(options.settings()).examine();
      if (json) {
        System.out.println(new ObjectMapper().writeValueAsString(findings));
      } else {
        findings.forEach(finding -> System.out.println(finding.line()));
      }
      return findings.stream().anyMatch(finding -> finding.level() == Level.WRONG) ? 1 : 0;
    } catch (LaunchException e) {
      return Complaint.print(System.err, e);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("findings are plain text", e);
    }
  }
}
