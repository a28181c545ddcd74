package dev.helm.keyproxy;

import static dev.helm.keyproxy.BadMessageException.Kind.TOO_LARGE;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The start line and headers of a message. Header names are in lower case. */
record Head(String startLine, List<Header> headers) {

  /** One header line. */
  record Header(String name, String value) {}

  /** Reads a head that holds only printable ASCII and CR LF pairs and ends with an empty line. */
  static Head parse(byte[] bytes, int maxHeaders) throws BadMessageException {
    String text = new String(bytes, 0, bytes.length - 4, StandardCharsets.US_ASCII);
    String[] lines = text.split("\r\n", -1);
    if (lines.length - 1 > maxHeaders) {
      throw new BadMessageException(TOO_LARGE, "the head has more than " + maxHeaders + " headers");
    }
    List<Header> headers = new ArrayList<>(lines.length);
    for (int i = 1; i < lines.length; i++) {
      headers.add(header(lines[i]));
    }
    return new Head(lines[0], List.copyOf(headers));
  }

  private static Header header(String line) throws BadMessageException {
    int colon = line.indexOf(':');
    if (colon < 1) {
      throw new BadMessageException("a header line has no name");
    }
    String name = line.substring(0, colon);
    for (int i = 0; i < colon; i++) {
      if (!isNameCharacter(name.charAt(i))) {
        throw new BadMessageException("a header name has a character that is not allowed there");
      }
    }
    return new Header(name.toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
  }

  private static boolean isNameCharacter(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
  }

  /** The value of a header that may stand there once, or null. */
  @Nullable String one(String name) throws BadMessageException {
    String found = null;
    for (Header header : headers) {
      if (header.name().equals(name)) {
        if (found != null) {
          throw new BadMessageException("header " + name + " stands there twice");
        }
        found = header.value();
      }
    }
    return found;
  }

  boolean has(String name) {
    return headers.stream().anyMatch(header -> header.name().equals(name));
  }
}
