package dev.helm.activities.sandbox;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One command to run in a container.
 *
 * @param argv program and arguments, the program by absolute path
 * @param stdin what the command reads, or null for an empty input; at most 8 MiB
 * @param env variables besides those that the executor sets itself
 * @param cwd absolute directory in the container
 * @param deadlineMs how long it may run, 1 ms to 24 h
 * @param capBytes how much of its output is kept, 1 byte to 16 MiB; the rest is counted
 */
public record ToolCommand(
    List<String> argv,
    byte @Nullable [] stdin,
    Map<String, String> env,
    String cwd,
    long deadlineMs,
    long capBytes) {
  private static final int MAX_STDIN_BYTES = 8 << 20;
  private static final int MAX_WORDS_BYTES = 1 << 20;
  private static final long MAX_DEADLINE_MS = 24L * 3600 * 1000;
  private static final long MAX_CAP_BYTES = 16L << 20;

  /** Checks every limit. */
  public ToolCommand {
    argv = List.copyOf(argv);
    env = Collections.unmodifiableMap(new TreeMap<>(env));
    if (argv.isEmpty() || !argv.getFirst().startsWith("/")) {
      throw new IllegalArgumentException("argv must start with an absolute path");
    }
    if (!cwd.startsWith("/")) {
      throw new IllegalArgumentException("cwd must be absolute");
    }
    long words = 0;
    for (String word : argv) {
      words += utf8(word, "argv").length;
    }
    for (Map.Entry<String, String> variable : env.entrySet()) {
      words += utf8(variable.getKey(), "env").length + utf8(variable.getValue(), "env").length;
    }
    if (words > MAX_WORDS_BYTES) {
      throw new IllegalArgumentException("argv and env exceed " + MAX_WORDS_BYTES + " bytes");
    }
    if (stdin != null && stdin.length > MAX_STDIN_BYTES) {
      throw new IllegalArgumentException("stdin exceeds " + MAX_STDIN_BYTES + " bytes");
    }
    if (deadlineMs < 1 || deadlineMs > MAX_DEADLINE_MS) {
      throw new IllegalArgumentException("deadlineMs must be 1 to " + MAX_DEADLINE_MS);
    }
    if (capBytes < 1 || capBytes > MAX_CAP_BYTES) {
      throw new IllegalArgumentException("capBytes must be 1 to " + MAX_CAP_BYTES);
    }
  }

  /** A command in {@code /workspace} without input, with the usual limits (2 min, 1 MiB). */
  public static ToolCommand of(String... argv) {
    return new ToolCommand(List.of(argv), null, Map.of(), "/workspace", 120_000, 1 << 20);
  }

  /** Same command, other deadline in ms. */
  public ToolCommand withDeadlineMs(long ms) {
    return new ToolCommand(argv, stdin, env, cwd, ms, capBytes);
  }

  /** Same command, other cap in bytes. */
  public ToolCommand withCapBytes(long bytes) {
    return new ToolCommand(argv, stdin, env, cwd, deadlineMs, bytes);
  }

  /** Same command, reading this. */
  public ToolCommand withStdin(byte[] bytes) {
    return new ToolCommand(argv, bytes, env, cwd, deadlineMs, capBytes);
  }

  /**
   * SHA-256 over what the command does (limits are not part of it), 64 hex digits. The executor
   * refuses a known effect key with another hash.
   */
  public String hash() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      argv.forEach(word -> field(digest, word.getBytes(StandardCharsets.UTF_8)));
      field(digest, cwd.getBytes(StandardCharsets.UTF_8));
      env.forEach(
          (name, value) -> field(digest, (name + '=' + value).getBytes(StandardCharsets.UTF_8)));
      field(digest, stdin == null ? new byte[0] : stdin);
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  /** Lengths go in first, so that no two different lists give the same bytes. */
  private static void field(MessageDigest digest, byte[] bytes) {
    digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
    digest.update(bytes);
  }

  private static byte[] utf8(String word, String where) {
    if (word.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(where + " holds a NUL, which no program can be given");
    }
    return word.getBytes(StandardCharsets.UTF_8);
  }

  /** Without the contents, which may be large or secret. */
  @Override
  public String toString() {
    return "ToolCommand[" + argv.getFirst() + ", " + argv.size() + " words]";
  }
}
