package dev.helm.activities.foreign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.activities.run.Plans;
import dev.helm.activities.store.Runs;
import dev.helm.activities.tools.RunTools;
import dev.helm.api.RunStatus;
import dev.helm.api.Secret;
import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.spec.McpSchema;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Helm's MCP endpoint over real sockets: the official client, and bare requests. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
@SuppressWarnings("NullAway.Init") // made before each test
class ProgramDoorTest {
  private static final String RUN = "0123456789abcdef0123456789abcdef";
  private static final String TOKEN = "secret-token";

  private final ProgramDoor door = new ProgramDoor("1", 50);
  private final List<String> read = new ArrayList<>();
  private ServerSocketChannel server;
  private ProgramCalls calls;

  @BeforeEach
  void listen() throws IOException {
    server = ServerSocketChannel.open();
    server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    Thread.ofVirtual().start(this::accept);
    begin(List.of());
  }

  @AfterEach
  void close() throws IOException {
    calls.end();
    server.close();
  }

  private void accept() {
    while (server.isOpen()) {
      try {
        SocketChannel line = server.accept();
        Thread.ofVirtual()
            .start(
                () -> {
                  try (line) {
                    door.serve(RUN, line);
                  } catch (IOException e) {
                    throw new IllegalStateException(e);
                  }
                });
      } catch (IOException e) {
        return;
      }
    }
  }

  @Test
  void theOfficialClientListsCallsAndReads() throws Exception {
    BlockingQueue<McpSchema.ProgressNotification> beats = new LinkedBlockingQueue<>();
    try (McpSyncClient client =
        McpClient.sync(
                HttpClientStreamableHttpTransport.builder("http://127.0.0.1:" + port())
                    .endpoint("/mcp")
                    .requestBuilder(
                        HttpRequest.newBuilder().header("Authorization", "Bearer " + TOKEN))
                    .build())
            .requestTimeout(Duration.ofSeconds(20))
            .progressConsumer(beats::add)
            .build()) {
      assertThat(client.initialize().serverInfo().name()).isEqualTo("helm");
      assertThat(client.listTools().tools())
          .extracting(McpSchema.Tool::name)
          .contains("Bash", "Read")
          .doesNotContain("Agent");
      CompletableFuture<McpSchema.CallToolResult> called =
          CompletableFuture.supplyAsync(
              () ->
                  client.callTool(
                      McpSchema.CallToolRequest.builder("Bash")
                          .arguments(Map.of("command", "date"))
                          .progressToken("p1")
                          .build()),
              // Not the common pool: the client's own work is done there.
              task -> Thread.ofVirtual().start(task));
      List<Next.Asked> asked = taken();
      assertThat(asked.getFirst().arguments()).isEqualTo("{\"command\":\"date\"}");
      assertThat(beats.poll(60, TimeUnit.SECONDS)).as("a sign of life").isNotNull();
      give(asked.getFirst(), "Monday", new Given.Message("m1", "Hurry.", "ann"));
      McpSchema.CallToolResult result = called.get(60, TimeUnit.SECONDS);
      assertThat(result.content().toString()).contains("Monday", "person: Hurry.", "m1");
      assertThat(result.isError()).isFalse();
      assertThat(read).containsExactly("m1");
      assertThat(client.readResource(new McpSchema.ReadResourceRequest("helm://run/history")))
          .hasToString(
              client
                  .readResource(new McpSchema.ReadResourceRequest("helm://run/history"))
                  .toString());
      client.ping();
    }
  }

  @Test
  void aCallThatWasLeftIsJoinedAndNotMadeTwice() throws Exception {
    Socket first = send(call("a"), true);
    Next.Asked asked = taken().getFirst();
    first.close();
    try (Socket second = joined(call("a"))) {
      give(asked, "once", null);
      assertThat(answer(second)).contains("once");
    }
    try (Socket third = send(call("a"), true)) {
      assertThat(taken().getFirst().toolUseId()).isNotEqualTo(asked.toolUseId());
    }
  }

  @Test
  void anAnswerThatNobodyTookWaitsForTheSameCall() throws Exception {
    Socket first = send(call("a"), true);
    Next.Asked asked = taken().getFirst();
    first.close();
    awaitGone();
    give(asked, "kept", new Given.Message("m1", "Hurry.", "ann"));
    try (Socket second = send(call("a"), true)) {
      assertThat(answer(second)).contains("kept").doesNotContain("Hurry");
    }
    Socket other = send(call("b"), true);
    give(taken().getFirst(), "more", null);
    assertThat(answer(other)).contains("more", "Hurry");
    other.close();
  }

  @Test
  void twoEqualCallsAtOnceAreTwo() throws Exception {
    try (Socket one = send(call("a"), true);
        Socket two = send(call("a"), true)) {
      List<Next.Asked> asked = new ArrayList<>(taken());
      if (asked.size() == 1) {
        asked.addAll(taken());
      }
      assertThat(asked).hasSize(2);
      asked.forEach(each -> give(each, each.toolUseId(), null));
      assertThat(answer(one) + answer(two))
          .contains(asked.get(0).toolUseId(), asked.get(1).toolUseId());
    }
  }

  @Test
  void aLifeAfterTheFirstGetsWhatTheLogHasOnceEach() throws Exception {
    String asked =
        History.answered("", List.of(new Next.Asked("c1", "Bash", "{\"command\":\"a\"}")));
    String gave =
        History.given(null, new Given(List.of(new Given.Result("c1", "before", false)), List.of()));
    begin(List.of(String.valueOf(asked), String.valueOf(gave)));
    try (Socket again = send(call("a"), true)) {
      assertThat(answer(again)).contains("before");
    }
    try (Socket anew = send(call("a"), true)) {
      give(taken().getFirst(), "now", null);
      assertThat(answer(anew)).contains("now");
    }
    begin(List.of(String.valueOf(asked), String.valueOf(gave)));
    try (Socket reads =
        send(
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/read\","
                + "\"params\":{\"uri\":\"helm://run/history\"}}",
            true)) {
      assertThat(answer(reads)).contains("tool_use", "before");
    }
    try (Socket known = send(call("a"), true)) {
      give(taken().getFirst(), "anew", null);
      assertThat(answer(known)).contains("anew");
    }
  }

  @Test
  void aFormerLifesTokenIsRefusedAndManyCallsAreToo() throws Exception {
    try (Socket stranger = send(call("a"), false)) {
      assertThat(answer(stranger)).contains("401", "HELM_TOKEN");
    }
    for (int i = 0; i < ProgramCalls.MAX_OPEN_CALLS; i++) {
      calls.call("Bash", "{\"command\":\"" + i + "\"}");
    }
    try (Socket more = send(call("a"), true)) {
      assertThat(answer(more)).contains("-32000", "wait for one of them");
    }
    calls.end();
    assertThatThrownBy(() -> calls.call("Bash", "{}")).isInstanceOf(ProgramCalls.Refused.class);
  }

  @Test
  void bareNonsenseEndsItsConnectionOnly() throws Exception {
    for (String bytes :
        List.of(
            "\0\1\2\n\n",
            "GET\r\n\r\n",
            "POST /mcp HTTP/1.1\r\n" + "a: b\r\n".repeat(10_000) + "\r\n",
            "x".repeat(40_000),
            "POST /mcp HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
            "POST /mcp HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "POST /mcp HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFF\r\n",
            "POST /mcp HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n",
            "POST /mcp HTTP/1.1\r\nContent-Length: -1\r\n\r\n")) {
      try (Socket line = new Socket(InetAddress.getLoopbackAddress(), port())) {
        try {
          line.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
          line.shutdownOutput();
          assertThat(new String(line.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
              .as(bytes.substring(0, Math.min(60, bytes.length())))
              .matches("(?s)(HTTP/1.1 4[0-9][0-9] .*)?");
        } catch (IOException e) {
          // It was cut off while it still sent.
        }
      }
    }
    try (Socket well = send("{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"ping\"}", true)) {
      assertThat(answer(well)).contains("\"result\":{}");
    }
  }

  // ---- parts -------------------------------------------------------------------------------

  private void begin(List<String> history) {
    Runs.Info info =
        new Runs.Info(
            RUN, "n", 1, RunStatus.RUNNING, null, Plans.open(), "test@1", Map.of(), null, true);
    SessionStart start =
        new SessionStart(
            info,
            1,
            "00000000000000aa",
            "task",
            !history.isEmpty(),
            history,
            List.of(),
            Secret.of("m"),
            new AgentEvents() {
              @Override
              public void says(String text) {}

              @Override
              public boolean reads(String messageId) {
                return read.add(messageId);
              }
            });
    calls = new ProgramCalls(start);
    door.open(
        new ProgramDoor.Client(start, RunTools.NATIVE, tool -> true, Secret.of(TOKEN), calls));
  }

  private int port() throws IOException {
    return ((InetSocketAddress) server.getLocalAddress()).getPort();
  }

  private List<Next.Asked> taken() throws InterruptedException {
    List<Next.Asked> asked = calls.take();
    assertThat(asked).isNotEmpty();
    return asked == null ? List.of() : asked;
  }

  private void give(Next.Asked asked, String text, Given.@Nullable Message message) {
    calls.give(
        new Given(
            List.of(new Given.Result(asked.toolUseId(), text, false)),
            message == null ? List.of() : List.of(message)));
  }

  private static String call(String command) {
    return "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"Bash\","
        + "\"arguments\":{\"command\":\""
        + command
        + "\"}}}";
  }

  private Socket send(String body, boolean known) throws IOException {
    Socket line = new Socket(InetAddress.getLoopbackAddress(), port());
    line.getOutputStream()
        .write(
            ("POST /mcp HTTP/1.1\r\nAuthorization: Bearer "
                    + (known ? TOKEN : "former")
                    + "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "
                    + body.length()
                    + "\r\n\r\n"
                    + body)
                .getBytes(StandardCharsets.US_ASCII));
    return line;
  }

  /** A repeated call, once Helm has seen that the first one's connection is closed. */
  private Socket joined(String body) throws Exception {
    awaitGone();
    return send(body, true);
  }

  private void awaitGone() throws InterruptedException {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!calls.someoneLeft()) {
      assertThat(System.nanoTime()).isLessThan(until);
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  private static String answer(Socket line) throws IOException {
    StringBuilder all = new StringBuilder();
    byte[] part = new byte[4096];
    int read;
    while ((read = line.getInputStream().read(part)) >= 0) {
      all.append(new String(part, 0, read, StandardCharsets.UTF_8));
      if (all.toString().endsWith("\r\n0\r\n\r\n")) {
        break;
      }
    }
    return all.toString();
  }
}
