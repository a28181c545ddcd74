package dev.helm.activities.tools;

import dev.helm.activities.mail.Relay;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** An SMTP server for one mail that answers one command as told, or goes away at it. */
final class ShortRelay implements AutoCloseable {
  private final ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
  private final String at;
  private final String answer;

  /** {@code at}: a command, or the mail's end; an empty answer closes the connection. */
  ShortRelay(String at, String answer) throws IOException {
    this.at = at.strip();
    this.answer = answer;
    Thread.startVirtualThread(this::serve);
  }

  int port() {
    return server.getLocalPort();
  }

  Relay relay() {
    return new Relay(URI.create("smtp://127.0.0.1:" + port()));
  }

  private void serve() {
    try (Socket socket = server.accept()) {
      BufferedReader in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
      say(socket, "220 short");
      boolean mail = false;
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (mail && !line.equals(".")) {
          continue;
        }
        boolean chosen = mail ? at.equals(".") : line.startsWith(at);
        if (chosen && answer.isEmpty()) {
          return;
        }
        mail = !mail && line.equals("DATA") && !chosen;
        say(socket, chosen ? answer : mail ? "354 go on" : "250 ok");
      }
    } catch (IOException e) {
      // The test is over.
    }
  }

  private static void say(Socket socket, String line) throws IOException {
    OutputStream out = socket.getOutputStream();
    out.write((line + "\r\n").getBytes(StandardCharsets.US_ASCII));
    out.flush();
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
