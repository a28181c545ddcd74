package dev.helm.cli.command;

import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.Json;
import dev.helm.cli.render.Role;
import dev.helm.cli.render.SafeText;
import dev.helm.cli.verify.Replay;
import dev.helm.cli.verify.Report;
import dev.helm.cli.verify.Verifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm verify}. */
@Command(
    name = "helm verify",
    header = "helm verify FILE [--key FINGERPRINT] [--checkpoints FILE] [--replay]",
    description = {
      "Checks an export (helm export) without a server: chain, signatures, sums, gates.",
      "Exit code 0: verified. 1: not, with what was found and where."
    })
public final class VerifyCommand extends HelmCommand {
  @Parameters(paramLabel = "FILE", description = "the bundle")
  private String file = "";

  @Option(names = "--key", paramLabel = "FINGERPRINT", description = "the only key that may sign")
  private String key = "";

  @Option(
      names = "--checkpoints",
      paramLabel = "FILE",
      description = "checkpoints that you kept, or the anchor file")
  private @Nullable String checkpoints;

  @Option(names = "--replay", description = "also run the workflow's histories again")
  private boolean replay;

  @Override
  protected ExitCode run() {
    Path bundle = readable(file);
    Report report;
    try {
      report =
          new Verifier(bundle, fingerprint(), checkpoints == null ? null : readable(checkpoints))
              .verify();
    } catch (IOException e) {
      throw new Failure(
          ExitCode.FAILED, "The file cannot be read: " + e.getMessage(), "Look at its rights.");
    }
    if (replay && report.verified()) {
      Replay.of(context().env()).run(bundle, report);
    }
    print(report);
    return report.verified() ? ExitCode.DONE : ExitCode.FAILED;
  }

  private static Path readable(String name) {
    Path path = Path.of(name);
    if (!Files.isReadable(path) || Files.isDirectory(path)) {
      throw new Failure(
          ExitCode.NOT_FOUND,
          "There is no file \"" + SafeText.line(name) + "\" that can be read.",
          "\"helm export RUN\" makes a bundle.",
          "",
          new NoSuchFileException(name));
    }
    return path;
  }

  private String fingerprint() {
    String clean = key.toLowerCase(Locale.ROOT).replaceFirst("^sha256:", "").replace(":", "");
    if (!key.isEmpty() && !clean.matches("[0-9a-f]{16,64}")) {
      throw Failure.usage(
          "A fingerprint is 64 hex digits, or at least its first 16.",
          "\"helm status --json\" shows it at the component audit.");
    }
    return clean;
  }

  private void print(Report report) {
    if (json) {
      out().line(Json.write(report.tree()));
      return;
    }
    Map<String, Object> about = report.about();
    if (about.containsKey("run")) {
      out()
          .line(
              "bundle of "
                  + SafeText.line(String.valueOf(about.get("run")))
                  + ", made "
                  + SafeText.line(String.valueOf(about.get("exportedAt")))
                  + " by Helm "
                  + SafeText.line(String.valueOf(about.get("helm"))));
      out().line("signer " + SafeText.line(String.valueOf(about.get("keyId"))));
    }
    boolean good = report.verified();
    if (good) {
      report.checked().forEach(text -> out().line("✓ " + SafeText.line(text)));
    }
    for (Report.Fault fault : report.faults()) {
      String where = fault.seq() > 0 ? " at seq " + fault.seq() : "";
      out().line("✗ " + fault.part() + where + ": " + SafeText.line(fault.text()));
    }
    if (report.count() > report.faults().size()) {
      out().line("… and " + (report.count() - report.faults().size()) + " more");
    }
    report.notes().forEach(note -> out().say(SafeText.line(note)));
    String verdict = good ? "verified" : "NOT verified";
    out().painted(out().dataPaint().paint(good ? Role.LIVE : Role.STOP, verdict));
  }
}
