package dev.helm.cli.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** Against a socket that answers with recorded bytes, and one that never answers. */
class EngineApiTest {
  @Test
  void findsItsContainersByWhatTheyMount() throws Exception {
    try (TinyHome tiny = new TinyHome();
        Recorded engine =
            new Recorded(
                tiny.home.engineSocket(),
                """
                [{"Id":"aa","Mounts":[{"Source":"%1$s/slots/01020304/box"}]},
                 {"Id":"bb","Mounts":[{"Source":"%1$s/slots-of-another"}]},
                 {"Id":"cc","Mounts":[]}]
                """
                    .formatted(tiny.home.root()))) {
      EngineApi api = new EngineApi("unix://" + tiny.home.engineSocket());
      assertThat(api.answers()).isTrue();
      assertThat(api.containersMounting(tiny.home.root().resolve("slots"))).containsExactly("aa");
      Containers.removeAll("unix://" + tiny.home.engineSocket(), tiny.home, tiny.progress);
      assertThat(engine.requests)
          .last()
          .isEqualTo("DELETE /containers/aa?force=true&v=true HTTP/1.0");
      assertThat(tiny.said()).contains("removed · 1 container");
    }
  }

  @Test
  void anEngineThatIsNotThereIsToldOf() throws Exception {
    try (TinyHome tiny = new TinyHome()) {
      EngineApi api = new EngineApi("unix://" + tiny.home.engineSocket());
      assertThat(api.answers()).isFalse();
      assertThatThrownBy(api::version).isInstanceOf(IOException.class);
      Containers.removeAll("unix://" + tiny.home.engineSocket(), tiny.home, tiny.progress);
      assertThat(tiny.said()).contains("containers · not removed");
    }
  }

  @Test
  void anEngineThatHangsHoldsNobody() throws Exception {
    try (TinyHome tiny = new TinyHome();
        ServerSocketChannel silent = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      silent.bind(UnixDomainSocketAddress.of(tiny.home.engineSocket()));
      assertThat(new EngineApi("unix://" + tiny.home.engineSocket()).answers()).isFalse();
    }
  }

  /** Answers every request with 200 and the same body. */
  private static final class Recorded implements AutoCloseable {
    final List<String> requests = new CopyOnWriteArrayList<>();
    private final ServerSocketChannel server;
    private final String body;

    Recorded(Path socket, String body) throws IOException {
      this.body = body;
      server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      server.bind(UnixDomainSocketAddress.of(socket));
      Thread.ofVirtual().start(this::serve);
    }

    private void serve() {
      try {
        while (true) {
          try (SocketChannel client = server.accept()) {
            ByteBuffer request = ByteBuffer.allocate(4096);
            client.read(request);
            String text =
                new String(request.array(), 0, request.position(), StandardCharsets.UTF_8);
            requests.add(text.lines().findFirst().orElse(""));
            String answer = "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + body;
            client.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.UTF_8)));
          }
        }
      } catch (IOException e) {
        return; // closed at the end of the test
      }
    }

    @Override
    public void close() throws IOException {
      server.close();
    }
  }
}
