package dev.helm.activities.mcp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.run.MemoryStore;
import dev.helm.activities.run.Plans;
import dev.helm.activities.sandbox.Boxes;
import dev.helm.activities.sandbox.ImageLab;
import dev.helm.activities.sandbox.NoEngine;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.McpServer;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.ToolActivity.Reply;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The reference servers of npm: programs in real containers, and streamable HTTP. */
@Tag("engine")
@Timeout(900)
class ReferenceServersTest {
  private static final String EVERYTHING = "npm:@modelcontextprotocol/server-everything@2026.8.31";
  private static final String FILES = "npm:@modelcontextprotocol/server-filesystem@2026.8.31";
  private static final Boxes NO_BOXES =
      spec -> {
        throw new NoEngine();
      };

  static McpServer server(
      @Nullable String recipe, @Nullable String url, List<String> args, List<String> secrets) {
    return new McpServer(
        recipe, List.of(), null, url, args, Map.of(), secrets, null, List.of(), 60_000, List.of(),
        List.of());
  }

  private static Blueprint plan(Map<String, McpServer> servers) {
    List<String> allow = servers.keySet().stream().map(name -> "mcp__" + name).toList();
    return Plans.withServers(Plans.rules(List.of(), List.of(), allow), servers);
  }

  @Test
  void asProgramsInContainersOfTheirOwn() throws Exception {
    Map<String, McpServer> servers =
        Map.of(
            "every", server(EVERYTHING, null, List.of(), List.of("TOKEN")),
            "files", server(FILES, null, List.of("/tmp"), List.of()));
    try (ImageLab lab = ImageLab.open();
        McpRig rig =
            new McpRig(
                new MemoryStore(plan(servers), "task"),
                new McpRig.MemoryPins(),
                lab.boxes(),
                McpRig.NO_DIAL,
                Map.of("TOKEN", "sesame-654321"),
                new ImagePrograms(lab.images()))) {
      String told = rig.told();
      assertThat(rig.store.all(RunEvent.McpFailed.class)).isEmpty();
      assertThat(told).contains("mcp__every__echo", "mcp__files__write_file");
      everything(rig);
      // It has its secret, which nobody else sees; the other server has none.
      assertThat(rig.told(rig.call("mcp__every__get-env", "{}")))
          .contains("\"TOKEN\": \"[secret TOKEN]\"")
          .doesNotContain("sesame");
      assertThat(
              rig.told(
                  rig.call(
                      "mcp__files__write_file",
                      "{\"path\":\"/tmp/a.txt\",\"content\":\"kept\\n\"}")))
          .contains("Successfully wrote");
      assertThat(rig.told(rig.call("mcp__files__read_text_file", "{\"path\":\"/tmp/a.txt\"}")))
          .contains("kept");
      assertThat(rig.told(rig.call("mcp__files__read_text_file", "{\"path\":\"/etc/passwd\"}")))
          .contains("outside allowed directories");
      // The other container has no such file: each server has its own.
      assertThat(rig.store.all(RunEvent.McpConnected.class)).hasSize(2);
    }
  }

  @Test
  void overStreamableHttp() throws Exception {
    try (NpmServers.Http http = NpmServers.Http.everything();
        McpRig rig =
            new McpRig(
                new MemoryStore(
                    plan(Map.of("every", server(null, http.url(), List.of(), List.of()))), "task"),
                new McpRig.MemoryPins(),
                NO_BOXES,
                NpmServers.LOOPBACK,
                Map.of())) {
      assertThat(rig.told()).contains("mcp__every__echo");
      everything(rig);
    }
  }

  @Test
  void anHttpServerThatIsStartedAnewCostsOneCall() throws Exception {
    int port = NpmServers.freePort();
    NpmServers.Http first = NpmServers.Http.everything(port);
    try (McpRig rig =
        new McpRig(
            new MemoryStore(
                plan(Map.of("every", server(null, first.url(), List.of(), List.of()))), "task"),
            new McpRig.MemoryPins(),
            NO_BOXES,
            NpmServers.LOOPBACK,
            Map.of())) {
      rig.told();
      first.close();
      String gone = rig.told(rig.call("mcp__every__echo", "{\"message\":\"hi\"}"));
      assertThat(gone).contains("MCP server every");
      try (NpmServers.Http second = NpmServers.Http.everything(port)) {
        assertThat(second.process().isAlive()).isTrue();
        String lost = rig.told(rig.call("mcp__every__echo", "{\"message\":\"hi\"}"));
        String again = rig.told(rig.call("mcp__every__echo", "{\"message\":\"hi\"}"));
        assertThat(lost + again).contains("Echo: hi");
        assertThat(again).contains("Echo: hi");
      }
    }
  }

  /** What both ways have to give. */
  private static void everything(McpRig rig) {
    assertThat(rig.told(rig.call("mcp__every__echo", "{\"message\":\"hi\"}"))).contains("Echo: hi");
    assertThat(rig.told(rig.call("mcp__every__get-sum", "{\"a\":2,\"b\":0.5}"))).contains("2.5");
    assertThat(rig.told(rig.call("mcp__every__get-sum", "{\"a\":\"two\",\"b\":1}")))
        .contains("do not fit");
    assertThat(rig.told(rig.call("mcp__every__get-tiny-image", "{}")))
        .contains("[image, image/png, ", "kept as ");
    assertThat(
            rig.told(rig.call("mcp__every__get-structured-content", "{\"location\":\"New York\"}")))
        .contains("temperature");
    assertThat(
            rig.told(
                rig.call(
                    "mcp__every__trigger-long-running-operation", "{\"duration\":2,\"steps\":4}")))
        .contains("completed");
    assertThat(rig.store.all(RunEvent.ToolOutput.class))
        .extracting(output -> rig.store.text(output.text()))
        .contains("4 of 4\n");
    Reply asked = rig.call("mcp__every__trigger-elicitation-request", "{}");
    RunEvent.QuestionAsked question = rig.store.all(RunEvent.QuestionAsked.class).getLast();
    assertThat(question.text()).contains("MCP server every asks", "- name: string");
    assertThat(rig.told(rig.answer(asked, "name: Ada\ninteger: 7")))
        .contains("Ada", "\"integer\": 7", "It was a dark and stormy night.");
  }
}
