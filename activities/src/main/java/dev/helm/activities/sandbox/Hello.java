package dev.helm.activities.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An executor's first frame.
 *
 * @param boot names the executor's life
 * @param secret what the first welcome gave it, or null in its first connection
 * @param ended keys of effects that ended and whose end is not acknowledged, with the length of
 *     their kept output
 * @param running keys of effects that run
 */
record Hello(String boot, @Nullable String secret, Map<String, Long> ended, Set<String> running) {
  private static final int VERSION = 1;
  private static final int MAX_EFFECTS = 4096;

  static Hello parse(ObjectNode frame) throws ProtocolViolation {
    if (!Frames.text(frame, "t").equals("hello") || Frames.count(frame, "v") != VERSION) {
      throw new ProtocolViolation("first frame is not a hello of version " + VERSION);
    }
    String boot = Frames.text(frame, "boot");
    String secret = frame.hasNonNull("secret") ? Frames.text(frame, "secret") : null;
    if (!Ids.isBoot(boot) || (secret != null && !Ids.isSecret(secret))) {
      throw new ProtocolViolation("boot or secret of another form");
    }
    Map<String, Long> ended = new HashMap<>();
    Set<String> running = new HashSet<>();
    JsonNode effects = frame.path("effects");
    if (effects.size() > MAX_EFFECTS) {
      throw new ProtocolViolation("more than " + MAX_EFFECTS + " effects");
    }
    for (JsonNode effect : effects) {
      String key = Frames.text(effect, "key");
      if (!Ids.isEffectKey(key)) {
        throw new ProtocolViolation("effect key of another form");
      }
      if (Frames.text(effect, "state").equals("ended")) {
        ended.put(key, Frames.count(effect, "off"));
      } else {
        running.add(key);
      }
    }
    return new Hello(boot, secret, ended, running);
  }

  boolean knows(String key) {
    return ended.containsKey(key) || running.contains(key);
  }

  /** Without the secret. */
  @Override
  public String toString() {
    return "Hello[boot=" + boot + "]";
  }
}
