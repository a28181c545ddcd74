package dev.helm.cli.launch.firewall;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs the system's programs, each with a deadline. */
final class Machine {
  private static final int MAX_OUTPUT_BYTES = 4 << 20;
  private static final long DEADLINE_SECONDS = 10;
  private static final String SAFE_PATH =
      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  private final List<String> prefix;

  /**
   * @param prefix put before each command: tests name a network namespace with it
   */
  Machine(List<String> prefix) {
    this.prefix = List.copyOf(prefix);
  }

  /** What a program printed, errors included, and how it ended. */
  record Said(int code, String text) {
    boolean good() {
      return code == 0;
    }
  }

  /**
   * Runs a program to its end.
   *
   * @throws IOException it is missing, or does not end in time
   */
  Said run(String input, List<String> command) throws IOException, InterruptedException {
    List<String> line = new ArrayList<>(prefix);
    line.addAll(command);
    ProcessBuilder builder = new ProcessBuilder(line).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().put("PATH", SAFE_PATH);
    builder.environment().put("LC_ALL", "C");
    Process process = builder.start();
    try {
      CompletableFuture<String> text = new CompletableFuture<>();
      Thread.ofVirtual().start(() -> text.complete(read(process.getInputStream())));
      try (OutputStream in = process.getOutputStream()) {
        in.write(input.getBytes(StandardCharsets.US_ASCII));
      } catch (IOException e) {
        // It ended without reading; its exit code says why.
      }
      String all = text.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
      if (!process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
        throw new IOException(command.getFirst() + " does not end");
      }
      return new Said(process.exitValue(), all.strip());
    } catch (TimeoutException e) {
      throw new IOException(
          command.getFirst() + " did not answer within " + DEADLINE_SECONDS + " s", e);
    } catch (ExecutionException e) {
      throw new IOException(command.getFirst() + " could not be read", e);
    } finally {
      process.destroyForcibly();
    }
  }

  private static String read(InputStream from) {
    try (from) {
      return new String(from.readNBytes(MAX_OUTPUT_BYTES), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "";
    }
  }
}
