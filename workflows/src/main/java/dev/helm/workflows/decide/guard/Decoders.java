package dev.helm.workflows.decide.guard;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/** Programs that turn text into other text: base64, hex, rev, tr, cut, gunzip. */
final class Decoders {
  private Decoders() {}

  static void register(Map<String, Programs.Handler> handlers) {
    Programs.register(handlers, Decoders::base64, "base64 base32 uudecode basenc");
    Programs.register(handlers, Decoders::hex, "xxd od hexdump hd");
    Programs.register(handlers, Decoders::rev, "rev");
    Programs.register(handlers, Decoders::tr, "tr");
    Programs.register(handlers, Decoders::cut, "cut");
    Programs.register(
        handlers,
        Decoders::unpack,
        "gunzip gzip zcat gzcat bunzip2 bzip2 xz unxz zstd lz4 uncompress zlib-flate");
  }

  /** Decoded text, or a mark where the input is not known. */
  static String base64(String text) {
    String packed = text.replaceAll("\\s", "");
    if (!Marks.known(packed)) {
      return Marks.DECODED + Marks.of(packed).replace(String.valueOf(Marks.FILE), "");
    }
    try {
      return Marks.clean(
          new String(Base64.getMimeDecoder().decode(packed), StandardCharsets.ISO_8859_1));
    } catch (IllegalArgumentException e) {
      return String.valueOf(Marks.DECODED);
    }
  }

  private static String base64(Call call) {
    String text = Printers.files(call, call.operands("-w", "--wrap"));
    boolean decodes =
        call.letter('d')
            || call.letter('D')
            || call.has("--decode")
            || call.name().equals("uudecode");
    if (!decodes) {
      return Marks.known(text)
          ? Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8)) + "\n"
          : Marks.of(text);
    }
    if (call.name().equals("base32")) {
      return base32(text);
    }
    return call.name().equals("base64") || call.has("--base64")
        ? base64(text)
        : String.valueOf(Marks.DECODED);
  }

  private static String base32(String text) {
    if (!Marks.known(text)) {
      return String.valueOf(Marks.DECODED);
    }
    StringBuilder out = new StringBuilder();
    int bits = 0;
    int value = 0;
    for (char c : text.toUpperCase(Locale.ROOT).toCharArray()) {
      int digit = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c);
      if (digit >= 0) {
        value = (value << 5 | digit) & 0xFFFF;
        bits += 5;
        if (bits >= 8) {
          bits -= 8;
          out.append((char) (value >> bits & 0xFF));
        }
      }
    }
    return out.toString();
  }

  private static String hex(Call call) {
    String text =
        Printers.files(
            call,
            call.name().equals("xxd")
                ? call.operands("-c", "-g", "-s", "-l", "-o")
                : call.operands("-t", "-A", "-N", "-j", "-n", "-w", "-s"));
    boolean back = call.name().equals("xxd") && call.letter('r');
    if (!back) {
      return Marks.of(text) + Marks.OUTPUT;
    }
    String digits =
        text.replaceAll("(?m)^[0-9a-f]+:\\s", "")
            .replaceAll("0x|\\\\x", "")
            .replaceAll("[^0-9a-fA-F\uE010-\uE01F]", "");
    return hex(digits);
  }

  static String hex(String digits) {
    if (!Marks.known(digits)) {
      return Marks.DECODED + Marks.of(digits);
    }
    StringBuilder out = new StringBuilder();
    for (int i = 0; i + 1 < digits.length(); i += 2) {
      out.append((char) Integer.parseInt(digits.substring(i, i + 2), 16));
    }
    return out.toString();
  }

  private static String rev(Call call) {
    String text = Printers.files(call, call.operands());
    StringBuilder out = new StringBuilder();
    for (String line : text.split("\n")) {
      out.append(new StringBuilder(line).reverse()).append('\n');
    }
    return Marks.known(text) ? out.toString() : out.insert(0, Marks.DECODED).toString();
  }

  private static String tr(Call call) {
    List<String> sets = call.operands();
    String text = call.input();
    if (sets.isEmpty() || !Marks.known(String.join("", sets))) {
      return text;
    }
    String from = Ranges.expand(Escapes.ansi(Marks.plain(sets.get(0)), true));
    boolean complement = call.letter('c') || call.letter('C');
    if (call.letter('d')) {
      return keep(text, c -> (from.indexOf(c) >= 0) == complement);
    }
    if (sets.size() < 2) {
      return text;
    }
    String to = Ranges.expand(Escapes.ansi(Marks.plain(sets.get(1)), true));
    if (to.isEmpty() || complement) {
      return text;
    }
    StringBuilder out = new StringBuilder();
    for (char c : text.toCharArray()) {
      int at = from.lastIndexOf(c);
      out.append(at < 0 ? c : to.charAt(Math.min(at, to.length() - 1)));
    }
    return Marks.known(text)
            || !from.matches("(?s).*[a-z].*")
            || to.toLowerCase(Locale.ROOT).equals(from.toLowerCase(Locale.ROOT))
        ? out.toString()
        : Marks.DECODED + out.toString();
  }

  private static String keep(String text, java.util.function.Predicate<Character> kept) {
    StringBuilder out = new StringBuilder();
    for (char c : text.toCharArray()) {
      if (Marks.unknown(c) || kept.test(c)) {
        out.append(c);
      }
    }
    return out.toString();
  }

  private static String cut(Call call) {
    String text =
        Printers.files(call, call.operands("-d", "-f", "-c", "-b", "--delimiter", "--fields"));
    List<String> fields = call.values("-f", "--fields");
    List<String> characters = call.values("-c", "-b");
    if (!Marks.known(text)) {
      return text;
    }
    StringBuilder out = new StringBuilder();
    List<String> delimiters = call.values("-d", "--delimiter");
    String delimiter =
        delimiters.isEmpty() || delimiters.get(0).isEmpty() ? "\t" : delimiters.get(0);
    for (String line : text.split("\n")) {
      if (!fields.isEmpty()) {
        out.append(
            String.join(
                delimiter,
                Ranges.pick(List.of(line.split(Pattern.quote(delimiter), -1)), fields.get(0))));
      } else if (!characters.isEmpty()) {
        out.append(String.join("", Ranges.pick(List.of(line.split("")), characters.get(0))));
      }
      out.append('\n');
    }
    return out.toString();
  }

  private static String unpack(Call call) {
    boolean out =
        call.letter('d')
            || call.name().matches("gunzip|zcat|gzcat|bunzip2|unxz|uncompress|zlib-flate");
    String text = Printers.files(call, call.operands("-T", "-S"));
    if (out && Marks.known(text) && call.name().matches("gunzip|gzip|zcat|uncompress|gzcat")) {
      return unzipped(text);
    }
    return out
        ? Marks.of(text).replace(String.valueOf(Marks.FILE), String.valueOf(Marks.DECODED))
            + (Marks.known(text) ? String.valueOf(Marks.DECODED) : "")
        : Marks.of(text);
  }

  private static final int UNZIPPED_BYTES_MAX = 64 * 1024;

  private static String unzipped(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    try (java.util.zip.GZIPInputStream in =
        new java.util.zip.GZIPInputStream(new java.io.ByteArrayInputStream(bytes))) {
      return Marks.clean(
          new String(in.readNBytes(UNZIPPED_BYTES_MAX), StandardCharsets.ISO_8859_1));
    } catch (java.io.IOException e) {
      return String.valueOf(Marks.DECODED);
    }
  }
}
