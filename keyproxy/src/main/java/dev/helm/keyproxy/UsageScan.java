package dev.helm.keyproxy;

import org.jspecify.annotations.Nullable;

/** Watches an answer go by and learns what the call used. It never changes or delays a byte. */
sealed interface UsageScan {

  /** What a call that was seen to its end used. */
  record Seen(Usage usage, @Nullable String messageId) {}

  void take(byte[] bytes, int offset, int count);

  /** The usage, once the message's end was seen; {@code ended} says that the body ended well. */
  @Nullable Seen seen(boolean ended);

  /** Server-sent events of a streamed message. */
  final class OfEvents implements UsageScan {
    private final SseScan scan = new SseScan();

    @Override
    public void take(byte[] bytes, int offset, int count) {
      scan.take(bytes, offset, count);
    }

    @Override
    public @Nullable Seen seen(boolean ended) {
      return scan.seen();
    }
  }

  /** One JSON message. */
  final class OfJson implements UsageScan {
    private final ByteSink text = new ByteSink(4096);
    private final int maxBytes;
    private boolean tooLong;

    OfJson(int maxBytes) {
      this.maxBytes = maxBytes;
    }

    @Override
    public void take(byte[] bytes, int offset, int count) {
      tooLong |= text.length() + count > maxBytes;
      if (!tooLong) {
        text.add(bytes, offset, count);
      }
    }

    @Override
    public @Nullable Seen seen(boolean ended) {
      if (!ended || tooLong) {
        return null;
      }
      MessageJson message = new MessageJson();
      return message.readMessage(text.array(), text.length()) ? message.seen() : null;
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
