package dev.helm.service.whole;

import java.io.IOException;
import java.io.InputStream;
import java.net.URLEncoder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Looks for one secret in streams of bytes, in each form in which it could lie somewhere. */
final class CanarySearch {
  private static final int BUFFER_BYTES = 1 << 20;

  private final Map<String, byte[]> forms = new TreeMap<>();
  private final boolean[] begins = new boolean[1 << 16];
  private final int longest;

  CanarySearch(String secret) {
    byte[] bytes = secret.getBytes(StandardCharsets.UTF_8);
    String hex = HexFormat.of().formatHex(bytes);
    form("plain", secret);
    form("reversed", new StringBuilder(secret).reverse().toString());
    form("hex", hex);
    form("hex in capitals", hex.toUpperCase(Locale.ROOT));
    form("url", URLEncoder.encode(secret, StandardCharsets.UTF_8));
    forms.put("utf-16le", secret.getBytes(StandardCharsets.UTF_16LE));
    forms.put("utf-16be", secret.getBytes(StandardCharsets.UTF_16BE));
    for (int before = 0; before < 3; before++) {
      byte[] shifted = new byte[before + bytes.length];
      System.arraycopy(bytes, 0, shifted, before, bytes.length);
      // Only those characters that hold bits of the secret alone.
      int from = (before * 8 + 5) / 6;
      int to = shifted.length * 8 / 6;
      form("base64/" + before, Base64.getEncoder().encodeToString(shifted).substring(from, to));
      form(
          "base64url/" + before,
          Base64.getUrlEncoder().encodeToString(shifted).substring(from, to));
    }
    forms.values().forEach(form -> begins[pair(form, 0)] = true);
    longest = forms.values().stream().mapToInt(form -> form.length).max().orElseThrow();
  }

  private void form(String name, String text) {
    forms.put(name, text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static int pair(byte[] bytes, int at) {
    return (bytes[at] & 0xff) << 8 | bytes[at + 1] & 0xff;
  }

  /** All forms, for the positive control. */
  Map<String, byte[]> forms() {
    return Map.copyOf(forms);
  }

  /** The names of the forms that stand in these bytes. */
  List<String> in(byte[] bytes, int length) {
    List<String> found = new ArrayList<>();
    for (int at = 0; at + 1 < length; at++) {
      if (begins[pair(bytes, at)]) {
        for (Map.Entry<String, byte[]> form : forms.entrySet()) {
          byte[] text = Objects.requireNonNull(form.getValue());
          if (at + text.length <= length
              && Arrays.equals(bytes, at, at + text.length, text, 0, text.length)) {
            found.add(form.getKey());
          }
        }
      }
    }
    return found;
  }

  List<String> in(String text) {
    Charset charset = StandardCharsets.UTF_8;
    byte[] bytes = text.getBytes(charset);
    return in(bytes, bytes.length);
  }

  /** The same for a stream, whatever its length; it is not closed. */
  TreeSet<String> in(InputStream stream) throws IOException {
    TreeSet<String> found = new TreeSet<>();
    byte[] buffer = new byte[BUFFER_BYTES];
    int kept = 0;
    while (true) {
      int count = stream.read(buffer, kept, buffer.length - kept);
      if (count < 0) {
        return found;
      }
      found.addAll(in(buffer, kept + count));
      int tail = Math.min(longest - 1, kept + count);
      System.arraycopy(buffer, kept + count - tail, buffer, 0, tail);
      kept = tail;
    }
  }

  /** A line for a finding, or null when there is none. */
  static @Nullable String line(String place, Iterable<String> found) {
    String forms = String.join(", ", found);
    return forms.isEmpty() ? null : place + ": " + forms;
  }
}
