package dev.helm.service.store;

import dev.helm.api.event.CanonicalJson;
import dev.helm.api.event.RunEvent;
import dev.helm.api.event.WellFormed;
import dev.helm.workflows.Fact;
import dev.helm.workflows.HelmJson;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A fact with its canonical data, made on the caller's thread so that the writer's thread only
 * chains and inserts.
 */
record PreparedFact(String key, String agent, String type, String data, RunEvent event) {
  /** Most characters of an event's data; what is longer belongs into a blob. */
  static final int DATA_CHARS_MAX = 1 << 20;

  private static final int NAME_CHARS_MAX = 300;

  PreparedFact {
    if (key.isEmpty() || key.length() > NAME_CHARS_MAX) {
      throw new IllegalArgumentException("a fact's key has 1 to " + NAME_CHARS_MAX + " characters");
    }
    if (agent.isEmpty() || agent.length() > NAME_CHARS_MAX) {
      throw new IllegalArgumentException("an agent has 1 to " + NAME_CHARS_MAX + " characters");
    }
    if (data.length() > DATA_CHARS_MAX) {
      throw new IllegalArgumentException(
          type + ": data has more than " + DATA_CHARS_MAX + " characters; store it as a blob");
    }
  }

  static PreparedFact of(Fact fact) {
    Map<String, Object> data = HelmJson.dataOf(fact.event());
    // Foreign text may hold halves of surrogate pairs, which have no UTF-8 form.
    return new PreparedFact(
        fact.key(),
        WellFormed.text(fact.agent()),
        fact.event().type(),
        CanonicalJson.write(clean(data)),
        fact.event());
  }

  static List<PreparedFact> all(List<Fact> facts) {
    return facts.stream().map(PreparedFact::of).toList();
  }

  private static @Nullable Object clean(@Nullable Object value) {
    return switch (value) {
      case null -> null;
      case String text -> WellFormed.text(text);
      case Map<?, ?> map -> {
        Map<String, @Nullable Object> out = new LinkedHashMap<>();
        map.forEach((name, member) -> out.put(WellFormed.text((String) name), clean(member)));
        yield out;
      }
      case Collection<?> items -> {
        List<@Nullable Object> out = new ArrayList<>(items.size());
        items.forEach(item -> out.add(clean(item)));
        yield out;
      }
      case Integer number -> number;
      case Long number -> number;
      case Boolean flag -> flag;
      default ->
          throw new IllegalArgumentException(
              "an event's data holds text, integers, lists and objects, not " + value.getClass());
    };
  }
}
