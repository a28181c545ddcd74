package dev.helm.service.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Prices by model name. A model without a price is refused, never guessed. */
public final class PriceTable {
  private static final String BUILT_IN = "/prices/2026-10-24.yml";
  private static final String NO_RATE = "";

  private final String date;
  private final Map<String, Price> models;

  private PriceTable(String date, Map<String, Price> models) {
    this.date = date;
    this.models = Map.copyOf(models);
  }

  /**
   * The built-in prices, and those of {@code prices.yml} in a home directory in their place.
   *
   * @throws IllegalArgumentException when the file is no table of prices; it says where
   */
  public static PriceTable load(Path home) {
    Map<String, Price> models = new TreeMap<>();
    String date;
    try (InputStream in = PriceTable.class.getResourceAsStream(BUILT_IN)) {
      if (in == null) {
        throw new IllegalStateException("the price table " + BUILT_IN + " is missing");
      }
      date = read(new YAMLMapper().readTree(in), BUILT_IN, models);
      Path own = home.resolve("prices.yml");
      if (Files.exists(own)) {
        String ownDate = read(new YAMLMapper().readTree(own.toFile()), own.toString(), models);
        date = date.compareTo(ownDate) > 0 ? date : ownDate;
      }
    } catch (IOException e) {
      throw new IllegalArgumentException("cannot read the prices: " + e.getMessage(), e);
    }
    return new PriceTable(date, models);
  }

  /** A table for tests: one price for each name. */
  static PriceTable of(Map<String, Price> models) {
    return new PriceTable("1970-01-01", models);
  }

  /** The date of the prices, ISO-8601. */
  public String date() {
    return date;
  }

  /** Whether the model has a price. */
  public boolean knows(String model) {
    return price(model) != null;
  }

  /** The price of a model by its name, its dated name or {@code -latest}; null for none. */
  @Nullable Price price(String model) {
    Price exact = models.get(model);
    return exact != null ? exact : models.get(model.replaceFirst("-(\\d{8}|latest|0)$", ""));
  }

  private static String read(JsonNode root, String where, Map<String, Price> into) {
    if (!root.path("models").isObject()) {
      throw new IllegalArgumentException(where + ": expected a member \"models\"");
    }
    for (Map.Entry<String, JsonNode> model : root.path("models").properties()) {
      try {
        into.put(model.getKey(), price(model.getValue()));
      } catch (IllegalArgumentException | ArithmeticException e) {
        throw new IllegalArgumentException(
            where + ": model " + model.getKey() + ": " + e.getMessage(), e);
      }
    }
    return root.path("date").asText(NO_RATE);
  }

  private static Price price(JsonNode node) {
    JsonNode above = node.path("long");
    if (above.isMissingNode()) {
      return new Price(rates(node), null, Long.MAX_VALUE);
    }
    long mark = above.path("aboveTokens").asLong(-1);
    if (mark < 0) {
      throw new IllegalArgumentException("long needs aboveTokens, a count of tokens");
    }
    return new Price(rates(node), rates(above), mark);
  }

  private static Price.Rates rates(JsonNode node) {
    return Price.Rates.of(
        rate(node, "input"),
        rate(node, "output"),
        rate(node, "cacheWrite5m"),
        rate(node, "cacheWrite1h"),
        rate(node, "cacheRead"));
  }

  private static String rate(JsonNode node, String name) {
    String text = node.path(name).asText(NO_RATE);
    if (!text.matches("[0-9]{1,6}(\\.[0-9]{1,6})?")) {
      throw new IllegalArgumentException(
          name + " is dollars per million tokens, for example \"0.30\"");
    }
    return text;
  }
}
