package dev.helm.activities.tools;

import dev.helm.activities.sandbox.EffectSink;
import dev.helm.activities.secret.Scrubber;
import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.RunLog;
import dev.helm.api.event.RunEvent;
import dev.helm.api.event.WellFormed;
import dev.helm.workflows.Fact;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.function.Supplier;

/**
 * Makes a command's output durable piece by piece, so that the executor may forget it, and finds it
 * again after a restart. A command whose output people watch also gets {@code tool.output} events.
 */
final class OutputSink implements EffectSink {
  private final RunLog log;
  private final Blobs blobs;
  private final CallContext context;
  private final int attempt;
  private final boolean watched;
  private final Supplier<Scrubber> scrubber;
  private final ByteArrayOutputStream kept = new ByteArrayOutputStream();

  /**
   * Bytes of a character, or of what may be a secret, whose rest has not arrived; they are shown
   * with the next piece.
   */
  private byte[] partial = new byte[0];

  /**
   * For one attempt.
   *
   * @param scrubber asked for each piece: a secret may be changed while a command runs
   */
  OutputSink(
      RunLog log,
      Blobs blobs,
      CallContext context,
      int attempt,
      boolean watched,
      Supplier<Scrubber> scrubber) {
    this.log = log;
    this.blobs = blobs;
    this.context = context;
    this.attempt = attempt;
    this.watched = watched;
    this.scrubber = scrubber;
  }

  /** Takes up what earlier attempts have made durable, and gives its length. */
  long recover() {
    String piece = log.outcome(context.run(), key(0));
    while (piece != null) {
      byte[] data = Base64.getDecoder().decode(piece);
      kept.writeBytes(data);
      partial = unfinished(join(partial, data));
      piece = data.length == 0 ? null : log.outcome(context.run(), key(kept.size()));
    }
    return kept.size();
  }

  byte[] bytes() {
    return kept.toByteArray();
  }

  @Override
  public void output(long offsetBytes, byte[] data) {
    if (offsetBytes != kept.size() || data.length == 0) {
      throw new IllegalStateException("output at " + offsetBytes + ", expected " + kept.size());
    }
    byte[] joined = join(partial, data);
    byte[] rest = unfinished(joined);
    byte[] whole = Arrays.copyOf(joined, joined.length - rest.length);
    List<Fact> facts =
        watched && whole.length > 0
            ? List.of(
                context.fact(
                    "output-" + attempt + "-" + offsetBytes,
                    new RunEvent.ToolOutput(
                        context.toolUseId(),
                        blobs.content(scrubber.get().text(WellFormed.text(whole)), "text/plain"),
                        offsetBytes - partial.length)))
            : List.of();
    // As many bytes as there were: an offset means the same to the executor.
    byte[] clean = scrubber.get().masked(data);
    log.append(context.run(), facts, key(offsetBytes), Base64.getEncoder().encodeToString(clean));
    kept.writeBytes(data);
    partial = rest;
  }

  /** Shows what is left of a character that the command did not write to its end. */
  void ended() {
    if (watched && partial.length > 0) {
      log.append(
          context.run(),
          List.of(
              context.fact(
                  "output-" + attempt + "-rest",
                  new RunEvent.ToolOutput(
                      context.toolUseId(),
                      blobs.content(scrubber.get().text(WellFormed.text(partial)), "text/plain"),
                      kept.size() - partial.length))));
    }
  }

  private String key(long offsetBytes) {
    return context.key("out-" + attempt + "-" + offsetBytes);
  }

  private static byte[] join(byte[] first, byte[] second) {
    byte[] joined = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, joined, first.length, second.length);
    return joined;
  }

  private byte[] unfinished(byte[] data) {
    byte[] character = tail(data);
    int secret = scrubber.get().open(data);
    return secret > character.length
        ? Arrays.copyOfRange(data, data.length - secret, data.length)
        : character;
  }

  /** The bytes at the end that begin a UTF-8 character without ending it: 0 to 3. */
  private static byte[] tail(byte[] data) {
    for (int back = 1; back <= Math.min(3, data.length); back++) {
      int lead = data[data.length - back] & 0xff;
      int length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
      if (lead >= 0xc0) {
        return length > back
            ? Arrays.copyOfRange(data, data.length - back, data.length)
            : new byte[0];
      }
      if (lead < 0x80) {
        return new byte[0];
      }
    }
    return new byte[0];
  }
}
