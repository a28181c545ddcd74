package dev.helm.cli.render;

import dev.helm.api.event.Content;

/** Foreign text of an event as a line of the log shows it. */
final class EventText {
  /** Longest text of one event that is printed, in characters; the log has the whole. */
  private static final int PROSE_CHARS_MAX = 4_000;

  private EventText() {}

  /** As it stands in the log, or words for what is kept beside it; not escaped. */
  static String content(Content content) {
    return switch (content) {
      case Content.Text text -> text.text();
      case Content.BlobRef blob -> "(" + blob.bytes() + " bytes, kept beside the log)";
    };
  }

  /** Escaped, and cut where it is very long. */
  static String text(String foreign) {
    String prose =
        SafeText.prose(
            foreign.length() > PROSE_CHARS_MAX ? foreign.substring(0, PROSE_CHARS_MAX) : foreign);
    return foreign.length() > PROSE_CHARS_MAX ? prose + "…" : prose;
  }
}
