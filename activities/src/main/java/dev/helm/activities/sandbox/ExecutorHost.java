package dev.helm.activities.sandbox;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The host's end of one slot's executor: listens, lets exactly the executor in, and keeps effects
 * going over any number of connections. docs/sandbox.md tells the protocol.
 */
public final class ExecutorHost implements AutoCloseable {
  private static final int MAX_HANDSHAKES = 16;
  private static final int MAX_VIOLATIONS = 5;
  private static final int MAX_REMEMBERED_ACKS = 1024;

  private final Admission admission;
  private final HostEvents events;
  private final UnixListener listener;
  private final Semaphore handshakes = new Semaphore(MAX_HANDSHAKES);
  private final AtomicInteger violations = new AtomicInteger();
  private final Map<String, Effect> effects = new ConcurrentHashMap<>();
  private final Lines lines = new Lines();
  private final Map<String, Long> acknowledged =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
          return size() > MAX_REMEMBERED_ACKS;
        }
      };
  private volatile @Nullable SandboxException over;

  private ExecutorHost(
      Path socket, int ownerUid, String secret, boolean secretGiven, HostEvents events)
      throws IOException {
    this.admission = new Admission(secret, secretGiven);
    this.events = events;
    this.listener = UnixListener.open(socket, ownerUid, this::accepted);
  }

  /**
   * Starts to listen.
   *
   * @param socket {@code slots/<slot>/sock/x.sock}
   * @param secret 64 hex digits, given to the executor in its first welcome
   * @param secretGiven whether commands may have run in this container already; then nobody without
   *     the secret is let in
   */
  static ExecutorHost open(
      Path socket, int ownerUid, String secret, boolean secretGiven, HostEvents events)
      throws IOException {
    return new ExecutorHost(socket, ownerUid, secret, secretGiven, events);
  }

  /** Tells which process the executor is, as the engine says; 0 if that cannot be known. */
  void expectPid(int pid) {
    admission.expectPid(pid);
  }

  /** Which process the executor is; 0 while or if that is not known. */
  int pid() {
    return admission.pid();
  }

  /** From now on nobody is let in without the secret. */
  void secretGiven() {
    admission.secretGiven();
  }

  /** Waits until the executor is known and answers; false if that takes longer. */
  boolean awaitConnected(Duration wait) throws InterruptedException {
    return lines.await(wait);
  }

  /** Whether the executor is on the line now. */
  public boolean connected() {
    return lines.current() != null;
  }

  /** Whether any effect is attended to now. */
  boolean attends() {
    return !effects.isEmpty();
  }

  /** Whether the executor says that it knows the key, or has been told to start it. */
  boolean knows(String key) {
    return lines.knows(key);
  }

  /**
   * Starts an effect, or attaches to it if the executor knows it. An older attendant of the same
   * key in this process fails with {@code superseded}.
   */
  public EffectHandle start(EffectSpec spec, EffectSink sink) {
    Effect effect = new Effect(spec, sink, new EffectLine());
    Effect older = effects.put(spec.key(), effect);
    if (older != null) {
      older.fail(
          new SandboxRefused("superseded", "a newer attempt attends to " + spec.key() + " now"));
    }
    effect.attend();
    SandboxException end = over;
    if (end != null) {
      effect.fail(end);
      return effect;
    }
    ExecutorLine line = lines.current();
    if (line != null) {
      sendStart(line, effect);
    }
    return effect;
  }

  /** Ends an effect that this process attends to; nothing happens if there is none. */
  public void kill(String key, boolean hard) {
    Effect effect = effects.get(key);
    if (effect != null) {
      effect.kill(hard);
    }
  }

  /** The container is gone, or nobody attends to it any more: every effect fails with this. */
  void end(SandboxException why) {
    over = why;
    close();
    effects.values().forEach(effect -> effect.fail(why));
  }

  /** Every effect attended to now fails with this; the line stays. */
  void failAttempts(SandboxException why) {
    effects.values().forEach(effect -> effect.fail(why));
  }

  /** Stops listening. Commands go on; the executor dials the next host. */
  @Override
  public void close() {
    listener.close();
    lines.close();
  }

  private void accepted(SocketChannel channel) {
    if (!handshakes.tryAcquire()) {
      refuse(channel, "too many connections at once");
      return;
    }
    Thread.ofVirtual().name("executor-line").start(() -> meet(channel));
  }

  private void meet(SocketChannel channel) {
    ExecutorLine line = null;
    Hello hello = null;
    try {
      hello = admission.admit(channel);
      line = lines.take(channel, hello);
    } catch (IOException e) {
      refuse(channel, e.getMessage() == null ? "broken line" : e.getMessage());
    } catch (RuntimeException e) {
      refuse(channel, "bad first frame");
    } finally {
      handshakes.release();
    }
    if (line != null && hello != null) {
      serve(line, hello);
    }
  }

  private void serve(ExecutorLine line, Hello hello) {
    try {
      line.send(Frames.frame("welcome").put("secret", admission.secret()));
      line.send(Frames.frame("ping"));
      // The answer proves that the welcome arrived, and with it the secret.
      while (!dispatch(line, line.read())) {
        continue;
      }
      admission.know(hello.boot());
      repeatAcks(line, hello);
      endBoxes(line, hello);
      lines.ready(line);
      effects.values().forEach(effect -> sendStart(line, effect));
      events.connected();
      while (true) {
        dispatch(line, line.read());
      }
    } catch (ProtocolViolation e) {
      violated(e.getMessage() == null ? "" : e.getMessage());
    } catch (IOException e) {
      // The executor comes back, or its container is gone; disconnected() finds out.
    } finally {
      line.close();
      lines.drop(line);
      events.disconnected();
    }
  }

  private void violated(String what) {
    if (violations.incrementAndGet() >= MAX_VIOLATIONS) {
      events.misbehaved("its executor broke the protocol: " + what);
    } else {
      events.refused("frame: " + what);
    }
  }

  /** Returns whether it was a pong. */
  private boolean dispatch(ExecutorLine line, ObjectNode frame) throws ProtocolViolation {
    String type = Frames.text(frame, "t");
    switch (type) {
      case "pong" -> {
        return true;
      }
      case "ping" -> line.send(Frames.frame("pong"));
      case "started" -> Frames.text(frame, "key");
      case "out" -> {
        Effect effect = effects.get(Frames.text(frame, "key"));
        if (effect != null) {
          effect.output(Frames.count(frame, "off"), Frames.bytes(frame, "data"));
        }
      }
      case "exit" -> {
        Effect effect = effects.get(Frames.text(frame, "key"));
        if (effect != null) {
          effect.ended(ExecutorReplies.exit(frame));
        }
      }
      case "error" -> {
        Effect effect = frame.hasNonNull("key") ? effects.get(Frames.text(frame, "key")) : null;
        if (effect != null && ExecutorReplies.isAboutStart(frame)) {
          effect.fail(ExecutorReplies.refusal(frame));
        }
      }
      default -> throw new ProtocolViolation("unknown frame type");
    }
    return false;
  }

  private void sendStart(ExecutorLine line, Effect effect) {
    if (!effect.beginOn(line)) {
      return;
    }
    ToolCommand command = effect.spec().command();
    ObjectNode start =
        Frames.frame("start")
            .put("key", effect.key())
            .put("hash", command.hash())
            .put("cwd", command.cwd())
            .put("deadlineMs", command.deadlineMs())
            .put("capBytes", command.capBytes());
    command.argv().forEach(start.withArray("argv")::add);
    ObjectNode env = start.putObject("env");
    command.env().forEach(env::put);
    byte[] stdin = command.stdin();
    if (stdin != null) {
      start.put("stdin", Base64.getEncoder().encodeToString(stdin));
    }
    lines.told(effect.key());
    try {
      line.send(() -> start.put("offset", effect.rewind()));
      if (effect.wanted() != Effect.Kill.NONE) {
        line.send(ExecutorReplies.kill(effect.key(), effect.wanted() == Effect.Kill.HARD));
      }
    } catch (SandboxRefused e) {
      effect.fail(e);
    }
  }

  /** An acknowledgement of an exit may have been lost with the line before. */
  private void repeatAcks(ExecutorLine line, Hello hello) {
    synchronized (acknowledged) {
      for (String key : hello.ended().keySet()) {
        Long length = acknowledged.get(key);
        if (length != null) {
          line.send(ExecutorReplies.ack(key, length, true));
        }
      }
    }
  }

  /** Programs of boxes die with the service that talked to them. */
  private void endBoxes(ExecutorLine line, Hello hello) {
    for (String key : hello.running()) {
      if (key.startsWith(OpenBox.KEYS) && !effects.containsKey(key)) {
        line.send(ExecutorReplies.kill(key, true));
      }
    }
    hello
        .ended()
        .forEach(
            (key, length) -> {
              if (key.startsWith(OpenBox.KEYS) && !effects.containsKey(key)) {
                line.send(ExecutorReplies.ack(key, length, true));
              }
            });
  }

  private void refuse(SocketChannel channel, String why) {
    // Told first, so that whoever sees the line closed can know why.
    events.refused(why);
    Closer.close(channel);
  }

  private void tell(ObjectNode frame) {
    ExecutorLine line = lines.current();
    if (line != null) {
      line.send(frame);
    }
  }

  private final class EffectLine implements Effect.Line {
    @Override
    public void ack(Effect effect, long offsetBytes, boolean exit) {
      if (exit) {
        synchronized (acknowledged) {
          acknowledged.put(effect.key(), offsetBytes);
        }
      } else if (effects.get(effect.key()) != effect) {
        // A newer attempt may have to read these bytes again: they must not be freed.
        return;
      }
      tell(ExecutorReplies.ack(effect.key(), offsetBytes, exit));
    }

    @Override
    public void kill(Effect effect, boolean hard) {
      tell(ExecutorReplies.kill(effect.key(), hard));
    }

    @Override
    public void overdue(Effect effect) {
      events.misbehaved("its executor did not end a command whose time was up");
    }

    @Override
    public void done(Effect effect) {
      effects.remove(effect.key(), effect);
    }
  }
}
