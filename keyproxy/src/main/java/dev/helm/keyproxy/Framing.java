package dev.helm.keyproxy;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How a message's body is delimited. There is no third way: a body until close is refused. */
sealed interface Framing {
  /** A body of exactly this many bytes. */
  record Length(long bytes) implements Framing {}

  /** A body in chunks. */
  record Chunked() implements Framing {}

  /** Exactly one of Content-Length and Transfer-Encoding: chunked, each at most once. */
  static Framing of(Head head) throws BadMessageException {
    String length = head.one("content-length");
    String encoding = head.one("transfer-encoding");
    if (length != null && encoding != null) {
      throw new BadMessageException("both content-length and transfer-encoding are given");
    }
    if (encoding != null) {
      if (!encoding.toLowerCase(Locale.ROOT).equals("chunked")) {
        throw new BadMessageException("transfer-encoding must be chunked and nothing else");
      }
      return new Chunked();
    }
    return new Length(digits(length));
  }

  private static long digits(@Nullable String length) throws BadMessageException {
    if (length == null) {
      throw new BadMessageException("content-length or transfer-encoding: chunked is required");
    }
    boolean plain = !length.isEmpty() && length.length() <= 15;
    for (int i = 0; plain && i < length.length(); i++) {
      plain = length.charAt(i) >= '0' && length.charAt(i) <= '9';
    }
    if (!plain) {
      throw new BadMessageException("content-length must be plain digits");
    }
    return Long.parseLong(length);
  }
}
