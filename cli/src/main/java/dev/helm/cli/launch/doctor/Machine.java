package dev.helm.cli.launch.doctor;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.zip.GZIPInputStream;

/**
 * What the checks see of the machine: files below a root, and the answers of a few programs. Tests
 * show them another one.
 */
public final class Machine {
  private static final int FILE_BYTES_MAX = 1 << 20;
  private static final int PROGRAM_MS_MAX = 5_000;

  private final Path root;
  private final Programs programs;

  /** Answers of programs. */
  @FunctionalInterface
  public interface Programs {
    /** What it printed, or empty when it is not there or failed. */
    Optional<String> run(List<String> command);
  }

  /** A machine whose files are below this folder. */
  public Machine(Path root, Programs programs) {
    this.root = root;
    this.programs = programs;
  }

  /** This one. */
  public static Machine real() {
    return new Machine(Path.of("/"), Machine::runForReal);
  }

  /** Where a file of the machine is; {@code name} is absolute. */
  public Path path(String name) {
    return root.resolve(name.substring(1));
  }

  /** A file's text, at most a mebibyte; empty when it cannot be read. */
  public Optional<String> text(String name) {
    try (var in = Files.newInputStream(path(name))) {
      return Optional.of(new String(in.readNBytes(FILE_BYTES_MAX), StandardCharsets.UTF_8).strip());
    } catch (IOException | SecurityException e) {
      return Optional.empty();
    }
  }

  /** The same of a file that is compressed. */
  public Optional<String> gunzipped(String name) {
    try (var in = new GZIPInputStream(Files.newInputStream(path(name)))) {
      return Optional.of(new String(in.readNBytes(FILE_BYTES_MAX), StandardCharsets.UTF_8));
    } catch (IOException | SecurityException e) {
      return Optional.empty();
    }
  }

  /** A file's number. */
  public Optional<Long> number(String name) {
    return text(name).filter(text -> text.matches("-?[0-9]{1,18}")).map(Long::parseLong);
  }

  /** What a program printed, without the white space around it. */
  public Optional<String> run(String... command) {
    return programs.run(List.of(command)).map(String::strip);
  }

  /** The value of a line {@code NAME=value} of /etc/os-release, without quotes. */
  public String release(String name) {
    return text("/etc/os-release")
        .orElse("")
        .lines()
        .filter(line -> line.startsWith(name + "="))
        .map(line -> line.substring(name.length() + 1).replace("\"", ""))
        .findFirst()
        .orElse("");
  }

  private static Optional<String> runForReal(List<String> command) {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    } catch (IOException e) {
      return Optional.empty();
    }
    try {
      process.getOutputStream().close();
      // Read elsewhere: a program that says nothing, or whose child keeps the pipe, must not hold.
      CompletableFuture<String> said = new CompletableFuture<>();
      Thread.ofVirtual().start(() -> said.complete(read(process)));
      String text = said.get(PROGRAM_MS_MAX, TimeUnit.MILLISECONDS);
      return process.waitFor(PROGRAM_MS_MAX, TimeUnit.MILLISECONDS) && process.exitValue() == 0
          ? Optional.of(text)
          : Optional.empty();
    } catch (IOException | ExecutionException | TimeoutException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    } finally {
      process.destroyForcibly();
    }
  }

  private static String read(Process process) {
    try {
      return new String(
          process.getInputStream().readNBytes(FILE_BYTES_MAX), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "";
    }
  }
}
