package dev.helm.keyproxy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Bodies that fit and that a parser blows up to many times their size. */
class SwellTest {
  private static final int BYTES = 15 << 20;
  private static final int AT_ONCE = 12;

  @TempDir private Path folder;

  record Body(String name, String start, String end) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Body> bodies() {
    StringBuilder names = new StringBuilder("{\"metadata\":{");
    StringBuilder members = new StringBuilder("{");
    for (int i = 0; names.length() < BYTES; i++) {
      names.append('"').append(Integer.toString(i, 36)).append("\":1,");
      members.append('"').append(Integer.toString(i, 36)).append("\":1,");
    }
    StringBuilder longNames = new StringBuilder("{\"metadata\":{");
    for (int i = 0; longNames.length() < BYTES; i++) {
      longNames.append('"').append(i).append("n".repeat(1_900)).append("\":1,");
    }
    String text = "x".repeat(BYTES);
    return Stream.of(
        new Body("names", names.toString(), "\"z\":1}}"),
        new Body("long names", longNames.toString(), "\"z\":1}}"),
        new Body("members", members.toString(), "\"z\":1}"),
        new Body("model", "{\"model\":\"" + text, "\"}"),
        new Body("role", "{\"messages\":[{\"role\":\"" + text, "\"}]}"),
        new Body("name", "{\"" + text, "\":1}"),
        new Body("number", "{\"max_tokens\":" + "1".repeat(BYTES), "}"),
        new Body("arrays", "{\"x\":" + "[".repeat(BYTES / 2), "]".repeat(BYTES / 2) + "}"));
  }

  @ParameterizedTest
  @MethodSource("bodies")
  void doNotEndTheProcess(Body body) throws Exception {
    byte[] request = Sse.bytes(RawClient.post(body.start() + body.end()));
    try (Rig rig = new Rig((call, socket, out) -> Sse.send(out));
        KeyProxyProcess one =
            KeyProxyProcess.start(
                "http://127.0.0.1:" + rig.upstream.port(),
                rig.folder.resolve("l.sock"),
                rig.folder.resolve("secret"));
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Integer>> statuses = new ArrayList<>();
      for (int i = 0; i < AT_ONCE; i++) {
        statuses.add(threads.submit(() -> status(one.port, request)));
      }
      for (Future<Integer> status : statuses) {
        // A client that is still sending when it is refused may see a reset in place of the 529.
        assertThat(status.get()).isIn(200, 400, 529, 0);
      }
      assertThat(status(one.port, Sse.bytes(RawClient.post(RawClient.BODY)))).isEqualTo(200);
    }
  }

  private static int status(int port, byte[] request) throws IOException {
    try (RawClient client = new RawClient(port)) {
      return client.sendAnyway(request).read().status();
    }
  }

  /** The positive control: one such body ends a process of the same size that only parses it. */
  @Test
  void oneOfThemEndsAParserWithoutBounds() throws Exception {
    Body names = bodies().findFirst().orElseThrow();
    Path file = folder.resolve("body.json");
    Files.writeString(file, names.start() + names.end(), StandardCharsets.US_ASCII);
    Process process = KeyProxyProcess.other(Naive.class, file);
    assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as("out of memory").isEqualTo(3);
  }

  /** Parses its input, strict and without bounds. */
  static final class Naive {
    private Naive() {}

    public static void main(String[] args) throws IOException {
      JsonFactory strict =
          JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
      byte[] body = System.in.readAllBytes();
      try (JsonParser parser = strict.createParser(body)) {
        while (parser.nextToken() != null) {
          // Only its memory is of interest.
        }
      }
    }
  }
}
