package dev.helm.cli.testing;

import dev.helm.api.event.LoggedEvent;
import dev.helm.cli.http.Json;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The server's end of a WebSocket, as far as the tests need it (RFC 6455). */
final class TestStream {
  private final Socket socket;
  private final DataInputStream in;
  private final OutputStream out;

  TestStream(Socket socket) throws IOException {
    this.socket = socket;
    this.in = new DataInputStream(socket.getInputStream());
    this.out = socket.getOutputStream();
  }

  void event(LoggedEvent event) {
    send(
        Json.write(
            Map.of(
                "op", "events", "events", List.of(TestService.tree(event)), "pos", event.seq())));
  }

  /** A text frame; a client that has gone is somebody else's worry. */
  void send(String text) {
    try {
      write(1, text.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // The reading side sees it too.
    }
  }

  /** The next text, or null at the end; pings are answered. */
  @Nullable String read() {
    try {
      while (true) {
        int opcode = in.readUnsignedByte() & 15;
        byte[] payload = payload();
        switch (opcode) {
          case 1 -> {
            return new String(payload, StandardCharsets.UTF_8);
          }
          case 9 -> write(10, payload);
          case 8 -> {
            return null;
          }
          default -> {}
        }
      }
    } catch (IOException e) {
      return null;
    }
  }

  void cut() {
    try {
      socket.setSoLinger(true, 0);
      socket.close();
    } catch (IOException e) {
      // It is cut.
    }
  }

  private byte[] payload() throws IOException {
    int length = in.readUnsignedByte() & 127;
    long size = length == 126 ? in.readUnsignedShort() : length == 127 ? in.readLong() : length;
    byte[] mask = in.readNBytes(4);
    byte[] payload = in.readNBytes((int) size);
    for (int i = 0; i < payload.length; i++) {
      payload[i] ^= mask[i & 3];
    }
    return payload;
  }

  private synchronized void write(int opcode, byte[] payload) throws IOException {
    ByteArrayOutputStream frame = new ByteArrayOutputStream();
    frame.write(0x80 | opcode);
    if (payload.length < 126) {
      frame.write(payload.length);
    } else if (payload.length < 65_536) {
      frame.write(126);
      frame.write(payload.length >> 8);
      frame.write(payload.length);
    } else {
      frame.write(127);
      for (int shift = 56; shift >= 0; shift -= 8) {
        frame.write((int) ((long) payload.length >> shift));
      }
    }
    frame.write(payload);
    out.write(frame.toByteArray());
    out.flush();
  }
}
