package dev.helm.cli.launch;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/** Asks a process whether it is ready, a few times a second. */
final class Probe {
  private static final int PAUSE_MS = 100;
  private static final int CALL_MS = 2_000;

  private Probe() {}

  /** Returns when it is ready; interrupted when {@code alive} turns false first. */
  static void await(Readiness readiness, CompletableFuture<Void> line, BooleanSupplier alive)
      throws InterruptedException {
    while (!ready(readiness, line)) {
      if (!alive.getAsBoolean()) {
        throw new InterruptedException();
      }
      try {
        line.get(PAUSE_MS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        continue;
      } catch (java.util.concurrent.ExecutionException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static boolean ready(Readiness readiness, CompletableFuture<Void> line) {
    return switch (readiness) {
      case Readiness.Started started -> true;
      case Readiness.OutputLine output -> line.isDone();
      case Readiness.TcpPort(int port) -> accepts(port);
      case Readiness.HttpOk(URI uri) -> answersOk(uri);
      case Readiness.Engine(var socket) -> new EngineApi("unix://" + socket).answers();
    };
  }

  /** True when something accepts on this loopback port. */
  static boolean accepts(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port), CALL_MS);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean answersOk(URI uri) {
    try {
      // The small old client: the newer one costs the supervisor a thread pool and 20 MB.
      HttpURLConnection http =
          (HttpURLConnection) uri.toURL().openConnection(java.net.Proxy.NO_PROXY);
      http.setConnectTimeout(CALL_MS);
      http.setReadTimeout(CALL_MS);
      return http.getResponseCode() == 200;
    } catch (IOException e) {
      return false;
    }
  }
}
