package dev.helm.service.store;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** Page cursors: opaque to clients. */
public final class Cursor {
  private static final int CHARS_MAX = 200;

  private Cursor() {}

  /** The cursor after a place in a list of this kind. */
  public static String of(String kind, String place) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString((kind + ":" + place).getBytes(StandardCharsets.UTF_8));
  }

  /** The place, or null without a cursor; {@link InvalidCursorException} for another list's. */
  public static @Nullable String read(String kind, @Nullable String cursor) {
    if (cursor == null) {
      return null;
    }
    try {
      if (cursor.length() <= CHARS_MAX) {
        String text = new String(Base64.getUrlDecoder().decode(cursor), StandardCharsets.UTF_8);
        if (text.startsWith(kind + ":")) {
          return text.substring(kind.length() + 1);
        }
      }
    } catch (IllegalArgumentException e) {
      // Answered below.
    }
    throw new InvalidCursorException("not a cursor of this list; start again without one");
  }

  static long number(String kind, @Nullable String cursor, long otherwise) {
    String place = read(kind, cursor);
    try {
      return place == null ? otherwise : Long.parseLong(place);
    } catch (NumberFormatException e) {
      throw new InvalidCursorException("not a cursor of this list; start again without one");
    }
  }

  static int limit(int limit) {
    if (limit < 1 || limit > RunQueries.LIMIT_MAX) {
      throw new IllegalArgumentException("limit is 1 to " + RunQueries.LIMIT_MAX);
    }
    return limit;
  }
}
