package dev.helm.keyproxy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/**
 * The forms in which an upstream may write back the key, as one automaton (Aho and Corasick): the
 * key itself, base64 in its three alignments and two alphabets, hexadecimal in both cases. The
 * first 32 bytes of the key stand for it.
 */
final class KeyPatterns {
  static final int MAX_KEY_BYTES = 32;
  private static final int ALPHABET = 128;

  private final char[] next;
  private final char[] depth;
  private final boolean[] whole;

  KeyPatterns(byte[] key) {
    List<byte[]> forms = forms(key);
    int room = 1 + forms.stream().mapToInt(form -> form.length).sum();
    next = new char[room * ALPHABET];
    depth = new char[room];
    whole = new boolean[room];
    char last = 0;
    for (byte[] form : forms) {
      int state = 0;
      for (byte b : form) {
        int edge = state * ALPHABET + b;
        if (next[edge] == 0) {
          next[edge] = ++last;
          depth[last] = (char) (depth[state] + 1);
        }
        state = next[edge];
      }
      whole[state] = true;
    }
    link(room);
  }

  private static List<byte[]> forms(byte[] key) {
    List<byte[]> forms = new ArrayList<>(List.of(key));
    String hex = HexFormat.of().formatHex(key);
    List<String> texts = new ArrayList<>(List.of(hex, hex.toUpperCase(Locale.ROOT)));
    for (int before = 0; before < 3; before++) {
      byte[] shifted = new byte[before + key.length];
      System.arraycopy(key, 0, shifted, before, key.length);
      // Only those characters that hold bits of the key alone.
      int from = (before * 8 + 5) / 6;
      int to = shifted.length * 8 / 6;
      texts.add(Base64.getEncoder().encodeToString(shifted).substring(from, to));
      texts.add(Base64.getUrlEncoder().encodeToString(shifted).substring(from, to));
    }
    texts.forEach(text -> forms.add(text.getBytes(StandardCharsets.US_ASCII)));
    return forms;
  }

  /** Where no byte of a form follows, the longest other beginning goes on. */
  private void link(int room) {
    char[] fallback = new char[room];
    Deque<Integer> queue = new ArrayDeque<>(List.of(0));
    while (!queue.isEmpty()) {
      int state = queue.remove();
      whole[state] |= whole[fallback[state]];
      for (int c = 0; c < ALPHABET; c++) {
        int edge = state * ALPHABET + c;
        char other = state == 0 ? 0 : next[fallback[state] * ALPHABET + c];
        if (next[edge] == 0) {
          next[edge] = other;
        } else {
          fallback[next[edge]] = other;
          queue.add((int) next[edge]);
        }
      }
    }
  }

  /** The state after one more byte; bytes outside ASCII begin anew. */
  int after(int state, int b) {
    return b < 0 || b >= ALPHABET ? 0 : next[state * ALPHABET + b];
  }

  boolean isWhole(int state) {
    return whole[state];
  }

  /** How many of the last bytes may be the beginning of a form. */
  int depth(int state) {
    return depth[state];
  }
}
