package dev.helm.workflows.replay;

import dev.helm.workflows.HelmJson;
import io.temporal.api.common.v1.Payload;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Payloads as plain trees, so that what is missing and what is null are the same. */
final class Payloads {
  private Payloads() {}

  static @Nullable Object tree(Payload payload) {
    if (payload.getData().isEmpty()) {
      return null;
    }
    try {
      return HelmJson.mapper().readValue(payload.getData().toByteArray(), Object.class);
    } catch (IOException e) {
      throw new IllegalArgumentException("a payload that is no JSON", e);
    }
  }

  static List<@Nullable Object> trees(List<Payload> payloads) {
    List<@Nullable Object> trees = new ArrayList<>();
    payloads.forEach(payload -> trees.add(tree(payload)));
    return trees;
  }

  /** Whether all that was recorded is the same now; a newer build may say more. */
  static boolean within(@Nullable Object recorded, @Nullable Object now) {
    return switch (recorded) {
      case null -> true;
      case Map<?, ?> map ->
          now instanceof Map<?, ?> other
              && map.entrySet().stream()
                  .allMatch(entry -> within(entry.getValue(), other.get(entry.getKey())));
      case List<?> list -> now instanceof List<?> other && eachWithin(list, other);
      case Number number ->
          now instanceof Number other && number.toString().equals(other.toString());
      default -> recorded.equals(now);
    };
  }

  private static boolean eachWithin(List<?> recorded, List<?> now) {
    boolean same = recorded.size() == now.size();
    for (int i = 0; same && i < recorded.size(); i++) {
      same = within(recorded.get(i), now.get(i));
    }
    return same;
  }
}
