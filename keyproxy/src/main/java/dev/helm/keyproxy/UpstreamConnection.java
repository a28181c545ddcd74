package dev.helm.keyproxy;

import java.io.EOFException;
import java.io.IOException;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** One connection to the upstream. It carries one call at a time. */
final class UpstreamConnection implements AutoCloseable {
  private static final IntPredicate KEEP = count -> true;

  private final Wire wire;
  private final WireInput in;
  private final Limits limits;
  private final Watchdog.Guard age;
  private @Nullable ReadAhead idle;

  UpstreamConnection(Wire wire, Limits limits, Watchdog watchdog) {
    this.wire = wire;
    this.in = new WireInput(wire, limits.sizes().responseHeadBytes());
    this.limits = limits;
    this.age = watchdog.guard(wire::close);
  }

  Wire wire() {
    return wire;
  }

  WireInput input() {
    return in;
  }

  /**
   * Lies idle until the next call. A read waits meanwhile: if it ends, the upstream has closed or
   * sent something unasked, and no call is put on this connection.
   */
  void rest() {
    ReadAhead waiting = ReadAhead.start(wire, KEEP);
    idle = waiting;
    in.expect(waiting);
    age.arm(limits.upstream().keepMs());
  }

  /** Ends the rest; false if the connection died in it. */
  boolean wake() {
    age.disarm();
    return idle != null && !idle.isDone() && !age.fired();
  }

  /** Writes head and body. The head is overwritten afterwards, because it holds the key. */
  void send(ByteSink head, Body body) throws IOException {
    long writeMs = limits.upstream().writeMs();
    try {
      wire.write(head.array(), 0, head.length(), writeMs);
      body.<IOException>forEach(
          0, body.length(), (bytes, offset, count) -> wire.write(bytes, offset, count, writeMs));
    } finally {
      head.wipe();
    }
  }

  /** Waits for the answer's head. */
  ResponseHead head(ModelKey key) throws IOException {
    long waitMs = limits.upstream().headMs();
    byte[] bytes = in.head(waitMs, limits.upstream().idleMs());
    if (bytes == null) {
      throw new EOFException("the upstream closed the connection without an answer");
    }
    return ResponseHead.of(bytes, limits.sizes().responseHeaders(), key);
  }

  @Override
  public void close() {
    age.disarm();
    wire.close();
  }
}
