package dev.helm.cli.verify;

import dev.helm.api.event.LoggedEvent;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;

/**
 * An event's line that is written as Helm writes it. The hash is taken from the line's own bytes:
 * RFC 8785 sorts the members by name, and each of them is canonical already.
 */
final class EventLine {
  private static final byte[][] WIRE =
      names(
          "{\"run\":",
          ",\"seq\":",
          ",\"at\":",
          ",\"type\":",
          ",\"agent\":",
          ",\"data\":",
          ",\"prev\":");
  private static final byte[] HASH = ascii(",\"hash\":");
  private static final byte[] END = ascii("}");
  private static final byte[][] HASHED =
      names(
          "{\"agent\":",
          ",\"at\":",
          ",\"data\":",
          ",\"prev\":",
          ",\"run\":",
          ",\"seq\":",
          ",\"type\":");

  /** Which member of the line, counted as they stand there, is hashed at which place. */
  private static final int[] ORDER = {4, 2, 5, 6, 0, 1, 3};

  private final CanonicalReader reader = new CanonicalReader();
  private final MessageDigest digest = EntryInput.sha256();
  private final int[] from = new int[ORDER.length];
  private final int[] to = new int[ORDER.length];
  private byte[] line = END;
  private LoggedEvent event =
      new LoggedEvent("", 0, "", "", "", Map.of(), LoggedEvent.NO_PREV, LoggedEvent.NO_PREV);

  private static byte[][] names(String... names) {
    byte[][] all = new byte[names.length][];
    for (int i = 0; i < names.length; i++) {
      all[i] = ascii(names[i]);
    }
    return all;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** Reads a line; false when it is not written as Helm writes events. */
  boolean read(byte[] bytes, int length) {
    line = bytes;
    reader.begin(bytes, length);
    try {
      event = members();
      reader.end();
      return true;
    } catch (CanonicalReader.NotCanonicalException e) {
      return false;
    }
  }

  private LoggedEvent members() {
    open(0, WIRE[0]);
    String run = reader.string();
    open(1, WIRE[1]);
    long seq = reader.integer();
    open(2, WIRE[2]);
    String at = reader.string();
    open(3, WIRE[3]);
    String type = reader.string();
    open(4, WIRE[4]);
    String agent = reader.string();
    open(5, WIRE[5]);
    Map<String, Object> data = reader.object();
    open(6, WIRE[6]);
    String prev = reader.string();
    to[6] = reader.at();
    reader.pass(HASH);
    String hash = reader.string();
    reader.pass(END);
    return new LoggedEvent(run, seq, at, type, agent, data, prev, hash);
  }

  /** Ends the member before and begins this one. */
  private void open(int member, byte[] name) {
    if (member > 0) {
      to[member - 1] = reader.at();
    }
    reader.pass(name);
    from[member] = reader.at();
  }

  /** The event of the line that was read. */
  LoggedEvent event() {
    return event;
  }

  /** SHA-256 of that event without its hash. */
  String hash() {
    for (int i = 0; i < ORDER.length; i++) {
      int member = ORDER[i];
      digest.update(HASHED[i]);
      digest.update(line, from[member], to[member] - from[member]);
    }
    digest.update(END);
    return HexFormat.of().formatHex(digest.digest());
  }
}
