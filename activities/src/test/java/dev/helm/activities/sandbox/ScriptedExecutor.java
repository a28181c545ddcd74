package dev.helm.activities.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** One connection of an executor that says exactly what a test tells it to. */
final class ScriptedExecutor implements AutoCloseable {
  static final String BOOT = "b".repeat(32);
  private static final ObjectMapper JSON = new ObjectMapper();
  private final SocketChannel channel;
  private final DataInputStream in;
  private final DataOutputStream out;

  ScriptedExecutor(Path socket) throws IOException {
    channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    in = new DataInputStream(Channels.newInputStream(channel));
    out = new DataOutputStream(Channels.newOutputStream(channel));
  }

  /** Dials, greets and answers the first ping. */
  static ScriptedExecutor known(Path socket, @Nullable String secret, String effects)
      throws IOException {
    ScriptedExecutor executor = new ScriptedExecutor(socket);
    executor.hello(secret, effects);
    executor.expect("welcome");
    executor.expect("ping");
    executor.send("{\"t\":\"pong\"}");
    return executor;
  }

  void hello(@Nullable String secret, String effects) throws IOException {
    send(
        "{\"t\":\"hello\",\"v\":1,\"boot\":\""
            + BOOT
            + "\""
            + (secret == null ? "" : ",\"secret\":\"" + secret + "\"")
            + ",\"effects\":["
            + effects
            + "]}");
  }

  void send(String json) throws IOException {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream frame = new ByteArrayOutputStream();
    new DataOutputStream(frame).writeInt(body.length);
    frame.writeBytes(body);
    out.write(frame.toByteArray());
  }

  void raw(byte[] bytes) throws IOException {
    out.write(bytes);
  }

  void output(String key, long offset, String text) throws IOException {
    String data = Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    send("{\"t\":\"out\",\"key\":\"%s\",\"off\":%d,\"data\":\"%s\"}".formatted(key, offset, data));
  }

  void exit(String key, long length) throws IOException {
    send(
        "{\"t\":\"exit\",\"key\":\"%s\",\"code\":0,\"reason\":\"exited\",\"len\":%d,\"total\":%d,\"dropped\":0}"
            .formatted(key, length, length));
  }

  /** The next frame but pings, which are answered. */
  JsonNode expect(String type) throws IOException {
    while (true) {
      byte[] body = new byte[in.readInt()];
      in.readFully(body);
      JsonNode frame = JSON.readTree(body);
      if (frame.path("t").asText().equals(type)) {
        return frame;
      }
      if (!frame.path("t").asText().equals("ping")) {
        throw new AssertionError("expected " + type + ", got " + frame);
      }
      send("{\"t\":\"pong\"}");
    }
  }

  /** Whether the host closed the line instead of a welcome. */
  boolean closedByHostAtOnce() throws IOException {
    try {
      expect("welcome");
      return false;
    } catch (java.io.EOFException e) {
      return true;
    }
  }

  /** Whether the host closed the line. */
  boolean closedByHost() {
    try {
      while (in.read() >= 0) {
        continue;
      }
      return true;
    } catch (IOException e) {
      return true;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
