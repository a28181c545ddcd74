package dev.helm.activities.publish;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.List;

/**
 * What one call hands out. It is composed once, before its intent is recorded, so that every
 * attempt hands out the very same bytes.
 *
 * @param key the same for every attempt at the call; receivers tell repetitions by it
 * @param run the run's id
 * @param blueprint the blueprint's name
 * @param message a line for people, may be empty
 * @param madeAtMs when it was composed, milliseconds since 1970
 */
public record Bundle(
    String key, String run, String blueprint, String message, long madeAtMs, List<Item> files) {
  /** Most files of one call. */
  public static final int FILES_MAX = 100;

  /** Most bytes of one file. */
  public static final long FILE_BYTES_MAX = 16L << 20;

  /** Most bytes of all files of a call. */
  public static final long BYTES_MAX = 32L << 20;

  /** Keeps the list. */
  public Bundle {
    files = List.copyOf(files);
  }

  /**
   * A file.
   *
   * @param path in the workspace, relative
   * @param sha256 of its content, lower-case hex
   */
  public record Item(String path, long bytes, String sha256) {}

  /** Bytes of all files. */
  @JsonIgnore
  public long bytes() {
    return files.stream().mapToLong(Item::bytes).sum();
  }

  /** What each destination calls it: short, the same for every attempt, safe as a file name. */
  @JsonIgnore
  public String label() {
    return run.substring(0, Math.min(8, run.length())) + "-" + key.substring(0, 12);
  }
}
