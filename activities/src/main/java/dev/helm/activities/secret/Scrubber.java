package dev.helm.activities.secret;

import dev.helm.api.Secret;
import dev.helm.workflows.HelmJson;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Takes the values of secrets out of texts: as they are, and as they look within JSON, a URL,
 * base64 (also in the middle of a longer text) and hexadecimal. What else somebody makes of a value
 * is not known here: a scrubber is a net below the rule that values go nowhere else.
 */
public final class Scrubber {
  /** Shortest value that can be told from ordinary text. */
  public static final int VALUE_CHARS_MIN = 8;

  /** Takes nothing out. */
  public static final Scrubber NONE = new Scrubber(List.of());

  /** The longest first, so that a value within another's does not spare its rest. */
  private final List<Form> forms;

  private Scrubber(List<Form> forms) {
    this.forms = forms;
  }

  /**
   * A text that gives a value away.
   *
   * @param octets its UTF-8 bytes, one character each
   */
  private record Form(String text, String octets, String instead) {}

  /** Of these values by their names. */
  public static Scrubber of(Map<String, List<Secret>> secrets) {
    List<Form> forms = new ArrayList<>();
    secrets.forEach(
        (name, values) -> {
          for (Secret value : values) {
            for (String text : forms(value.reveal())) {
              forms.add(new Form(text, octets(text), "[secret " + name + "]"));
            }
          }
        });
    forms.sort(Comparator.comparing((Form form) -> form.text().length()).reversed());
    return forms.isEmpty() ? NONE : new Scrubber(List.copyOf(forms));
  }

  /** The text with {@code [secret NAME]} in place of values. */
  public String text(String text) {
    String clean = text;
    for (Form form : forms) {
      clean = clean.replace(form.text(), form.instead());
    }
    return clean;
  }

  /** The bytes with asterisks in place of values; as many, so that offsets hold. */
  public byte[] masked(byte[] bytes) {
    if (forms.isEmpty()) {
      return bytes;
    }
    String octets = new String(bytes, StandardCharsets.ISO_8859_1);
    byte[] masked = bytes;
    for (Form form : forms) {
      int length = form.octets().length();
      for (int at = octets.indexOf(form.octets());
          at >= 0;
          at = octets.indexOf(form.octets(), at + length)) {
        masked = masked == bytes ? bytes.clone() : masked;
        Arrays.fill(masked, at, at + length, (byte) '*');
      }
    }
    return masked;
  }

  /** How many bytes at the end may be the beginning of a value whose rest has not come yet. */
  public int open(byte[] bytes) {
    // A whole value may end as it begins; what is whole is not open.
    String octets = new String(masked(bytes), StandardCharsets.ISO_8859_1);
    int longest = 0;
    for (Form form : forms) {
      for (int n = Math.min(form.octets().length() - 1, octets.length()); n > longest; n--) {
        if (octets.regionMatches(octets.length() - n, form.octets(), 0, n)) {
          longest = n;
        }
      }
    }
    return longest;
  }

  private static String octets(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  private static Set<String> forms(String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    Set<String> forms = new LinkedHashSet<>();
    forms.add(value);
    forms.add(value.strip());
    String json = HelmJson.write(value);
    forms.add(json.substring(1, json.length() - 1));
    String form = URLEncoder.encode(value, StandardCharsets.UTF_8);
    for (String url : List.of(form, form.replace("+", "%20"), form.replace("*", "%2A"))) {
      forms.add(url);
      forms.add(smallEscapes(url));
    }
    forms.add(HexFormat.of().formatHex(bytes));
    forms.add(HexFormat.of().withUpperCase().formatHex(bytes));
    for (int before = 0; before < 3; before++) {
      forms.add(inBase64(Base64.getEncoder(), bytes, before));
      forms.add(inBase64(Base64.getUrlEncoder(), bytes, before));
    }
    forms.removeIf(each -> each.length() < VALUE_CHARS_MIN);
    return forms;
  }

  /** The characters that stand for the value alone, when other bytes come before and after it. */
  private static String inBase64(Base64.Encoder encoder, byte[] value, int before) {
    byte[] bytes = new byte[before + value.length];
    System.arraycopy(value, 0, bytes, before, value.length);
    String text = encoder.withoutPadding().encodeToString(bytes);
    int from = before == 0 ? 0 : before + 1;
    int to = bytes.length % 3 == 0 ? text.length() : text.length() - 1;
    return text.substring(from, to);
  }

  /** {@code %2F} as {@code %2f}. */
  private static String smallEscapes(String url) {
    StringBuilder small = new StringBuilder(url);
    for (int i = 0; i + 2 < small.length(); i++) {
      if (small.charAt(i) == '%') {
        small.replace(i, i + 3, small.substring(i, i + 3).toLowerCase(Locale.ROOT));
      }
    }
    return small.toString();
  }
}
