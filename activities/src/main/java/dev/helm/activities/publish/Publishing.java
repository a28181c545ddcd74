package dev.helm.activities.publish;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import javax.crypto.Mac;
import org.jspecify.annotations.Nullable;

/**
 * The operator's destinations.
 *
 * @param destinations by name
 * @param hmac begins an HMAC-SHA-256 with the installation's own key, for webhooks without a secret
 * @param scratch a directory of Helm's own for repositories that are made for one push
 */
public record Publishing(
    Map<String, Destination.Named> destinations, Supplier<Mac> hmac, Path scratch) {
  /** There is no destination. */
  public static final Publishing NOWHERE =
      new Publishing(
          Map.of(),
          () -> {
            throw new IllegalStateException("there is no destination");
          },
          Path.of("/nonexistent"));

  /** Keeps the map. */
  public Publishing {
    destinations = Map.copyOf(destinations);
  }

  /** With these destinations. */
  public static Publishing of(
      List<Destination.Named> destinations, Supplier<Mac> hmac, Path scratch) {
    Map<String, Destination.Named> byName = new LinkedHashMap<>();
    destinations.forEach(each -> byName.put(each.name(), each));
    return new Publishing(byName, hmac, scratch);
  }

  /** The destination of this name, or null where runs of the project have none. */
  public @Nullable Destination find(String name, String project) {
    Destination.Named named = destinations.get(name);
    return named != null && named.open(project) ? named.to() : null;
  }

  /** The names that runs of the project may use, in order. */
  public List<String> names(String project) {
    return destinations.values().stream()
        .filter(each -> each.open(project))
        .map(Destination.Named::name)
        .sorted()
        .toList();
  }
}
