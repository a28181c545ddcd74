package dev.helm.service.search;

import dev.helm.service.store.InvalidCursorException;
import org.jspecify.annotations.Nullable;

/** Where the next page begins: opaque to clients. */
public final class SearchCursor {
  private static final String KIND = "s";

  private SearchCursor() {}

  static String of(long pos) {
    return KIND + Long.toString(pos, 36);
  }

  /**
   * The position before which the page lies.
   *
   * @throws InvalidCursorException when it is none of this list
   */
  public static long read(@Nullable String cursor) {
    if (cursor == null) {
      return Long.MAX_VALUE;
    }
    if (cursor.matches("s[0-9a-z]{1,12}")) {
      return Long.parseLong(cursor.substring(1), 36);
    }
    throw new InvalidCursorException("not a cursor of this list; start again without one");
  }
}
