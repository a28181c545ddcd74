package dev.helm.activities.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.dockerjava.transport.DockerHttpClient;
import com.github.dockerjava.transport.DockerHttpClient.Request;
import com.github.dockerjava.transport.DockerHttpClient.Request.Method;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The container engine's images, as far as Helm makes any. Nothing of an image ever runs here: its
 * files are copied into or out of a container that is created and never started.
 */
public final class EngineImages implements AutoCloseable {
  private static final Duration SLOW = Duration.ofMinutes(10);
  private static final int ANSWER_BYTES_MAX = 4 << 20;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final DockerHttpClient http;
  private final String installation;

  /**
   * @param engine where it listens
   * @param installation labels the containers, so that a start removes what a crash left
   */
  public EngineImages(URI engine, String installation) {
    this.installation = installation;
    this.http =
        new ZerodepDockerHttpClient.Builder()
            .dockerHost(engine)
            .maxConnections(4)
            .connectionTimeout(Duration.ofSeconds(5))
            .responseTimeout(SLOW)
            .build();
  }

  /** Takes an export: the files of an image as a tar. */
  @FunctionalInterface
  public interface TarSink {
    /** Reads it to its end. */
    void take(InputStream tar) throws IOException;
  }

  /**
   * What the engine says of an image, or null if it has none of that name.
   *
   * @throws EngineUnavailable it does not answer
   */
  public @Nullable JsonNode inspect(String nameOrId) {
    return call("look for an image", () -> json(Method.GET, "/images/" + nameOrId + "/json", null));
  }

  /**
   * Puts a layer on top of an image.
   *
   * @param tar its files, owners and modes as they are to be
   * @param tag {@code NAME:TAG}
   * @param labels are found again in {@link #inspect} at {@code /Config/Labels}
   * @return the new image's id
   */
  public String layer(String baseId, Path tar, String tag, Map<String, String> labels) {
    return withContainer(
        baseId,
        labels,
        container -> {
          send(Method.PUT, "/containers/" + container + "/archive?path=/", tar);
          String[] name = tag.split(":", 2);
          JsonNode made =
              json(
                  Method.POST,
                  "/commit?container=" + container + "&repo=" + name[0] + "&tag=" + name[1],
                  JSON.createObjectNode());
          if (made == null) {
            throw new IOException("the engine forgot a container while an image was made of it");
          }
          return Ids.image(made.path("Id").asText());
        });
  }

  /** Reads all files of an image. */
  public void export(String imageId, TarSink sink) {
    read(imageId, "/export", sink);
  }

  /**
   * Reads one file of an image.
   *
   * @param path absolute, of plain characters
   */
  public void file(String imageId, String path, TarSink sink) {
    read(imageId, "/archive?path=" + path, sink);
  }

  private void read(String imageId, String what, TarSink sink) {
    var unused =
        withContainer(
            imageId,
            Map.of(),
            container -> {
              try (DockerHttpClient.Response answer =
                  http.execute(request(Method.GET, "/containers/" + container + what).build())) {
                if (answer.getStatusCode() != 200) {
                  throw new IOException(
                      "the engine shows no files of an image: " + answer.getStatusCode());
                }
                sink.take(answer.getBody());
                return container;
              }
            });
  }

  /** Makes an image of one layer without any configuration; returns its id. */
  public String load(Path tar, String tag) {
    String[] name = tag.split(":", 2);
    return call(
        "make an image",
        () -> {
          send(Method.POST, "/images/create?fromSrc=-&repo=" + name[0] + "&tag=" + name[1], tar);
          JsonNode made = json(Method.GET, "/images/" + tag + "/json", null);
          if (made == null) {
            throw new IOException("the engine made an image and does not show it");
          }
          return Ids.image(made.path("Id").asText());
        });
  }

  private interface Work<T> {
    T with(String container) throws IOException;
  }

  private <T> T withContainer(String imageId, Map<String, String> labels, Work<T> work) {
    return call(
        "make an image",
        () -> {
          ObjectNode wish = JSON.createObjectNode().put("Image", imageId);
          wish.putArray("Entrypoint").add(SandboxSettings.EXECUTOR);
          wish.put("NetworkDisabled", true).putObject("HostConfig").put("NetworkMode", "none");
          ObjectNode marks = wish.putObject("Labels");
          labels.forEach(marks::put);
          marks.put(ContainerPlan.INSTALLATION_LABEL, installation);
          JsonNode made = json(Method.POST, "/containers/create", wish);
          if (made == null) {
            throw new SandboxRefused("image", "the engine has no image " + imageId);
          }
          String container = made.path("Id").asText();
          try {
            return work.with(container);
          } finally {
            var unused =
                json(Method.DELETE, "/containers/" + container + "?force=true&v=true", null);
          }
        });
  }

  private <T> T call(String what, java.util.concurrent.Callable<T> work) {
    return EngineCalls.call(what, SLOW, work);
  }

  private void send(Method method, String path, Path tar) throws IOException {
    try (InputStream body = Files.newInputStream(tar);
        DockerHttpClient.Response answer =
            http.execute(
                request(method, path)
                    .putHeader("Content-Type", "application/x-tar")
                    .body(body)
                    .build())) {
      String said = text(answer);
      // An import answers 200 and tells its failure in the stream.
      if (answer.getStatusCode() / 100 != 2 || said.contains("\"error\"")) {
        throw new IOException("the engine took no files: " + said.strip());
      }
    }
  }

  /** The answer, null for 404. */
  private @Nullable JsonNode json(Method method, String path, @Nullable JsonNode body)
      throws IOException {
    ImmutableBody request = new ImmutableBody(request(method, path), body);
    try (DockerHttpClient.Response answer = http.execute(request.build())) {
      String said = text(answer);
      if (answer.getStatusCode() == 404) {
        return null;
      }
      if (answer.getStatusCode() / 100 != 2) {
        throw new IOException("the engine answers " + answer.getStatusCode() + ": " + said.strip());
      }
      return said.isBlank() ? JSON.createObjectNode() : JSON.readTree(said);
    }
  }

  private record ImmutableBody(Request.Builder builder, @Nullable JsonNode body) {
    Request build() {
      if (body != null) {
        builder
            .putHeader("Content-Type", "application/json")
            .bodyBytes(body.toString().getBytes(StandardCharsets.UTF_8));
      }
      return builder.build();
    }
  }

  private static Request.Builder request(Method method, String path) {
    Request.Builder builder = Request.builder();
    builder.method(method).path(path);
    return builder;
  }

  private static String text(DockerHttpClient.Response answer) throws IOException {
    byte[] bytes = answer.getBody().readNBytes(ANSWER_BYTES_MAX);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    Closer.close(http);
  }
}
