package dev.helm.cli.http;

import dev.helm.cli.Failure;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** Parts of an address, made of what a person typed. */
final class Address {
  private Address() {}

  /** A whole query of names and values in pairs; empty texts do not filter. */
  static String query(String... filters) {
    StringBuilder query = new StringBuilder();
    for (int i = 0; i + 1 < filters.length; i += 2) {
      query.append(filter(filters[i], filters[i + 1]));
    }
    return query.isEmpty() ? "" : "?" + query.substring(1);
  }

  /** More filters behind others, by name; empty texts do not filter. */
  static String filters(Map<String, String> filters) {
    StringBuilder query = new StringBuilder();
    new TreeMap<>(filters).forEach((name, value) -> query.append(filter(name, value)));
    return query.toString();
  }

  /** One more filter behind others; nothing for an empty text. */
  static String filter(String name, String value) {
    return value.isEmpty()
        ? ""
        : "&" + name + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8);
  }

  /** What a person typed, as one segment of a path: it can never name another path. */
  static String segment(String text) {
    if (text.isEmpty() || text.equals(".") || text.equals("..")) {
      throw Failure.usage("\"" + text + "\" is no id or name.", "\"helm runs\" lists the runs.");
    }
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
