package dev.helm.keyproxy;

import org.jspecify.annotations.Nullable;

/** Watches an answer go by and learns what the call used. It never changes or delays a byte. */
sealed interface UsageScan extends AutoCloseable
    permits SseScan, UsageScan.OfJson, UsageScan.Unmetered {

  /** What a call that was seen to its end used. */
  record Seen(Usage usage, @Nullable String messageId) {}

  void take(byte[] bytes, int offset, int count);

  /** The usage, once the message's end was seen; {@code ended} says that the body ended well. */
  @Nullable Seen seen(boolean ended);

  @Override
  default void close() {}

  /** One JSON message; it is kept to its end, within the memory of all bodies. */
  final class OfJson implements UsageScan {
    private final Body text;
    private final int maxBytes;
    private boolean whole = true;

    OfJson(Body text, int maxBytes) {
      this.text = text;
      this.maxBytes = maxBytes;
    }

    @Override
    public void take(byte[] bytes, int offset, int count) {
      whole = whole && text.add(bytes, offset, count, maxBytes);
    }

    @Override
    public @Nullable Seen seen(boolean ended) {
      return ended && whole ? MessageJson.usageOf(text) : null;
    }

    @Override
    public void close() {
      text.close();
    }
  }

  /** An answer that is not metered (count_tokens). */
  final class Unmetered implements UsageScan {
    @Override
    public void take(byte[] bytes, int offset, int count) {}

    @Override
    public @Nullable Seen seen(boolean ended) {
      return null;
    }
  }
}
