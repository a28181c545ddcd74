package dev.helm.keyproxy;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Splits server-sent events, wherever the bytes are cut, and reads those that carry usage. Of the
 * others no line is kept beyond its first bytes.
 */
final class SseScan implements UsageScan {
  private static final int MAX_EVENT_BYTES = 32 * 1024;
  private static final byte[] EVENT = "event:".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] DATA = "data:".getBytes(StandardCharsets.US_ASCII);
  private static final Set<String> METERED =
      Set.of("", "message_start", "message_delta", "message_stop");

  private final MessageJson message = new MessageJson();
  private final ByteSink line = new ByteSink(1024);
  private final ByteSink data = new ByteSink(1024);
  private String event = "";
  private boolean afterCr;
  private boolean tooLong;
  private boolean stopped;
  private boolean lost;

  @Override
  public void take(byte[] bytes, int offset, int count) {
    int from = offset;
    int end = offset + count;
    for (int i = offset; i < end; i++) {
      if (bytes[i] == '\n' && afterCr) {
        afterCr = false;
        from = i + 1;
      } else if (bytes[i] == '\n' || bytes[i] == '\r') {
        keep(bytes, from, i - from);
        afterCr = bytes[i] == '\r';
        endLine();
        from = i + 1;
      } else {
        afterCr = false;
      }
    }
    keep(bytes, from, end - from);
  }

  private void keep(byte[] bytes, int offset, int count) {
    if (line.length() >= DATA.length && begins(DATA) && !METERED.contains(event)) {
      return;
    }
    tooLong |= line.length() + data.length() + count > MAX_EVENT_BYTES;
    if (!tooLong) {
      line.add(bytes, offset, count);
    }
  }

  private void endLine() {
    if (line.length() == 0 && !tooLong) {
      endEvent();
    } else if (begins(EVENT)) {
      event =
          new String(line.array(), 0, line.length(), StandardCharsets.UTF_8).substring(6).strip();
    } else if (begins(DATA) && METERED.contains(event)) {
      if (data.length() > 0) {
        data.add("\n");
      }
      data.add(line.array(), DATA.length, line.length() - DATA.length);
    }
    // An event that is too long to be kept is lost as a whole when its empty line comes.
    if (tooLong) {
      lost |= METERED.contains(event);
      tooLong = false;
      data.clear();
      event = "too long";
    }
    line.clear();
  }

  private boolean begins(byte[] field) {
    return line.length() >= field.length
        && Arrays.equals(line.array(), 0, field.length, field, 0, field.length);
  }

  private void endEvent() {
    if (data.length() > 0 && !stopped) {
      stopped = message.readEvent(data.array(), data.length()).equals("message_stop");
    }
    data.clear();
    event = "";
  }

  @Override
  public @Nullable Seen seen(boolean ended) {
    return stopped && !lost ? message.seen() : null;
  }
}
