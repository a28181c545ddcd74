package dev.helm.service.store.fault;

import dev.helm.activities.sandbox.EffectAttempt;
import dev.helm.activities.sandbox.EffectExit;
import dev.helm.activities.sandbox.EffectOutcome;
import dev.helm.activities.sandbox.EffectSink;
import dev.helm.activities.sandbox.Execution;
import dev.helm.activities.sandbox.Sandbox;
import dev.helm.activities.sandbox.SandboxLimits;
import dev.helm.activities.sandbox.SandboxStatus;
import dev.helm.activities.sandbox.Slot;
import dev.helm.activities.sandbox.ToolCommand;
import dev.helm.activities.workspace.WorkspaceFiles;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Sees what really happens, outside of Helm: commands as lines of a file, mails as connections. */
final class Witness implements Sandbox {
  private final Path file;
  private final ServerSocket mail = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());

  Witness(Path file) throws IOException {
    this.file = file;
    Files.createFile(file);
    Thread.startVirtualThread(this::mails);
  }

  List<String> effects() throws IOException {
    return Files.readAllLines(file);
  }

  int mailPort() {
    return mail.getLocalPort();
  }

  private synchronized void seen(String what) {
    try {
      Files.writeString(file, what + "\n", StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void mails() {
    try {
      while (true) {
        Socket socket = mail.accept();
        seen("mail");
        Thread.startVirtualThread(() -> take(socket));
      }
    } catch (IOException e) {
      // The test is over.
    }
  }

  private static void take(Socket socket) {
    try (socket;
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))) {
      say(socket, "220 witness");
      boolean body = false;
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (body && !line.equals(".")) {
          continue;
        }
        body = !body && line.equals("DATA");
        say(socket, body ? "354 go on" : "250 ok");
      }
    } catch (IOException e) {
      // The sender has gone.
    }
  }

  private static void say(Socket socket, String line) throws IOException {
    socket.getOutputStream().write((line + "\r\n").getBytes(StandardCharsets.US_ASCII));
    socket.getOutputStream().flush();
  }

  @Override
  public Slot claim(String run, SandboxLimits limits) {
    return new Slot("00000001", run, "life-1");
  }

  @Override
  public Execution execute(
      String run, EffectAttempt attempt, ToolCommand command, EffectSink sink) {
    seen("command " + attempt.key());
    EffectExit exit = new EffectExit(0, EffectExit.Reason.EXITED, null, 0, 0, 0);
    return new Execution() {
      @Override
      public CompletableFuture<EffectOutcome> outcome() {
        return CompletableFuture.completedFuture(new EffectOutcome.Ended(exit, false));
      }

      @Override
      public void acknowledge() {}
    };
  }

  @Override
  public void interrupt(String run, String effectKey) {}

  @Override
  public void release(String run) {}

  @Override
  public SandboxStatus status(String run) {
    return new SandboxStatus(SandboxStatus.State.NONE, null, false);
  }

  @Override
  public WorkspaceFiles files(String run) {
    throw new UnsupportedOperationException("a witness has no files");
  }

  @Override
  public <T> T inTree(String run, TreeWork<T> work) {
    throw new UnsupportedOperationException("a witness has no files");
  }

  @Override
  public <T> T atHome(String run, TreeWork<T> work) {
    throw new UnsupportedOperationException("a witness has no files");
  }

  @Override
  public void close() {
    try {
      mail.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
