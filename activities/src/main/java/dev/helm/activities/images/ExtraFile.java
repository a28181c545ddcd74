package dev.helm.activities.images;

import java.nio.charset.StandardCharsets;

/**
 * A file that a recipe adds; it belongs to root and cannot be written in the container.
 *
 * @param content at most 4 MiB
 * @param executable whether everybody may run it
 */
public record ExtraFile(byte[] content, boolean executable) {
  private static final int CONTENT_BYTES_MAX = 4 << 20;

  /** Checks the size. */
  public ExtraFile {
    if (content.length > CONTENT_BYTES_MAX) {
      throw new IllegalArgumentException("a file of a recipe has at most 4 MiB");
    }
  }

  /** A text that nobody runs. */
  public static ExtraFile text(String text) {
    return new ExtraFile(text.getBytes(StandardCharsets.UTF_8), false);
  }

  /** A script or program. */
  public static ExtraFile program(byte[] content) {
    return new ExtraFile(content, true);
  }

  @Override
  public String toString() {
    return "ExtraFile[" + content.length + " bytes]";
  }
}
