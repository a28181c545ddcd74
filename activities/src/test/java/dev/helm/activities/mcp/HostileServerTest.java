package dev.helm.activities.mcp;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.run.MemoryStore;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.McpServer;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.ToolActivity.Reply;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What servers do wrong costs the call, never the run. */
@Timeout(180)
class HostileServerTest {
  private static final String HELLO = "{\"text\":\"hello\"}";
  private static final Blueprint PLAN = McpRig.plan(McpRig.program(3_000), "mcp__s");

  /** Fails in one way at first, and then works. */
  private abstract static class OnceBad extends ScriptedServer {
    private final AtomicInteger done = new AtomicInteger();

    abstract void bad(Life life, JsonNode message) throws IOException;

    @Override
    void call(Life life, JsonNode message) throws IOException {
      if (done.getAndIncrement() == 0) {
        bad(life, message);
      } else {
        super.call(life, message);
      }
    }
  }

  private interface Bad {
    void on(ScriptedServer.Life life, JsonNode message) throws IOException;
  }

  private static ScriptedServer once(Bad bad) {
    return new OnceBad() {
      @Override
      void bad(Life life, JsonNode message) throws IOException {
        bad.on(life, message);
      }
    };
  }

  private static void costsItsCall(
      ScriptedServer server, Function<McpRig, String> first, String... told) {
    try (McpRig rig = new McpRig(PLAN, server)) {
      rig.told();
      assertThat(first.apply(rig)).contains(told);
      assertThat(rig.told(rig.call("mcp__s__echo", HELLO))).isEqualTo("hello");
    }
  }

  private static String ended(McpRig rig) {
    return rig.told(rig.call("mcp__s__echo", HELLO));
  }

  private static String unknown(McpRig rig) {
    Reply reply = rig.call("mcp__s__echo", HELLO);
    assertThat(((Reply.Waits) reply).reason()).isEqualTo("unknown");
    return rig.store.all(RunEvent.ToolUnknown.class).getFirst().reason();
  }

  @Test
  void oneThatDiesLeavesItsCallUnknownAndIsStartedAnew() {
    ScriptedServer server = once((life, message) -> life.dies(3));
    server.words = "panic: \u001b[31mno more";
    costsItsCall(
        server, HostileServerTest::unknown, "ended with code 3", "panic: \\u001b[31mno more");
    assertThat(server.lives).hasValue(2);
    assertThat(server.calls).hasSize(2);
  }

  @Test
  void oneThatHangsIsTimedOutAndEnded() {
    ScriptedServer server =
        once(
            (life, message) -> {
              // It reads and answers nothing any more, not even a ping.
              while (life.reads.readLine() != null) {}
            });
    costsItsCall(server, HostileServerTest::unknown, "did not answer within 3 s");
    assertThat(server.lives).hasValue(2);
  }

  @Test
  void oneThatForgetsACallIsTimedOutAndKept() {
    ScriptedServer server = once((life, message) -> {});
    costsItsCall(server, HostileServerTest::unknown, "did not answer within 3 s");
    assertThat(server.lives).hasValue(1);
  }

  @Test
  void anAnswerOfAHundredMegabytesIsAnErrorAndNotInMemory() {
    ScriptedServer server =
        once(
            (life, message) -> {
              byte[] piece = new byte[1 << 20];
              Arrays.fill(piece, (byte) 'x');
              life.raw()
                  .write(
                      ("{\"jsonrpc\":\"2.0\",\"id\":" + message.get("id") + ",\"result\":\"")
                          .getBytes(StandardCharsets.UTF_8));
              for (int i = 0; i < 100; i++) {
                life.raw().write(piece);
              }
            });
    costsItsCall(server, HostileServerTest::unknown, "more than 16 MiB", "ask it for less");
    assertThat(server.lives).hasValue(2);
  }

  @Test
  void aFloodOfMessagesEndsIt() {
    ScriptedServer server =
        once(
            (life, message) -> {
              while (true) {
                life.send(
                    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{}}");
              }
            });
    costsItsCall(server, HostileServerTest::unknown, "more than 20000 messages");
  }

  @Test
  void answersToWhatWasNotAskedAreNotBelieved() {
    ScriptedServer server =
        new ScriptedServer() {
          @Override
          void call(Life life, JsonNode message) throws IOException {
            String lie = ",\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"a lie\"}]}}";
            for (String id : new String[] {"7", "\"x-1\"", "null", "[1]", "1.5", "true"}) {
              life.send("{\"jsonrpc\":\"2.0\",\"id\":" + id + lie);
            }
            life.send("{\"jsonrpc\":\"2.0\",\"id\":" + message.get("id") + "}");
            life.send("not JSON at all");
            life.send("[]");
            life.send("");
            super.call(life, message);
            // A second answer to the same request.
            life.send("{\"jsonrpc\":\"2.0\",\"id\":" + message.get("id") + lie);
          }
        };
    try (McpRig rig = new McpRig(PLAN, server)) {
      rig.told();
      assertThat(rig.told(rig.call("mcp__s__echo", HELLO))).isEqualTo("hello");
      assertThat(rig.told(rig.call("mcp__s__echo", HELLO))).isEqualTo("hello");
      assertThat(server.lives).hasValue(1);
    }
  }

  @Test
  void anAnswerThatIsNoneCostsTheCall() {
    for (String result :
        new String[] {"7", "{\"content\":\"text\"}", "{\"content\":[{\"type\":\"tune\"}]}"}) {
      costsItsCall(
          once((life, message) -> life.answer(message, result)),
          HostileServerTest::ended,
          "MCP server s: its answer cannot be read");
    }
  }

  @Test
  void whatTheServerCallsAnErrorIsAnErrorForTheModel() {
    costsItsCall(
        once(
            (life, message) ->
                life.answer(
                    message,
                    "{\"isError\":true,\"content\":[{\"type\":\"text\",\"text\":\"no such row\"}]}")),
        HostileServerTest::ended,
        "no such row");
    costsItsCall(
        once(
            (life, message) ->
                life.send(
                    "{\"jsonrpc\":\"2.0\",\"id\":"
                        + message.get("id")
                        + ",\"error\":{\"code\":-32603,\"message\":\"broken pump\"}}")),
        HostileServerTest::ended,
        "broken pump");
  }

  @Test
  void tenThousandToolsAreAnErrorThatSaysWhatToDo() {
    ScriptedServer server = new ScriptedServer();
    StringBuilder many = new StringBuilder();
    for (int i = 0; i < 10_000; i++) {
      many.append(i == 0 ? "" : ",")
          .append(ScriptedServer.ECHO.replace("\"echo\"", "\"echo" + i + "\""));
    }
    server.tools = many.toString();
    failsAtFirstSight(server, "offers 10000 tools", "tools: [...]");
  }

  @Test
  void aListWithoutAnEndIsAnError() {
    ScriptedServer server =
        new ScriptedServer() {
          @Override
          void list(Life life, JsonNode message) throws IOException {
            life.answer(message, "{\"tools\":[" + ECHO + "],\"nextCursor\":\"again\"}");
          }
        };
    failsAtFirstSight(server, "has no end");
  }

  @Test
  void oneThatDiesBeforeItSaysHelloIsSaid() {
    ScriptedServer server =
        new ScriptedServer() {
          @Override
          void initialize(Life life, JsonNode message) throws IOException {
            life.dies(127);
          }
        };
    failsAtFirstSight(server, "ended with code 127");
  }

  private static void failsAtFirstSight(ScriptedServer server, String... why) {
    try (McpRig rig = new McpRig(PLAN, server)) {
      assertThat(rig.told()).doesNotContain("mcp__s__").contains("\"Bash\"");
      assertThat(rig.store.all(RunEvent.McpFailed.class).getFirst().reason()).contains(why);
    }
  }

  @Test
  void toolsThatNoModelCouldBeToldAreLeftOutAndSaid() {
    ScriptedServer server = new ScriptedServer();
    server.tools =
        ScriptedServer.ECHO
            + ",{\"name\":\"bad.name\",\"inputSchema\":{\"type\":\"object\"}}"
            + ",{\"name\":\"list\",\"inputSchema\":{\"type\":\"array\"}}"
            + ",{\"name\":\"either\",\"inputSchema\":{\"type\":\"object\",\"anyOf\":[{}]}}";
    try (McpRig rig = new McpRig(PLAN, server)) {
      assertThat(rig.told())
          .contains("mcp__s__echo")
          .doesNotContain("bad.name", "mcp__s__list", "mcp__s__either");
      assertThat(rig.store.all(RunEvent.McpFailed.class))
          .extracting(RunEvent.McpFailed::reason)
          .anyMatch(why -> why.contains("bad.name"))
          .anyMatch(why -> why.contains("alternatives at the top"));
    }
  }

  @Test
  void descriptionsAreBoundedAndDoNothingWhereTheyAreShown() {
    ScriptedServer server = new ScriptedServer();
    server.tools =
        ScriptedServer.ECHO.replace(
            "Says it again", "a\\u001b]0;owned\\u0007\\u202e\\u200b" + "long ".repeat(2_000));
    try (McpRig rig = new McpRig(PLAN, server)) {
      String told = rig.told();
      assertThat(told).contains("a\\\\u001b]0;owned\\\\u0007\\\\u202e\\\\u200blong");
      assertThat(told).doesNotContain("long ".repeat(900));
    }
  }

  @Test
  void whatTheBlueprintVouchesOnlyReadsIsAnErrorThatTheModelMayTryAgain() {
    McpServer program = McpRig.program(2_000);
    McpServer reading =
        new McpServer(
            null,
            program.command(),
            null,
            null,
            List.of(),
            Map.of(),
            List.of(),
            null,
            List.of(),
            2_000,
            List.of(),
            List.of("echo"));
    for (Bad bad : List.<Bad>of((life, message) -> life.dies(3), (life, message) -> {})) {
      try (McpRig rig = new McpRig(McpRig.plan(reading, "mcp__s"), once(bad))) {
        rig.told();
        assertThat(ended(rig)).containsAnyOf("ended with code 3", "did not answer within 2 s");
        assertThat(ended(rig)).isEqualTo("hello");
        assertThat(rig.store.all(RunEvent.ToolUnknown.class)).isEmpty();
      }
    }
  }

  @Test
  void hintsAreNotBelieved() {
    // It says that it only reads and can be repeated; it dies, and nothing is repeated.
    ScriptedServer server = once((life, message) -> life.dies(1));
    try (McpRig rig = new McpRig(PLAN, server)) {
      rig.told();
      unknown(rig);
      assertThat(server.calls).hasSize(1);
    }
  }

  @Test
  void aServerOfWhichOnlySomeToolsAreTakenMayChangeTheOthers() {
    ScriptedServer server = new ScriptedServer();
    server.tools = ScriptedServer.ECHO + "," + ScriptedServer.ECHO.replace("\"echo\"", "\"other\"");
    var some =
        new dev.helm.api.blueprint.McpServer(
            null,
            java.util.List.of("server"),
            null,
            null,
            java.util.List.of(),
            Map.of(),
            java.util.List.of(),
            null,
            java.util.List.of(),
            3_000,
            java.util.List.of("echo"),
            java.util.List.of());
    try (McpRig rig = new McpRig(McpRig.plan(some, "mcp__s"), server)) {
      assertThat(rig.told()).contains("mcp__s__echo").doesNotContain("mcp__s__other");
      server.tools = ScriptedServer.ECHO;
      rig.hub.release(MemoryStore.RUN);
      assertThat(rig.told(rig.call("mcp__s__echo", HELLO))).isEqualTo("hello");
    }
  }
}
