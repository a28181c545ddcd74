package dev.helm.cli.render;

import java.util.ArrayList;
import java.util.List;

/**
 * A line of the log before it has a width and colours: pieces of text with roles, of which one kind
 * may be cut in its middle ({@code object}) and one may go on in further rows ({@code prose}).
 */
public final class Line {
  private enum Kind {
    FIXED,
    OBJECT,
    PROSE
  }

  private record Piece(Role role, String text, Kind kind) {}

  /** Columns of {@code 14:02:13 }, under which prose goes on. */
  private static final int INDENT = 9;

  /** Most characters of one piece, also where there is no width. */
  private static final int PIECE_CHARS_MAX = 20_000;

  private static final int OBJECT_COLUMNS_MIN = 12;

  /** Most rows of one piece of prose in a terminal; the log has the whole. */
  private static final int PROSE_ROWS_MAX = 12;

  private final List<Piece> pieces = new ArrayList<>();

  /** An empty line to add to. */
  public static Line of() {
    return new Line();
  }

  /** A line of one piece. */
  public static Line of(Role role, String text) {
    return new Line().add(role, text);
  }

  /** Adds text that is never cut, unless the whole line is too long. */
  public Line add(Role role, String text) {
    return piece(role, text, Kind.FIXED);
  }

  /** Adds text that is cut in its middle where the line is too long. */
  public Line object(Role role, String text) {
    return piece(role, text, Kind.OBJECT);
  }

  /** Adds the line's last text, which may go on in further rows. */
  public Line prose(Role role, String text) {
    return piece(role, text, Kind.PROSE);
  }

  /** Attack: text that reached a line raw, or one that is megabytes long. Here all of it passes. */
  private Line piece(Role role, String text, Kind kind) {
    String shown =
        text.length() > PIECE_CHARS_MAX ? text.substring(0, PIECE_CHARS_MAX) + "…" : text;
    pieces.add(new Piece(role, SafeText.line(shown), kind));
    return this;
  }

  /** Rows for an output of this width; 0 for one without a width, which gets one row. */
  public List<String> rows(int width, Paint paint) {
    int fixed = 0;
    for (Piece piece : pieces) {
      fixed += piece.kind == Kind.FIXED ? Columns.of(piece.text) : 0;
    }
    int room = width == 0 ? Integer.MAX_VALUE : Math.max(OBJECT_COLUMNS_MIN, width - fixed);
    List<String> more = List.of();
    StringBuilder row = new StringBuilder();
    int left = width == 0 ? Integer.MAX_VALUE : width;
    for (Piece piece : pieces) {
      String text = piece.text;
      if (piece.kind == Kind.OBJECT) {
        text = Columns.cutMiddle(text, room);
      } else if (piece.kind == Kind.PROSE && width > 0) {
        List<String> rows = proseRows(text, width, left);
        text = rows.getFirst();
        more = rows.subList(1, rows.size());
      }
      text = Columns.cutEnd(text, left);
      left -= width == 0 ? 0 : Columns.of(text);
      row.append(paint.paint(piece.role, text));
    }
    List<String> all = new ArrayList<>();
    all.add(row.toString().stripTrailing());
    Role role = pieces.isEmpty() ? Role.TEXT : pieces.getLast().role;
    more.forEach(text -> all.add(" ".repeat(INDENT) + paint.paint(role, text)));
    return all;
  }

  /** The one row without colours or width, as tests and pipes read it. */
  public String plain() {
    return rows(0, Paint.NONE).getFirst();
  }

  private static List<String> proseRows(String text, int width, int firstRoom) {
    int wide = Math.max(11, width - INDENT);
    List<String> rows = new ArrayList<>();
    // A first row with next to no room would be cut; the text begins below it then.
    if (firstRoom < Math.min(20, Columns.of(text))) {
      rows.add("");
      rows.addAll(Columns.wrap(text, wide));
    } else {
      rows.addAll(Columns.wrap(text, Math.min(wide, firstRoom)));
    }
    if (rows.size() <= PROSE_ROWS_MAX) {
      return rows;
    }
    List<String> cut = new ArrayList<>(rows.subList(0, PROSE_ROWS_MAX - 1));
    cut.add("… " + (rows.size() - PROSE_ROWS_MAX + 1) + " more rows");
    return cut;
  }
}
