package dev.helm.activities.images;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** Runs a package manager on the host: bounded in time and words, and with few variables. */
final class Installer {
  private static final long LIMIT_MINUTES = 20;
  private static final int SAID_CHARS_MAX = 32 << 10;
  private static final int TOLD_CHARS_MAX = 600;

  private Installer() {}

  /**
   * Runs to the end.
   *
   * @param what for messages: {@code npm}
   * @return everything it said, the end of it if that was much
   * @throws ImageFailed it failed, with the last thing it said
   */
  static String run(String what, Path directory, List<String> command)
      throws IOException, InterruptedException, ImageFailed {
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true);
    Map<String, String> kept = new TreeMap<>(builder.environment());
    kept.keySet().removeIf(name -> !passes(name));
    builder.environment().clear();
    builder.environment().putAll(kept);
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new ImageFailed(
          what + " is missing on the machine that Helm runs on; install it and start again", e);
    }
    StringBuilder said = new StringBuilder();
    Thread reader = Thread.ofVirtual().start(() -> read(process.getInputStream(), said));
    try {
      process.getOutputStream().close();
      if (!process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES)) {
        throw new ImageFailed(what + " did not end within " + LIMIT_MINUTES + " minutes");
      }
      reader.join(1_000);
      String text;
      synchronized (said) {
        text = said.toString();
      }
      if (process.exitValue() != 0) {
        throw new ImageFailed(what + " failed: " + told(text));
      }
      return text;
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  /** What says where registries and certificates are; never a secret of Helm's. */
  private static boolean passes(String name) {
    String lower = name.toLowerCase(java.util.Locale.ROOT);
    return lower.startsWith("npm_config_")
        || lower.startsWith("pip_")
        || lower.endsWith("_proxy")
        || List.of("path", "home", "lang", "node_extra_ca_certs", "ssl_cert_file").contains(lower)
        || lower.equals("requests_ca_bundle");
  }

  private static void read(InputStream from, StringBuilder said) {
    byte[] buffer = new byte[8 << 10];
    try {
      for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
        synchronized (said) {
          said.append(new String(buffer, 0, n, StandardCharsets.UTF_8));
          if (said.length() > SAID_CHARS_MAX) {
            said.delete(0, said.length() - SAID_CHARS_MAX);
          }
        }
      }
    } catch (IOException e) {
      // It was ended.
    }
  }

  /** The lines that say what was wrong, in printable characters. */
  static String told(String text) {
    List<String> errors =
        text.lines()
            .map(line -> line.replaceAll("\\x1b\\[[0-9;]*m", "").replaceAll("\\p{Cntrl}", " "))
            .map(String::strip)
            .filter(line -> !line.isEmpty())
            .toList();
    List<String> marked =
        errors.stream()
            .filter(line -> line.startsWith("npm error") || line.startsWith("ERROR:"))
            .filter(line -> !line.contains("complete log of this run"))
            .map(line -> line.replaceFirst("^(npm error|ERROR:) ?", ""))
            .filter(line -> !line.isBlank())
            .toList();
    List<String> all = marked.isEmpty() ? errors : marked;
    String joined = String.join("; ", all);
    return joined.length() <= TOLD_CHARS_MAX ? joined : joined.substring(0, TOLD_CHARS_MAX) + "…";
  }
}
