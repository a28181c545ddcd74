package dev.helm.service.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Order statistics of small samples. */
final class Stats {
  private Stats() {}

  static double percentile(List<Double> values, int percent) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
    Arrays.sort(sorted);
    return sorted[Math.min(sorted.length - 1, sorted.length * percent / 100)];
  }

  static double median(List<Double> values) {
    return percentile(values, 50);
  }

  /** The least and the greatest, as {@code 0.61–0.74}. */
  static String spread(List<Double> values, String format) {
    return text(format, percentile(values, 0)) + "–" + text(format, percentile(values, 100));
  }

  static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }

  /** A library's debug log would be part of what is measured. */
  static void quietLogs() {
    if (LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)
        instanceof ch.qos.logback.classic.Logger root) {
      root.setLevel(ch.qos.logback.classic.Level.WARN);
    }
  }
}
