package dev.helm.service.blueprint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.CustomTool;
import dev.helm.api.blueprint.Hook;
import dev.helm.api.blueprint.HookEvent;
import dev.helm.api.blueprint.McpServer;
import dev.helm.api.blueprint.Program;
import dev.helm.api.rest.Problem;
import dev.helm.service.blueprint.BlueprintLoader.Format;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlueprintLoaderTest {
  private static final String SMALL =
      """
      name: small
      model: {name: claude-sonnet-4-5}
      task: Say hello
      tools: [Read]
      """;

  /** A path rule that denies or asks holds for every tool that does it, so it may stand alone. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "tools: [SendEmail]\npermissions: {deny: ['Read(secrets/**)']}",
        "tools: [WebFetch]\npermissions: {ask: ['Write(path=**/*.sql)']}\negress: {allow: [a.test]}",
        "tools: [Write, Edit]\npermissions: {deny: [Write], ask: ['Write(a/*)'], allow: [Edit]}"
      })
  void aPathRuleMayStandWithoutItsTool(String rest) {
    Blueprint blueprint = loaded(SMALL.replace("tools: [Read]\n", rest), Format.YAML);
    assertThat(blueprint.permissions().deny().size() + blueprint.permissions().ask().size())
        .isPositive();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tools: [Write]\npermissions: {allow: [Write, 'Write(out/**)']}",
        "tools: [Bash]\npermissions: {allow: [Bash, 'Bash(make *)']}",
        "tools: [Bash]\npermissions: {ask: [Bash, 'Bash(rm *)']}",
        "tools: [SendEmail]\npermissions: {deny: [SendEmail, 'SendEmail(to=*@a.test)']}"
      })
  void aRuleBehindOneOfItsListThatTakesAllItsCallsIsAMistake(String rest) {
    assertThat(told(SMALL.replace("tools: [Read]\n", rest), Format.YAML))
        .contains("comes first, so this rule would never match");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tools: [Write, Edit]\npermissions: {allow: ['Write(out/**)', 'Edit(out/**)']}",
        "tools: [Write]\npermissions: {allow: ['Write(a/*)', 'Write(b/*)']}",
        "tools: [Write, Edit]\npermissions: {deny: [Write, 'Write(out/**)']}",
        "tools: [Bash]\npermissions: {allow: [Bash, 'Bash(egress=a.test)']}\n"
            + "egress: {allow: [a.test]}"
      })
  void aRuleOfTheSameListThatSaysMoreIsNone(String rest) {
    assertThat(loaded(SMALL.replace("tools: [Read]\n", rest), Format.YAML)).isNotNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tools: [Bash]\npermissions: {deny: ['Read(secrets/**)']}",
        "tools: [SendEmail]\npermissions: {allow: ['Read(docs/**)']}",
        "tools: [Write, Edit]\npermissions: {deny: ['Write(a/*)'], allow: ['Edit(a/*)']}"
      })
  void aPathRuleThatCouldNeverMatchIsAMistake(String rest) {
    assertThat(told(SMALL.replace("tools: [Read]\n", rest), Format.YAML)).contains(" permissions.");
  }

  @Test
  void aFullBlueprintIsReadExactly() throws IOException {
    Blueprint blueprint = loaded(resource("full.yaml"), Format.YAML);
    assertThat(blueprint.name()).isEqualTo("q1-competitor-brief");
    assertThat(blueprint.project()).isEqualTo("market-intel");
    assertThat(blueprint.model()).isEqualTo(new Blueprint.Model("claude-sonnet-4-5", 4096));
    assertThat(blueprint.inputs().get("quarter")).containsEntry("default", "Q1");
    assertThat(blueprint.permissions().timeoutMs()).isEqualTo(1_800_000);
    assertThat(blueprint.budget())
        .isEqualTo(
            new Blueprint.Budget(
                new Usd(100_000),
                new Usd(20_000_000),
                new Usd(200_500_000),
                new Usd(1_000_000_000),
                List.of(50, 80)));
    assertThat(blueprint.limits()).isEqualTo(new Blueprint.Limits(50, 28_800_000));
    assertThat(blueprint.sandbox())
        .isEqualTo(new Blueprint.Sandbox("default", 512L << 20, 1500, 256));
    assertThat(blueprint.egress().allow()).containsExactly("stripe.com", "*.example.com");
    assertThat(blueprint.permissions().deny()).containsExactly("Bash(git push --force*)");
  }

  @Test
  void whatAgentsAndToolsFromElsewhereNeedIsReadExactly() throws IOException {
    Blueprint blueprint = loaded(resource("agents.yaml"), Format.YAML);
    assertThat(blueprint.agent()).isEqualTo(Blueprint.CLAUDE_AGENT_SDK);
    String program = "program: {command: [node, agent.mjs], env: {LOG_LEVEL: info}}\n";
    assertThat(loaded(SMALL + "agent: command\n" + program, Format.YAML).program())
        .isEqualTo(new Program(List.of("node", "agent.mjs"), Map.of("LOG_LEVEL", "info")));
    String sdk = "agent: claude-agent-sdk\n" + program;
    String own = SMALL.replace("tools: [", "tools: [mcp__desk__stock, ");
    assertThat(loaded(own + sdk, Format.YAML).tools())
        .as("a server of the program's own")
        .contains("mcp__desk__stock");
    assertThat(told(own + "agent: claude-agent-sdk\n", Format.YAML)).contains("mcpServers");
    assertThat(blueprint.mcpServers().keySet())
        .containsExactly("tickets", "local-files", "crm", "wiki");
    McpServer tickets = Objects.requireNonNull(blueprint.mcpServers().get("tickets"));
    assertThat(tickets.recipe()).isEqualTo("npm:@acme/tickets-mcp@1.2.3");
    assertThat(tickets.timeoutMs()).isEqualTo(30_000);
    assertThat(blueprint.secrets())
        .containsExactly("TICKETS_TOKEN", "CRM_SECRET", "WIKI_TOKEN", "SEARCH_TOKEN", "PAY_KEY");
    assertThat(Objects.requireNonNull(custom(blueprint, "Pay").http()).host())
        .isEqualTo("pay.example");
    assertThat(custom(blueprint, "Pay").outward()).isTrue();
    assertThat(custom(blueprint, "WebSearch").outward()).isFalse();
    assertThat(custom(blueprint, "Count").outward()).isFalse();
    assertThat(blueprint.previewOf("Pay")).isEqualTo("Count");
    assertThat(blueprint.previewOf("mcp__tickets__close")).isEqualTo("mcp__tickets__list");
    assertThat(blueprint.offers("mcp__tickets__anything")).isTrue();
    assertThat(blueprint.offers("mcp__crm__find")).isTrue();
    assertThat(blueprint.offers("mcp__crm__drop")).isFalse();
    assertThat(blueprint.hooksOf(HookEvent.PRE_TOOL_USE))
        .containsExactly(new Hook("Bash|mcp__.*", List.of("./check.sh", "-v"), 5_000));
    assertThat(blueprint.hookFiles()).containsKeys("check.sh", "lib/rules.json");
    assertThat(Objects.requireNonNull(blueprint.subAgents().get("reviewer")).model())
        .isEqualTo("claude-haiku-4-5");
    assertThat(blueprint.sandbox().packages())
        .containsExactly("npm:typescript@5.9.2", "pypi:requests@2.32.0");
  }

  private static CustomTool custom(Blueprint blueprint, String name) {
    return Objects.requireNonNull(blueprint.customTools().get(name));
  }

  @Test
  void whatIsStoredIsReadBackTheSame() throws IOException {
    for (String name : List.of("agents.yaml", "full.yaml")) {
      Blueprint blueprint = loaded(resource(name), Format.YAML);
      String json = HelmJson.write(blueprint);
      assertThat(HelmJson.write(HelmJson.read(json, Blueprint.class))).isEqualTo(json);
    }
  }

  @Test
  void aVersionFromBeforeTheNewSectionsIsReadAndItsContentIsWrittenTheSame() {
    String json = HelmJson.write(loaded(SMALL, Format.YAML));
    assertThat(json).doesNotContain("mcpServers", "hooks", "packages", "program", "subAgents\":{");
    assertThat(HelmJson.write(HelmJson.read(json, Blueprint.class))).isEqualTo(json);
  }

  @Test
  void whatIsLeftOutHasHelmsDefaults() {
    Blueprint blueprint = loaded(SMALL, Format.YAML);
    assertThat(blueprint.agent()).isEqualTo("native");
    assertThat(blueprint.project()).isEqualTo("default");
    assertThat(blueprint.budget())
        .isEqualTo(new Blueprint.Budget(new Usd(5_000_000), List.of(50, 80)));
    assertThat(blueprint.limits().turns()).isEqualTo(200);
    assertThat(blueprint.sandbox().memoryBytes()).isEqualTo(1L << 30);
  }

  @Test
  void jsonAndYamlGiveTheSameBlueprint() {
    String json =
        "{\"name\":\"small\",\"model\":{\"name\":\"claude-sonnet-4-5\"},\"task\":\"Say hello\","
            + "\"tools\":[\"Read\"],\"budget\":{\"perRunUsd\":0.1}}";
    String yaml = SMALL + "budget: {perRunUsd: \"0.100000\"}\n";
    assertThat(loaded(json, Format.JSON)).isEqualTo(loaded(yaml, Format.YAML));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"mistakes", "later", "schedule", "inputs", "rules", "never", "wrong-agents"})
  void everyMistakeIsToldAtOnce(String name) throws IOException {
    String told = told(resource(name + ".yaml"), Format.YAML);
    if (Boolean.getBoolean("helm.golden.write")) {
      Files.writeString(Path.of("src/test/resources/blueprints", name + ".txt"), told);
      return;
    }
    assertThat(told).isEqualTo(resource(name + ".txt"));
  }

  @Test
  void yamlThatCouldDoHarmIsRefused() {
    assertThat(told("a: &x 1\nb: *x\n", Format.YAML)).contains("1:4").contains("anchors");
    assertThat(told("a: !!java.net.URL [x]\n", Format.YAML)).contains("tags");
    assertThat(told("a: !foo x\n", Format.YAML)).contains("tags");
    assertThat(told(SMALL + "---\nname: two\n", Format.YAML)).contains("second document");
    assertThat(told("name:\tx\n\ttask: y", Format.YAML)).contains("not YAML");
    assertThat(told("", Format.YAML)).contains("empty");
    assertThat(told("- a\n- b\n", Format.YAML)).contains("found a list");
    assertThat(told("[".repeat(10_000), Format.YAML)).isNotEmpty();
    assertThat(told("x".repeat(BlueprintLoader.BYTES_MAX + 1), Format.YAML)).contains("256 KiB");
    assertThat(told("? [a, b]\n: c\n", Format.YAML)).contains("name is a word");
    assertThat(told("a: b: c\n", Format.YAML)).startsWith("1:5");
    assertThat(told("{\"name\":\"a\",}", Format.JSON)).contains("not JSON");
    assertThat(told("{\"budget\":{\"perRunUsd\":1e999999999}}", Format.JSON)).contains("exponent");
    BlueprintLoader.Outcome latin =
        BlueprintLoader.load(new byte[] {'a', (byte) 0xff}, Format.YAML);
    assertThat(latin.toString()).contains("not UTF-8");
  }

  @Test
  void moneyIsExactAndNeverABinaryFraction() {
    for (String amount : List.of("0.000001", "99999.999999", "5", "5.00", "\"0.3\"")) {
      Blueprint blueprint = loaded(SMALL + "budget: {perRunUsd: " + amount + "}\n", Format.YAML);
      assertThat(blueprint.budget().perRunUsd()).isEqualTo(Usd.parse(amount.replace("\"", "")));
    }
    for (String amount : List.of("0", "-1", "0.0000001", "five", "true", "[1]", "1e9", "")) {
      assertThat(told(SMALL + "budget: {perRunUsd: " + amount + "}\n", Format.YAML))
          .as(amount)
          .contains("expected an amount of US dollars");
    }
  }

  @Test
  void noNoiseBreaksTheReader() throws IOException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    String full = resource("full.yaml");
    for (int i = 0; i < 2_000; i++) {
      StringBuilder text = new StringBuilder(full);
      for (int j = 0; j < 1 + random.nextInt(6); j++) {
        int at = random.nextInt(text.length());
        switch (random.nextInt(3)) {
          case 0 -> text.deleteCharAt(at);
          case 1 -> text.insert(at, "{}[]:,-#&*!|>'\"%@`\t\n0aé\u0000".charAt(random.nextInt(24)));
          default -> text.setCharAt(at, (char) random.nextInt(0x250));
        }
      }
      String source = text.toString();
      for (Format format : Format.values()) {
        assertThat(BlueprintLoader.load(source, format)).as("seed " + seed + " " + i).isNotNull();
      }
    }
  }

  @Test
  void aPatternThatBacktracksForEverIsStopped() {
    InputSchema schema =
        InputSchema.of(
            java.util.Map.of("x", java.util.Map.of("type", "string", "pattern", "^(a+)+$")));
    assertThat(schema.check(java.util.Map.of("x", "a".repeat(60) + "b"))).isNotEmpty();
    assertThat(schema.check(java.util.Map.of("x", "aaa"))).isEmpty();
  }

  @Test
  void aSecretInAnAddressIsRefusedWithWhereItBelongs() {
    String source =
        """
        name: x
        model: {name: m}
        task: x
        tools: [Look, mcp__s]
        customTools:
          Look:
            description: Looks
            schema: {type: object, properties: {session: {type: string}}}
            http: {method: GET, url: "https://api.example.com/a?QUERY"}
        mcpServers:
          s: {url: "https://mcp.example.com/mcp?SERVER"}
        """;
    String right = source.replace("QUERY", "session=${session}&key=").replace("SERVER", "page=1");
    assertThat(loaded(right, Format.YAML).customTools()).containsKey("Look");
    for (String query :
        List.of("api_key=abcdefgh1", "a=1&token=abcdefgh1", "x=ghp_" + "a1".repeat(18))) {
      assertThat(told(right.replace("session=${session}&key=", query), Format.YAML))
          .contains("customTools.Look.http.url: this looks like a secret, and an address is logged")
          .contains("send it in a header, as ${secret:NAME}");
      assertThat(told(right.replace("page=1", query), Format.YAML))
          .contains("mcpServers.s.url: this looks like a secret", "auth: {bearer: NAME}");
    }
    assertThat(told(right.replace("key=", "key=${secret:KEY}"), Format.YAML))
        .contains("a secret may not stand in an address, which is logged (put it in a header)");
  }

  private static Blueprint loaded(String source, Format format) {
    return switch (BlueprintLoader.load(source, format)) {
      case BlueprintLoader.Loaded loaded -> loaded.blueprint();
      case BlueprintLoader.Refused refused -> throw new AssertionError(refused.mistakes());
    };
  }

  private static String told(String source, Format format) {
    return switch (BlueprintLoader.load(source, format)) {
      case BlueprintLoader.Loaded loaded -> throw new AssertionError(loaded.blueprint());
      case BlueprintLoader.Refused refused ->
          refused.mistakes().stream()
              .map(BlueprintLoaderTest::line)
              .collect(Collectors.joining("\n", "", "\n"));
    };
  }

  private static String line(Problem.Place place) {
    String hint = place.hint() == null ? "" : " (" + place.hint() + ")";
    return place.line() + ":" + place.column() + " " + place.path() + ": " + place.message() + hint;
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = BlueprintLoaderTest.class.getResourceAsStream("/blueprints/" + name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
