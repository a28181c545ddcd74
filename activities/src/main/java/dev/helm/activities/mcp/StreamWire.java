package dev.helm.activities.mcp;

import dev.helm.activities.sandbox.Box;
import dev.helm.activities.sandbox.BoxEnd;
import io.modelcontextprotocol.spec.McpSchema;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import reactor.core.publisher.Mono;

/** A server that is a program in a box: a message a line on its stdin and stdout. */
final class StreamWire extends Wire {
  private static final int END_KNOWN_MS = 2_000;
  private static final int WORDS_CHARS_MAX = 300;

  private final Box box;
  private final OutputStream out;
  private final ReentrantLock writes = new ReentrantLock();

  StreamWire(Box box) {
    this.box = box;
    this.out = box.in();
  }

  @Override
  void begin() {
    Thread.ofVirtual().name("mcp-read").start(this::read);
  }

  @Override
  public Mono<Void> sendMessage(McpSchema.JSONRPCMessage message) {
    return Mono.fromRunnable(
        () -> {
          try {
            byte[] line = (outgoing(message) + "\n").getBytes(StandardCharsets.UTF_8);
            writes.lock();
            try {
              out.write(line);
              out.flush();
            } finally {
              writes.unlock();
            }
          } catch (IOException e) {
            throw new Fault(Fault.Kind.LOST, "it reads nothing any more" + words(), e);
          }
        });
  }

  private void read() {
    Fault fault;
    try (InputStream in = new BufferedInputStream(box.out(), 1 << 16)) {
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      for (int c = in.read(); c >= 0; c = in.read()) {
        if (c != '\n') {
          line.write(c);
          if (line.size() > Limits.MESSAGE_BYTES_MAX) {
            throw new Fault(
                Fault.Kind.TOO_LARGE,
                "it sent a message of more than "
                    + (Limits.MESSAGE_BYTES_MAX >> 20)
                    + " MiB and was ended");
          }
        } else if (line.size() > 0) {
          incoming(line.toString(StandardCharsets.UTF_8), null);
          line = line.size() > 1 << 20 ? new ByteArrayOutputStream() : line;
          line.reset();
        }
      }
      fault = new Fault(Fault.Kind.LOST, ended() + words());
    } catch (Fault e) {
      fault = e;
    } catch (IOException e) {
      fault = new Fault(Fault.Kind.LOST, ended() + words(), e);
    } catch (RuntimeException e) {
      fault = new Fault(Fault.Kind.LOST, "its output cannot be read: " + e, e);
    }
    broke(fault);
  }

  private String ended() {
    try {
      BoxEnd end = box.end().get(END_KNOWN_MS, TimeUnit.MILLISECONDS);
      return switch (end.kind()) {
        case EXITED -> "it ended with code " + end.code();
        case KILLED -> "it was ended" + (end.why().isEmpty() ? "" : ": " + end.why());
        case LOST -> "its container is gone: " + end.why();
      };
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "it closed its output";
    } catch (Exception e) {
      return "it closed its output";
    }
  }

  private String words() {
    String words = Plain.line(box.lastWords().strip(), 8 << 10);
    int from = Math.max(0, words.length() - WORDS_CHARS_MAX);
    return words.isEmpty() ? "" : ". Its last words: " + words.substring(from);
  }

  @Override
  void end() {
    box.close();
  }
}
