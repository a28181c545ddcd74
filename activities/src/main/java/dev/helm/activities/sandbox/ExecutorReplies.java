package dev.helm.activities.sandbox;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** Frames to and from records. */
final class ExecutorReplies {
  private static final int MAX_WORDS_CHARACTERS = 500;

  private ExecutorReplies() {}

  static ObjectNode ack(String key, long offsetBytes, boolean exit) {
    return Frames.frame("ack").put("key", key).put("off", offsetBytes).put("exit", exit);
  }

  static ObjectNode kill(String key, boolean hard) {
    return Frames.frame("kill").put("key", key).put("hard", hard);
  }

  /** A kill or ack that crossed the effect's end is answered with an error too. */
  static boolean isAboutStart(ObjectNode frame) throws ProtocolViolation {
    String code = Frames.text(frame, "code");
    return !code.equals("unknown_key") && !code.equals("not_ended");
  }

  static EffectExit exit(ObjectNode frame) throws ProtocolViolation {
    EffectExit.Reason reason = EffectExit.Reason.fromWire(Frames.text(frame, "reason"));
    if (reason == null) {
      throw new ProtocolViolation("unknown reason of an exit");
    }
    return new EffectExit(
        Frames.integer(frame, "code"),
        reason,
        frame.hasNonNull("message") ? words(Frames.text(frame, "message")) : null,
        Frames.count(frame, "len"),
        Frames.count(frame, "total"),
        Frames.count(frame, "dropped"));
  }

  static SandboxRefused refusal(ObjectNode frame) throws ProtocolViolation {
    String code = Frames.text(frame, "code");
    if (!code.matches("[a-z_]{1,40}")) {
      throw new ProtocolViolation("error code of another form");
    }
    return new SandboxRefused(
        code,
        "the container's executor refused the command: " + words(Frames.text(frame, "message")));
  }

  /** Hostile text for people: short, on one line, without control characters. */
  static String words(String text) {
    String line = text.replaceAll("[\\p{Cntrl}\\p{Cf}]", " ");
    return line.length() <= MAX_WORDS_CHARACTERS ? line : line.substring(0, MAX_WORDS_CHARACTERS);
  }
}
