package dev.helm.activities.sandbox;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Who is let in on a slot's executor socket: the container's first process and nobody else. */
final class Admission {
  private static final Duration FIRST_FRAME = Duration.ofSeconds(1);
  private static final Duration PID_KNOWN = Duration.ofSeconds(30);

  private final String secret;
  private final CompletableFuture<Integer> executorPid = new CompletableFuture<>();
  private volatile boolean secretGiven;
  private volatile @Nullable String boot;

  /**
   * @param secretGiven whether nobody without the secret is let in from the beginning
   */
  Admission(String secret, boolean secretGiven) {
    this.secret = secret;
    this.secretGiven = secretGiven;
  }

  String secret() {
    return secret;
  }

  /** Tells which process the executor is, as the engine says; 0 if that cannot be known. */
  void expectPid(int pid) {
    executorPid.complete(pid);
  }

  /** Which process the executor is; 0 while or if that is not known. */
  int pid() {
    return executorPid.getNow(0);
  }

  /** From now on nobody is let in without the secret. */
  void secretGiven() {
    secretGiven = true;
  }

  /** From now on nobody is let in with another boot. */
  void know(String executorBoot) {
    boot = executorBoot;
  }

  /**
   * Reads the first frame and checks who sent it.
   *
   * @throws IOException not the executor, or too slow
   */
  Hello admit(SocketChannel channel) throws IOException {
    Hello hello;
    Future<?> closing = Closer.closeAfter(channel, FIRST_FRAME);
    try {
      hello = Hello.parse(Frames.read(channel, Frames.MAX_HELLO_BYTES));
    } finally {
      closing.cancel(false);
    }
    checkPid(channel);
    String shown = hello.secret();
    if (shown == null ? secretGiven : !same(shown, secret)) {
      throw new ProtocolViolation(shown == null ? "no secret" : "wrong secret");
    }
    String known = boot;
    if (known != null && !known.equals(hello.boot())) {
      throw new ProtocolViolation("another boot");
    }
    return hello;
  }

  /** The kernel's word on who dialled; without it (0, unavailable) only the secret counts. */
  private void checkPid(SocketChannel channel) throws IOException {
    int expected;
    try {
      expected = executorPid.get(PID_KNOWN.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new IOException("the container's pid is not known", e);
    }
    int actual = PeerPid.of(channel);
    if (expected > 0 && actual > 0 && expected != actual) {
      throw new ProtocolViolation("another process");
    }
  }

  private static boolean same(String shown, String secret) {
    return MessageDigest.isEqual(
        shown.getBytes(StandardCharsets.US_ASCII), secret.getBytes(StandardCharsets.US_ASCII));
  }
}
