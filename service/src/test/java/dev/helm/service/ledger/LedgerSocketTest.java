package dev.helm.service.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.api.RunId;
import dev.helm.api.Secret;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import dev.helm.workflows.HelmJson;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LedgerSocketTest {
  private static final String SECRET = "5".repeat(64);

  @TempDir Path home;
  private Store store;
  private LedgerSocket socket;

  @BeforeEach
  void open() throws IOException {
    store = Store.open(home, Clock.systemUTC());
    socket =
        LedgerSocket.start(
            home.resolve("l.sock"), Secret.of(SECRET), new Ledger(store, PriceTable.load(home)));
  }

  @AfterEach
  void close() throws IOException {
    socket.close();
    store.close();
  }

  private final class Proxy implements AutoCloseable {
    final SocketChannel channel;
    final BufferedReader in;

    Proxy() throws IOException {
      channel = SocketChannel.open(UnixDomainSocketAddress.of(home.resolve("l.sock")));
      in =
          new BufferedReader(
              new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8));
    }

    void send(String line) throws IOException {
      channel.write(ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8)));
    }

    JsonNode ask(String line) throws IOException {
      send(line);
      return HelmJson.mapper().readTree(in.readLine());
    }

    JsonNode hello(String secret) throws IOException {
      return ask(
          "{\"op\":\"hello\",\"v\":1,\"boot\":\"%s\",\"secret\":\"%s\"}"
              .formatted(RunId.random(), secret));
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }

  private String reserve(String id, String run) {
    return ("{\"op\":\"reserve\",\"id\":\"%s\",\"token\":\"%s\",\"model\":\"claude-sonnet-4-5\","
            + "\"maxTokens\":100,\"bodyBytes\":1000,\"images\":[{\"bytes\":12}],"
            + "\"prefixes\":[{\"sha256\":\"%s\",\"bytes\":900}]}")
        .formatted(id, store.runs().modelToken(run, 1).reveal(), "b".repeat(64));
  }

  @Test
  void speaksTheProtocol() throws IOException {
    String run = StoreFixture.run(store);
    try (Proxy proxy = new Proxy()) {
      assertThat(proxy.hello(SECRET).path("ok").asBoolean()).isTrue();
      String id = RunId.random().value();
      JsonNode granted = proxy.ask(reserve(id, run));
      assertThat(granted.path("run").asText()).isEqualTo(run);
      assertThat(granted.path("id").asText()).isEqualTo(id);
      JsonNode settled =
          proxy.ask(
              "{\"op\":\"settle\",\"id\":\"%s\",\"usage\":{\"inputTokens\":10,\"outputTokens\":5},"
                      .formatted(id)
                  + "\"messageId\":\"msg_1\"}");
      assertThat(settled.path("ok").asBoolean()).isTrue();
      assertThat(store.runs().money(run).spentUsd().micros()).isEqualTo(30 + 75);
      assertThat(proxy.ask("{\"op\":\"void\",\"id\":\"" + id + "\"}").path("ok").asBoolean())
          .isTrue();
      assertThat(proxy.ask("{\"op\":\"dance\",\"id\":\"x\"}").path("code").asText())
          .isEqualTo("bad_request");
      assertThat(proxy.ask("not json").path("ok").asBoolean(true)).isFalse();
      JsonNode refused = proxy.ask(reserve(RunId.random().value(), "0".repeat(32)));
      assertThat(refused.path("status").asInt()).isEqualTo(401);
    }
  }

  @Test
  void refusesAWrongSecretAndReplacesTheOldProxy() throws IOException {
    try (Proxy first = new Proxy();
        Proxy thief = new Proxy();
        Proxy second = new Proxy()) {
      assertThat(first.hello(SECRET).path("ok").asBoolean()).isTrue();
      assertThat(thief.hello("6".repeat(64)).path("code").asText()).isEqualTo("unauthorized");
      assertThat(thief.in.readLine()).isNull();
      assertThat(second.hello(SECRET).path("ok").asBoolean()).isTrue();
      assertThat(first.in.readLine()).isNull();
      assertThat(socket.connected()).isTrue();
    }
  }

  @Test
  void anOverlongLineEndsTheConnection() throws IOException {
    try (Proxy proxy = new Proxy()) {
      proxy.hello(SECRET);
      try {
        proxy.send("x".repeat(300 * 1024));
        assertThat(proxy.in.readLine()).isNull();
      } catch (IOException e) {
        // The socket may be gone before all of it was written.
        assertThat(e).isNotNull();
      }
    }
  }

  @Test
  void answersManyAtOnce() throws IOException {
    String run = StoreFixture.run(store);
    try (Proxy proxy = new Proxy()) {
      proxy.hello(SECRET);
      Set<String> open = new HashSet<>();
      for (int i = 0; i < 50; i++) {
        String id = RunId.random().value();
        open.add(id);
        proxy.send(reserve(id, run));
      }
      while (!open.isEmpty()) {
        JsonNode answer = HelmJson.mapper().readTree(proxy.in.readLine());
        assertThat(open.remove(answer.path("id").asText())).isTrue();
      }
    }
  }
}
