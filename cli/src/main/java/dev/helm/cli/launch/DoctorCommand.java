package dev.helm.cli.launch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.cli.Env;
import dev.helm.cli.launch.doctor.Report;
import dev.helm.cli.launch.doctor.ReportText;
import dev.helm.cli.render.Paint;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Prints what is right and wrong with the machine; exit code 1 when something is wrong. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    header = "helm doctor",
    description = {
      "Looks at the machine and the installation and changes nothing: what is right, what is not,"
          + " and what to do about it.",
      "Exit status 1 when there is an error, else 0; warnings are no error."
    })
public final class DoctorCommand implements Callable<Integer> {
  private static final int COLUMNS_USUAL = 100;

  @Mixin private final LaunchOptions options = new LaunchOptions();

  @Option(
      names = "--json",
      description = "print JSON: a list of group, level, subject, text, repair")
  private boolean json;

  @Override
  public Integer call() {
    try {
      Settings settings = options.settings();
      Report report = Report.of(settings);
      if (json) {
        System.out.println(new ObjectMapper().writeValueAsString(rows(report)));
      } else {
        boolean running =
            RunState.read(settings.home().stateFile()).filter(RunState::launcherAlive).isPresent();
        text().lines(report, running).forEach(System.out::println);
      }
      return report.exitStatus();
    } catch (LaunchException e) {
      return Complaint.print(System.err, e);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("findings are plain text", e);
    }
  }

  private static List<Map<String, String>> rows(Report report) {
    List<Map<String, String>> rows = new ArrayList<>();
    for (Report.Section section : report.sections()) {
      for (Finding finding : section.findings()) {
        Map<String, String> row = new LinkedHashMap<>();
        row.put("group", section.title());
        row.put("level", finding.level().name().toLowerCase(Locale.ROOT));
        row.put("subject", finding.subject());
        row.put("text", finding.text());
        row.put("repair", finding.repair());
        rows.add(row);
      }
    }
    return rows;
  }

  private static ReportText text() {
    boolean terminal = System.console() != null && System.console().isTerminal();
    return new ReportText(Paint.of(Env.ofProcess(), terminal), terminal ? columns() : null);
  }

  private static @Nullable Integer columns() {
    try {
      Process stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(ProcessBuilder.Redirect.INHERIT)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String said =
          new String(
                  stty.getInputStream().readNBytes(64), java.nio.charset.StandardCharsets.US_ASCII)
              .strip();
      return said.matches("[0-9]{1,4} [1-9][0-9]{0,3}")
          ? Integer.valueOf(said.split(" ", 2)[1])
          : COLUMNS_USUAL;
    } catch (java.io.IOException e) {
      return COLUMNS_USUAL;
    }
  }
}
