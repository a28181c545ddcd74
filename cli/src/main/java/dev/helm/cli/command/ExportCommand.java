package dev.helm.cli.command;

import dev.helm.api.rest.Bodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.http.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm export}. */
@Command(
    name = "helm export",
    header = "helm export RUN [-o FILE]",
    description = {
      "Writes a run with its proofs to a file that helm verify checks without a server:",
      "events, checkpoints, contents, workflow histories. --audit: the audit log instead."
    })
public final class ExportCommand extends HelmCommand {
  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "RUN",
      description = "its id, or the beginning of it")
  private String run = "";

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "default: helm-RUN.zip here; an existing file is kept")
  private String output = "";

  @Option(names = "--audit", description = "who logged in, looked, decided and changed")
  private boolean audit;

  @Override
  protected ExitCode run() {
    if (run.isEmpty() != audit) {
      throw Failure.usage("helm export takes a run, or --audit.", "\"helm runs\" lists the runs.");
    }
    HelmClient client = client();
    String id = audit ? "audit" : client.run(run).as(Bodies.Run.class).id();
    Path file = Path.of(output.isEmpty() ? "helm-" + id + ".zip" : output);
    if (Files.exists(file)) {
      throw new Failure(
          ExitCode.REFUSED,
          "There is a file " + file + " already, and it is kept.",
          "Give another name with -o.");
    }
    long bytes = save(client, id, file);
    if (json) {
      Map<String, Object> made = new LinkedHashMap<>();
      made.put("file", file.toString());
      made.put("bytes", bytes);
      made.put("run", id);
      out().line(Json.write(made));
    } else {
      out().line(file.toString());
      advise(bytes + " bytes. Check it with \"helm verify " + file + "\".");
    }
    return ExitCode.DONE;
  }

  private static long save(HelmClient client, String id, Path file) {
    Path fresh = file.resolveSibling(file.getFileName() + ".part");
    try {
      try (var out = Files.newOutputStream(fresh)) {
        client.export(id, out);
      }
      Files.move(fresh, file);
      return Files.size(file);
    } catch (IOException e) {
      throw new Failure(
          ExitCode.FAILED,
          "The export was not written whole: " + e.getMessage(),
          "Look at the free space and send it again.",
          "",
          e);
    } finally {
      try {
        Files.deleteIfExists(fresh);
      } catch (IOException e) {
        // What is left is named .part, and is no bundle.
      }
    }
  }
}
