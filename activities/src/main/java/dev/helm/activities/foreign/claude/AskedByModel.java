package dev.helm.activities.foreign.claude;

import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * The ids in the answers that a run's model has given, as they pass the door to the key proxy: a
 * call that no model has asked for has an id that never came by here. The ids are looked for as
 * they stand in JSON, without reading the answers.
 */
final class AskedByModel {
  /** Most ids of one run; the oldest are forgotten first. */
  private static final int IDS_MAX = 10_000;

  private static final int ID_CHARS_MAX = 128;
  private static final byte[] MEMBER = {'"', 'i', 'd', '"'};

  private final Map<String, Set<String>> ids = new ConcurrentHashMap<>();

  /** Looks through one connection's answers. */
  Consumer<ByteBuffer> watch(String run) {
    return new Scan(ids.computeIfAbsent(run, _ -> bounded()));
  }

  /** Whether the run's model has said this id. */
  boolean knows(String run, String id) {
    Set<String> known = ids.get(run);
    return known != null && known.contains(id);
  }

  void forget(String run) {
    ids.remove(run);
  }

  private static Set<String> bounded() {
    return Collections.synchronizedSet(
        Collections.newSetFromMap(
            new LinkedHashMap<>() {
              private static final long serialVersionUID = 1;

              @Override
              protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
                return size() > IDS_MAX;
              }
            }));
  }

  /** {@code "id"}, a colon, and a text, wherever the bytes are cut. */
  private static final class Scan implements Consumer<ByteBuffer> {
    private final Set<String> found;
    private final StringBuilder id = new StringBuilder();
    private int matched;
    private int ends;
    private boolean colon;
    private boolean inside;

    Scan(Set<String> found) {
      this.found = found;
    }

    @Override
    public void accept(ByteBuffer bytes) {
      for (int i = bytes.position(); i < bytes.limit(); i++) {
        next(bytes.get(i));
      }
    }

    /**
     * HTTP cuts an answer anywhere: end of line, length, end of line. No JSON has them in a text.
     */
    private void next(byte each) {
      if (each == '\r') {
        ends++;
      } else if (ends == 0) {
        text(each);
      } else if (each == '\n') {
        ends %= 2;
      } else if (Character.digit(each, 16) < 0) {
        ends = 0;
        again(each);
      }
    }

    private void text(byte each) {
      if (inside) {
        if (each == '"') {
          found.add(id.toString());
          again(each);
        } else if (id.length() == ID_CHARS_MAX || each <= ' ' || each == '\\') {
          again(each);
        } else {
          id.append((char) each);
        }
      } else if (matched < MEMBER.length) {
        matched = each == MEMBER[matched] ? matched + 1 : each == MEMBER[0] ? 1 : 0;
      } else if (each == '"' && colon) {
        inside = true;
        id.setLength(0);
      } else if (each == ':' && !colon) {
        colon = true;
      } else if (each != ' ') {
        again(each);
      }
    }

    private void again(byte each) {
      matched = each == MEMBER[0] && !inside ? 1 : 0;
      colon = false;
      inside = false;
    }
  }
}
