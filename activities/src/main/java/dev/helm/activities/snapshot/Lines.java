package dev.helm.activities.snapshot;

import dev.helm.activities.workspace.TreeItem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.jgit.diff.Edit;
import org.eclipse.jgit.diff.EditList;
import org.eclipse.jgit.diff.HistogramDiff;
import org.eclipse.jgit.diff.RawText;
import org.eclipse.jgit.diff.RawTextComparator;
import org.eclipse.jgit.lib.ObjectId;
import org.jspecify.annotations.Nullable;

/** The lines that differ between two contents of one file. */
public final class Lines {
  /** Larger files are compared by size and hash only. */
  public static final int TEXT_BYTES_MAX = 2 << 20;

  private static final int CONTEXT = 3;

  private final RawText before;
  private final RawText after;
  private final EditList edits;
  private boolean cut;

  private Lines(RawText before, RawText after) {
    this.before = before;
    this.after = after;
    this.edits = new HistogramDiff().diff(RawTextComparator.DEFAULT, before, after);
  }

  /**
   * Some lines that changed, with what stands around them.
   *
   * @param oldStart first line in the old content, from 1; 0 if there is none
   * @param lines each with a blank, a plus, a minus, or a backslash in front, as in a patch
   */
  public record Hunk(int oldStart, int oldLines, int newStart, int newLines, List<String> lines) {
    /** Copies the list. */
    public Hunk {
      lines = List.copyOf(lines);
    }

    /** What its lines take, at least. */
    public long bytes() {
      return lines.stream().mapToLong(String::length).sum();
    }
  }

  /** Compares; null if one of the contents is no text, or too large for it. */
  public static @Nullable Lines of(
      SnapshotRepository repository,
      @Nullable TreeItem<ObjectId> before,
      @Nullable TreeItem<ObjectId> after)
      throws IOException {
    byte[] left = text(repository, before);
    byte[] right = text(repository, after);
    return left == null || right == null ? null : new Lines(new RawText(left), new RawText(right));
  }

  private static byte @Nullable [] text(
      SnapshotRepository repository, @Nullable TreeItem<ObjectId> item) throws IOException {
    if (item == null) {
      return new byte[0];
    }
    if (repository.size(item.id()) > TEXT_BYTES_MAX) {
      return null;
    }
    byte[] bytes = repository.content(item.id()).getBytes(TEXT_BYTES_MAX);
    return RawText.isBinary(bytes) || !isUtf8(bytes) ? null : bytes;
  }

  private static boolean isUtf8(byte[] bytes) {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }

  /** Lines that came. */
  public int added() {
    return edits.stream().mapToInt(Edit::getLengthB).sum();
  }

  /** Lines that went. */
  public int removed() {
    return edits.stream().mapToInt(Edit::getLengthA).sum();
  }

  /** All hunks, with whole lines. */
  public List<Hunk> hunks() {
    return hunks(Integer.MAX_VALUE, Long.MAX_VALUE, Integer.MAX_VALUE);
  }

  /**
   * Whole hunks, at most so many lines and bytes of them.
   *
   * @param lineBytesMax what is beyond of a line is left out; {@link #cut} tells
   */
  public List<Hunk> hunks(int linesMax, long bytesMax, int lineBytesMax) {
    List<Hunk> hunks = new ArrayList<>();
    int lines = linesMax;
    long bytes = bytesMax;
    for (int i = 0; i < edits.size(); ) {
      int last = last(i);
      lines -= length(i, last);
      if (lines < 0) {
        return hunks;
      }
      Hunk hunk = hunk(i, last, lineBytesMax);
      bytes -= hunk.bytes();
      if (bytes < 0) {
        return hunks;
      }
      hunks.add(hunk);
      i = last + 1;
    }
    return hunks;
  }

  /** Whether a line of a hunk was cut. */
  public boolean cut() {
    return cut;
  }

  /** Lines of a hunk without making them. */
  private int length(int first, int last) {
    int length = 0;
    for (Edit edit : edits.subList(first, last + 1)) {
      length += edit.getLengthB();
    }
    return length + endA(last) - beginA(first);
  }

  private int beginA(int first) {
    return Math.max(0, edits.get(first).getBeginA() - CONTEXT);
  }

  private int endA(int last) {
    return Math.min(before.size(), edits.get(last).getEndA() + CONTEXT);
  }

  /** The last edit that shares its context with the one before it. */
  private int last(int first) {
    int last = first;
    while (last + 1 < edits.size()
        && edits.get(last + 1).getBeginA() - edits.get(last).getEndA() <= 2 * CONTEXT) {
      last++;
    }
    return last;
  }

  private Hunk hunk(int first, int last, int lineBytesMax) {
    int beginA = beginA(first);
    int beginB = Math.max(0, edits.get(first).getBeginB() - CONTEXT);
    int endA = endA(last);
    int endB = Math.min(after.size(), edits.get(last).getEndB() + CONTEXT);
    List<String> lines = new ArrayList<>();
    int at = beginA;
    for (Edit edit : edits.subList(first, last + 1)) {
      for (; at < edit.getBeginA(); at++) {
        line(lines, ' ', before, at, lineBytesMax);
      }
      for (; at < edit.getEndA(); at++) {
        line(lines, '-', before, at, lineBytesMax);
      }
      for (int b = edit.getBeginB(); b < edit.getEndB(); b++) {
        line(lines, '+', after, b, lineBytesMax);
      }
    }
    for (; at < endA; at++) {
      line(lines, ' ', before, at, lineBytesMax);
    }
    return new Hunk(
        endA == beginA ? beginA : beginA + 1,
        endA - beginA,
        endB == beginB ? beginB : beginB + 1,
        endB - beginB,
        lines);
  }

  private void line(List<String> lines, char mark, RawText text, int i, int bytesMax) {
    ByteBuffer raw = text.getRawString(i);
    if (raw.remaining() > bytesMax) {
      cut = true;
      int from = raw.arrayOffset() + raw.position();
      lines.add(mark + new String(raw.array(), from, whole(raw, bytesMax), StandardCharsets.UTF_8) + "…");
    } else {
      lines.add(mark + text.getString(i));
    }
    if (i == text.size() - 1 && text.isMissingNewlineAtEnd()) {
      lines.add("\\ No newline at end of file");
    }
  }

  /** As many bytes as are no more than that, and cut no character. */
  private static int whole(ByteBuffer raw, int bytesMax) {
    int length = bytesMax;
    while (length > 0 && (raw.get(raw.position() + length) & 0xc0) == 0x80) {
      length--;
    }
    return length;
  }
}
