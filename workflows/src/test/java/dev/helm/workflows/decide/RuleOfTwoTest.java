package dev.helm.workflows.decide;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.CustomTool;
import dev.helm.api.blueprint.McpServer;
import dev.helm.api.blueprint.RuleOfTwo;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RuleOfTwoTest {
  private static final Map<String, Object> ANY_TEXT = Map.of("type", "string");

  /** A server with a secret and a way out: all three at once. */
  private static final McpServer TICKETS =
      new McpServer(
          "npm:tickets@1.0.0",
          List.of(),
          null,
          null,
          List.of(),
          Map.of(),
          List.of("TICKETS_TOKEN"),
          null,
          List.of("api.tickets.example"),
          60_000,
          List.of(),
          List.of("list"));

  /** A program without secrets and without a way out. */
  private static final McpServer LOCAL =
      new McpServer(
          null,
          List.of("files"),
          "files:1",
          null,
          List.of(),
          Map.of(),
          List.of(),
          null,
          List.of(),
          60_000,
          List.of(),
          List.of());

  private static CustomTool http(boolean outward, String header) {
    return new CustomTool(
        "A tool",
        Map.of("type", "object"),
        List.of(),
        Map.of(),
        new CustomTool.Http("GET", "https://api.shop.example/x", Map.of("X-Key", header), null),
        60_000,
        outward,
        null);
  }

  private static Blueprint blueprint(
      List<String> tools,
      List<String> allow,
      List<String> egress,
      Map<String, Map<String, Object>> inputs,
      Map<String, McpServer> servers,
      Map<String, CustomTool> custom) {
    return new Blueprint(
        "two",
        "",
        "default",
        "native",
        new Blueprint.Model("claude-test", 8192),
        "",
        "task",
        inputs,
        tools,
        new Blueprint.Permissions(List.of("Read(secret/**)"), List.of(), allow, 60_000, 1),
        new Blueprint.Budget(Usd.parse("1"), List.of()),
        new Blueprint.Limits(10, 60_000),
        new Blueprint.Egress(egress),
        new Blueprint.Sandbox("default", 1 << 28, 1000, 64),
        null,
        servers,
        custom,
        Map.of(),
        Map.of(),
        Map.of(),
        Map.of(),
        null);
  }

  private static Verdict gate(Blueprint blueprint, String tool, String arguments) {
    return Gate.of(blueprint, List.of(), Set.of()).decide(ToolCall.of("t", tool, arguments));
  }

  @Test
  void aBlueprintOfTwoIsLeftToItsRules() {
    Blueprint reading =
        blueprint(
            List.of("WebFetch", "SendEmail"),
            List.of("WebFetch", "SendEmail"),
            List.of("stripe.com", "*.example.com"),
            Map.of(),
            Map.of(),
            Map.of());
    RuleOfTwo two = Combination.of(reading, Set.of());
    assertThat(two.untrustedInput())
        .containsExactly("egress.allow lets it read stripe.com, *.example.com");
    assertThat(two.privateData()).isEmpty();
    assertThat(two.outward()).hasSize(2);
    assertThat(two.allThree()).isFalse();
    assertThat(gate(reading, "SendEmail", "{\"to\":\"a@x.test\"}"))
        .isInstanceOf(Verdict.Allow.class);
  }

  @Test
  void allThreeMakeEveryOutwardCallAskAndOnlyThose() {
    Blueprint all =
        blueprint(
            List.of("mcp__tickets", "SendEmail", "Read", "Bash", "WebFetch"),
            List.of("mcp__tickets", "SendEmail", "Read", "Bash", "WebFetch"),
            List.of("stripe.com", "*.example.com"),
            Map.of(),
            Map.of("tickets", TICKETS),
            Map.of());
    assertThat(Combination.of(all, Set.of()).allThree()).isTrue();
    assertThat(gate(all, "mcp__tickets__close", "{}")).isInstanceOf(Verdict.Ask.class);
    assertThat(gate(all, "SendEmail", "{\"to\":\"a@x.test\"}")).isInstanceOf(Verdict.Ask.class);
    assertThat(gate(all, "WebFetch", "{\"url\":\"https://a.example.com/?q=1\"}"))
        .isInstanceOf(Verdict.Ask.class);
    assertThat(gate(all, "mcp__tickets__list", "{}")).isInstanceOf(Verdict.Allow.class);
    assertThat(gate(all, "WebFetch", "{\"url\":\"https://stripe.com/blog\"}"))
        .isInstanceOf(Verdict.Allow.class);
    assertThat(gate(all, "Bash", "{\"command\":\"ls\"}")).isInstanceOf(Verdict.Allow.class);
    assertThat(gate(all, "Read", "{\"file_path\":\"a\"}")).isInstanceOf(Verdict.Allow.class);
    // A denial stays one.
    assertThat(gate(all, "Read", "{\"file_path\":\"secret/a\"}")).isInstanceOf(Verdict.Deny.class);
  }

  @Test
  void noRuleThatWasRememberedAndNoHookLiftsIt() {
    Blueprint all =
        blueprint(
            List.of("mcp__tickets"),
            List.of(),
            List.of(),
            Map.of(),
            Map.of("tickets", TICKETS),
            Map.of());
    ToolCall close = ToolCall.of("t", "mcp__tickets__close", "{\"id\":\"7\"}");
    for (String rule :
        List.of("mcp__tickets", "mcp__tickets__close", "mcp__tickets__close(id=7)")) {
      assertThat(Gate.of(all, List.of(new Remembered(rule, "p1"))).decide(close))
          .as(rule)
          .isInstanceOfSatisfying(
              Verdict.Ask.class,
              ask -> {
                assertThat(ask.rule()).isEqualTo("Rule of Two");
                assertThat(ask.because()).contains("tickets", "TICKETS_TOKEN").hasSizeLessThan(300);
              });
    }
    assertThat(Suggestions.of(all, List.of(), close)).isNull();
    Verdict hook = new Verdict.Allow("hook", "./check.sh", null);
    assertThat(Gate.of(all, List.of(), Set.of(), hook).decide(close))
        .isInstanceOf(Verdict.Ask.class);
  }

  @Test
  void aSubAgentWithFewerToolsIsJudgedAsItsRun() {
    Blueprint all =
        blueprint(
            List.of("mcp__tickets__list", "SendEmail"),
            List.of("SendEmail"),
            List.of(),
            Map.of(),
            Map.of("tickets", TICKETS),
            Map.of());
    assertThat(gate(all.withTools(List.of("SendEmail")), "SendEmail", "{\"to\":\"a@x.test\"}"))
        .isInstanceOf(Verdict.Ask.class);
  }

  @Test
  void whoeverMakesAnInputNarrowTakesItOut() {
    Map<String, Object> shortText = Map.of("type", "string", "maxLength", 100);
    Map<String, Object> chosen = Map.of("type", "string", "enum", List.of("Q1", "Q2"));
    Map<String, Object> closed =
        Map.of(
            "type",
            "object",
            "properties",
            Map.of("n", Map.of("type", "integer")),
            "additionalProperties",
            false);
    assertThat(inputs(ANY_TEXT).allThree()).isTrue();
    assertThat(inputs(Map.of("type", "array", "items", ANY_TEXT)).allThree()).isTrue();
    assertThat(inputs(Map.of("type", "object")).allThree()).isTrue();
    assertThat(inputs(shortText).untrustedInput()).hasSize(1);
    assertThat(inputs(shortText).privateData()).isEmpty();
    assertThat(inputs(chosen).untrustedInput()).isEmpty();
    Map<String, Object> open = Map.of("type", "string", "pattern", ".*");
    assertThat(inputs(open).allThree()).isTrue();
    assertThat(inputs(Map.of("type", "string", "pattern", ".*", "maxLength", 201)).allThree())
        .isTrue();
    assertThat(
            inputs(Map.of("type", "string", "pattern", "^[a-z]*$", "maxLength", 200))
                .untrustedInput())
        .isEmpty();
    assertThat(inputs(Map.of("type", "array", "items", open, "pattern", "x")).allThree()).isTrue();
    assertThat(inputs(closed).untrustedInput()).isEmpty();
    assertThat(inputs(Map.of("type", "number")).untrustedInput()).isEmpty();
  }

  private static RuleOfTwo inputs(Map<String, Object> schema) {
    return Combination.of(
        blueprint(
            List.of("SendEmail"), List.of(), List.of(), Map.of("x", schema), Map.of(), Map.of()),
        Set.of());
  }

  @ParameterizedTest
  @CsvSource({
    "true, ${secret:KEY}, true",
    "false, ${secret:KEY}, false",
    "true, plain, false",
  })
  void anHttpToolCountsByItsSecretAndByWhatItsAuthorSays(
      boolean outward, String header, boolean asks) {
    Blueprint one =
        blueprint(
            List.of("Shop"),
            List.of("Shop"),
            List.of(),
            Map.of(),
            Map.of(),
            Map.of("Shop", http(outward, header)));
    assertThat(Combination.of(one, Set.of()).allThree()).isEqualTo(asks);
    assertThat(gate(one, "Shop", "{}") instanceof Verdict.Ask).isEqualTo(asks);
  }

  @Test
  void aToolThatOnlySendsIsNeitherInputNorPrivate() {
    CustomTool.Http post =
        new CustomTool.Http(
            "POST", "https://chat.example/x", Map.of("X-Key", "${secret:KEY}"), null, true);
    CustomTool chat =
        new CustomTool(
            "Posts", Map.of("type", "object"), List.of(), Map.of(), post, 1_000, true, null);
    Blueprint one =
        blueprint(
            List.of("Chat"), List.of("Chat"), List.of(), Map.of(), Map.of(), Map.of("Chat", chat));
    RuleOfTwo two = Combination.of(one, Set.of());
    assertThat(two.untrustedInput()).isEmpty();
    assertThat(two.privateData()).isEmpty();
    assertThat(two.outward()).containsExactly("Chat is outward");
    assertThat(gate(one, "Chat", "{}")).isInstanceOf(Verdict.Allow.class);
  }

  @Test
  void aProgramWithoutAWayOutActsOnNothing() {
    Blueprint local =
        blueprint(
            List.of("mcp__files"),
            List.of("mcp__files"),
            List.of(),
            Map.of("x", ANY_TEXT),
            Map.of("files", LOCAL),
            Map.of());
    assertThat(Combination.of(local, Set.of()).outward()).isEmpty();
    assertThat(gate(local, "mcp__files__write", "{}")).isInstanceOf(Verdict.Allow.class);
  }

  @Test
  void theOperatorsTargetsArePrivateAndOutward() {
    Blueprint database =
        blueprint(
            List.of("WebFetch", "Bash"),
            List.of("Bash", "Bash(egress=db.internal.example)"),
            List.of("db.internal.example"),
            Map.of(),
            Map.of(),
            Map.of());
    Set<String> targets = Set.of("db.internal.example", "other.internal.example");
    RuleOfTwo two = Combination.of(database, targets);
    assertThat(two.privateData())
        .containsExactly("it may reach the operator's db.internal.example");
    assertThat(two.outward()).hasSize(2);
    assertThat(two.allThree()).isTrue();
    ToolCall psql = ToolCall.of("t", "Bash", "{\"command\":\"psql\"}");
    assertThat(Gate.of(database, List.of(), targets).decide(psql)).isInstanceOf(Verdict.Ask.class);
    assertThat(Gate.of(database, List.of(), Set.of()).decide(psql))
        .isInstanceOf(Verdict.Allow.class);
  }
}
