package dev.helm.cli.launch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The few calls that the launcher makes to a container engine, over its unix socket or plain TCP. A
 * stuck engine never holds the caller longer than the deadline of each call.
 */
public final class EngineApi {
  private static final int MAX_ANSWER_BYTES = 8 * 1024 * 1024;
  private static final ObjectMapper JSON = new ObjectMapper();
  private final URI host;

  /** {@code unix:///path} or {@code tcp://host:port}. */
  public EngineApi(String dockerHost) {
    this.host = URI.create(dockerHost);
    if (!List.of("unix", "tcp").contains(String.valueOf(host.getScheme()))) {
      throw new IllegalArgumentException(
          "the engine's address starts with unix:// or tcp://, not " + dockerHost);
    }
  }

  /** True when the engine answers within 3 s. */
  public boolean answers() {
    try {
      return call("GET", "/_ping", 3_000).status() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  /** The engine's version, as it names it. */
  public String version() throws IOException {
    return json("/version").path("Version").asText("unknown");
  }

  /** True when the engine has this image. */
  public boolean hasImage(String id) throws IOException {
    return call("GET", "/images/" + encoded(id) + "/json", 10_000).status() == 200;
  }

  /** Ids of all containers, running or not, that have a bind mount from below this folder. */
  public List<String> containersMounting(Path folder) throws IOException {
    List<String> ids = new ArrayList<>();
    for (JsonNode container : json("/containers/json?all=true")) {
      for (JsonNode mount : container.path("Mounts")) {
        String source = mount.path("Source").asText();
        if (!source.isEmpty() && Path.of(source).startsWith(folder)) {
          ids.add(container.path("Id").asText());
          break;
        }
      }
    }
    return ids;
  }

  /** Kills and removes one container; one that is gone already is no error. */
  public void remove(String container) throws IOException {
    Answer answer =
        call("DELETE", "/containers/" + encoded(container) + "?force=true&v=true", 30_000);
    if (answer.status() >= 400 && answer.status() != 404 && answer.status() != 409) {
      throw new IOException("the engine answered " + answer.status() + " to removing a container");
    }
  }

  /** The JSON answer to a GET, within 10 s. */
  public JsonNode json(String path) throws IOException {
    Answer answer = call("GET", path, 10_000);
    if (answer.status() != 200) {
      throw new IOException("the engine answered " + answer.status() + " to GET " + path);
    }
    return JSON.readTree(answer.body());
  }

  private record Answer(int status, String body) {}

  private Answer call(String method, String path, long deadlineMs) throws IOException {
    try (var one = Executors.newVirtualThreadPerTaskExecutor()) {
      SocketChannel channel = open();
      var answer = one.submit(() -> exchange(channel, method, path));
      try {
        return answer.get(deadlineMs, TimeUnit.MILLISECONDS);
      } catch (ExecutionException e) {
        throw new IOException("the engine did not answer: " + e.getCause(), e.getCause());
      } catch (TimeoutException e) {
        throw new IOException("the engine did not answer within " + deadlineMs + " ms", e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while waiting for the engine", e);
      } finally {
        channel.close(); // ends a read that still waits
      }
    }
  }

  private SocketChannel open() throws IOException {
    boolean unix = "unix".equals(host.getScheme());
    return unix ? SocketChannel.open(StandardProtocolFamily.UNIX) : SocketChannel.open();
  }

  private SocketAddress address() {
    return "unix".equals(host.getScheme())
        ? UnixDomainSocketAddress.of(Path.of(host.getPath()))
        : new InetSocketAddress(host.getHost(), host.getPort() < 0 ? 2375 : host.getPort());
  }

  private Answer exchange(SocketChannel channel, String method, String path) throws IOException {
    channel.connect(address());
    // HTTP/1.0: the engine then neither chunks nor keeps the connection, so the end is the end.
    String request = method + " " + path + " HTTP/1.0\r\nHost: engine\r\n\r\n";
    channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8)));
    String text = readAll(Channels.newChannel(Channels.newInputStream(channel)));
    int head = text.indexOf("\r\n\r\n");
    String[] words = text.split(" ", 3);
    if (head < 0 || words.length < 3 || !words[1].matches("[0-9]{3}")) {
      throw new IOException("what listens there is no container engine");
    }
    return new Answer(Integer.parseInt(words[1]), text.substring(head + 4));
  }

  private static String readAll(ReadableByteChannel channel) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    ByteBuffer part = ByteBuffer.allocate(16_384);
    while (channel.read(part) >= 0 && all.size() < MAX_ANSWER_BYTES) {
      all.write(part.array(), 0, part.position());
      part.clear();
    }
    return all.toString(StandardCharsets.UTF_8);
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
