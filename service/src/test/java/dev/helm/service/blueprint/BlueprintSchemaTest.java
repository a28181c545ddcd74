package dev.helm.service.blueprint;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.helm.api.blueprint.BlueprintSchema;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The published schema and the reader are two texts of one thing: here they are held together. */
class BlueprintSchemaTest {
  private static final Schema SCHEMA =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
          .getSchema(BlueprintSchema.json(), InputFormat.JSON);

  private static List<String> schemaSays(JsonNode source) {
    return SCHEMA.validate(source.toString(), InputFormat.JSON).stream()
        .map(Object::toString)
        .toList();
  }

  private static List<String> readerSays(JsonNode source) {
    return switch (BlueprintLoader.load(source.toString(), BlueprintLoader.Format.JSON)) {
      case BlueprintLoader.Loaded loaded -> List.of();
      case BlueprintLoader.Refused refused ->
          refused.mistakes().stream().map(m -> m.path() + ": " + m.message()).toList();
    };
  }

  static Stream<Path> sources() throws IOException {
    List<Path> all = new ArrayList<>();
    for (String root : List.of("../examples", "../cli/src/main/resources")) {
      try (Stream<Path> files = Files.walk(Path.of(root))) {
        files
            .filter(
                f ->
                    f.endsWith("blueprint.yaml")
                        || f.toString().contains("/templates/") && f.toString().endsWith(".yaml"))
            .forEach(all::add);
      }
    }
    all.add(Path.of("src/test/resources/blueprints/full.yaml"));
    all.add(Path.of("src/test/resources/blueprints/agents.yaml"));
    return all.stream();
  }

  @ParameterizedTest
  @MethodSource("sources")
  void everyExampleAndTemplateIsRightForBoth(Path file) throws IOException {
    JsonNode source = new YAMLMapper().readTree(Files.readString(file));
    assertThat(schemaSays(source)).isEmpty();
    assertThat(readerSays(source)).isEmpty();
  }

  /** One case: at the path the first values are right, the others wrong, for both. */
  private static final String CASES =
      """
      name | "a-1" | "" "A" "a_b" 7 null
      description | "One line" "" | 7 []
      project | "infra-ops" | "Infra" []
      agent | "native" "claude-agent-sdk" | "claude" "" 1
      model.name | "claude-sonnet-4-5" | "" "a b" 3
      model.maxTokens | 256 128000 | 255 128001 "8192" 1.5 null
      model.other | | 1
      instructions | "Do it" "${q}" | 5 []
      task | "Do ${q}" | 5 {}
      inputs | {} {"a":{"type":"string"}} | [] {"a b":{"type":"string"}} {"a":{}} {"a":"string"}
      inputs.q | {"type":"integer","minimum":1,"default":2} | {"type":"text"} {"type":"string","$ref":"#"} {"type":"string","minLength":-1} {"type":"string","enum":[]} {"type":"array","items":[]} {"type":"string","uniqueItems":"yes"}
      tools | [] ["Read"] ["Read","mcp__s"] ["mcp__s__*","Own","Web"] | "Read" [7] ["read"] ["Read","Read"] null
      permissions.deny | [] ["Read"] ["Bash(rm *)"] | "Read" [1] ["Read("] ["Read","Read"]
      permissions.ask | ["mcp__s"] | [null]
      permissions.allow | ["Own(x=1)"] | ["()"] {}
      permissions.timeout | "30s" "30m" "8h" | "30" 30 "0s" "1d" "1.5h"
      permissions.approvers | 1 100 | 0 101 "1"
      permissions.escalate | {"after":"1m","to":["owner"]} | {"after":"1m"} {"to":["owner"]} {"after":"1m","to":["viewer"]} {"after":1,"to":["owner"]}
      permissions.other | | 1
      budget.perRunUsd | 5 5.00 "5.00" 0.000001 | 0 -1 "five" true null
      budget.perDayUsd | 20 "0.5" | 0 []
      budget.perMonthUsd | 20 | {}
      budget.totalUsd | 20 | "x"
      budget.warnAt | [] [50,80] | [0] [100] ["50"] 50
      budget.other | | 1
      limits.turns | 1 100000 | 0 100001 "1" 1.5
      limits.wallTime | "8h" | 8 "8 h"
      limits.stallAfter | "10m" | true
      limits.subAgents | 1 256 | 0 257
      limits.subAgentDepth | 1 5 | 0 6
      limits.other | | 1
      egress.allow | [] ["stripe.com","*.example.com"] | ["https://x.com"] ["x.com/"] ["*"] ["10.0.0.1"] "stripe.com"
      egress.other | | 1
      sandbox.image | "default" "my-agent:1" "npm:typescript@5.9.2" ["pypi:requests@2.32.0"] | "" "npm:typescript" [] ["oops"] 7 "UPPER"
      sandbox.runtime | "default" | 7
      sandbox.memory | "64m" "1g" | 64 "1gb" "0g"
      sandbox.cpus | 0.1 1 1.5 128 | 0 129 "1" 1.0005
      sandbox.pids | 16 32768 | 15 32769
      sandbox.other | | 1
      program | | {"command":["x"]}
      mcpServers | | [] {"a__b":{"command":["x"]}} {"helm":{"command":["x"]}} {"s":[]}
      mcpServers.s | {"command":["x"]} {"package":"npm:a@1.0"} {"package":"pypi:a@1"} {"url":"https://x.example/mcp"} | {} {"command":["x"],"url":"https://x.example"} {"command":["x"],"auth":{"bearer":"T"}} {"url":"https://x.example","env":{}} {"url":"https://x.example","secrets":["T"]} {"package":"npm:a@1","image":"x"} {"package":"npm:a"} {"url":"ftp://x"} {"url":"https://a:b@x.example"}
      mcpServers.s.command | ["x","-v"] | [] [""] "x" [7]
      mcpServers.s.image | "files:2" | "A B" 7
      mcpServers.s.args | [] ["-v","-v"] | "v" [1]
      mcpServers.s.env | {"A":"b"} | {"A":1} {"A-B":"c"} {"A":null} []
      mcpServers.s.secrets | [] ["TOKEN"] | ["token"] ["T","T"] "T"
      mcpServers.s.egress | ["x.example"] | ["x"] ["X.example"]
      mcpServers.s.timeout | "30s" | 30
      mcpServers.s.tools | ["list"] | [] ["a b"] "list"
      mcpServers.s.reads | ["list"] | [] [7]
      mcpServers.s.other | | 1
      mcpServers.w.auth | {"bearer":"T"} {"oauth":{"issuer":"https://l.example","clientId":"x"}} {"oauth":{"issuer":"https://l.example/a","clientId":"x","clientSecret":"T","scopes":["a"]}} | {} {"bearer":"t"} {"bearer":"T","oauth":{"issuer":"https://l.example","clientId":"x"}} {"oauth":{}} {"oauth":{"clientId":"x"}} {"oauth":{"issuer":"http://l.example","clientId":"x"}} {"oauth":{"issuer":"https://l.example?a=b","clientId":"x"}} {"other":1}
      customTools | | [] {"own":{"description":"x","schema":{"type":"object"},"command":["x"]}} {"Read":{"description":"x","schema":{"type":"object"},"command":["x"]}}
      customTools.Own.description | "Counts" | "" " " 7
      customTools.Own.schema | {"type":"object"} {"type":"object","properties":{"x":{"type":"string"}}} | {} {"type":"string"} {"type":"object","$ref":"#"} []
      customTools.Own.command | ["x"] | [] ["  "] "x"
      customTools.Own.env | {"A":"b"} | {"A":[]}
      customTools.Own.timeout | "5s" | 5
      customTools.Own.outward | true false | "true" 1
      customTools.Own.preview | "Read" | 7 "two words"
      customTools.Own.other | | 1
      customTools.Own.http | | {"method":"GET","url":"https://x.example"}
      customTools.Web.http.method | "GET" "POST" | "get" "" 7
      customTools.Web.http.url | "https://x.example" "https://x.example/${x}" "http://x.example:8080/a?b=${x}" | "ftp://x" "https://${x}/" "x.example" 7
      customTools.Web.http.headers | {} {"X-Key":"${secret:KEY}"} | {"Host":"x"} {"a b":"c"} {"A":"b\\nc"} []
      customTools.Web.http.body | "" "${x}" | 7 {}
      customTools.Web.http.answer | "body" "status" | "none" 7
      customTools.Web.http.other | | 1
      customTools.Web.env | | {}
      previews | {} {"Own":"Read"} | [] {"Own":7}
      hooks | {} | [] {"preTool":[]}
      hooks.preToolUse | [] [{"command":["true"]}] [{"matcher":"Bash|Edit","command":["./c.sh"],"timeout":"5s"}] | {} [7] [{}] [{"matcher":7,"command":["true"]}] [{"command":"true"}] [{"command":["true"],"timeout":5}] [{"command":["true"],"other":1}]
      hooks.postToolUse | [{"command":["true"]}] | [[]]
      hooks.userPromptSubmit | [{"command":["true"]}] | 1
      hooks.stop | [{"command":["true"]}] | 1
      hooks.subagentStop | [{"command":["true"]}] | 1
      hooks.notification | [{"command":["true"]}] | 1
      hooks.sessionStart | [{"command":["true"]}] | 1
      hookFiles | {"c.sh":"x"} {"c.sh":"","lib/a.b_c-d":"x"} | [] {"../a":"x"} {"/a":"x"} {"a":7} {"a//b":"x"} {"./a":"x"}
      subAgents | {} {"r-1":{"description":"x","instructions":"y"}} | [] {"a b":{"description":"x","instructions":"y"}} {"a":{}}
      subAgents.r | {"description":"x","instructions":"y","tools":["Read"],"model":"m"} | {"description":"x"} {"description":"","instructions":"y"} {"description":"x","instructions":"y","tools":"Read"} {"description":"x","instructions":"y","model":""} {"description":"x","instructions":"y","other":1}
      schedule | {"cron":"0 8 * * MON","timeZone":"UTC","inputs":{"q":"x"}} | "daily" {} {"cron":"0 8 * * 1"} {"timeZone":"UTC"}
      schedule.cron | "*/15 8-18/2 * JAN,MAR 1-5" "0 8 1,15 * *" "59 23 * * sun" | "" 5 "@daily" "0 8 * *" "0 8 * * * *" "0 8 ? * *" "0,x 8 * * *"
      schedule.timeZone | "Europe/Berlin" "UTC" "America/Argentina/Buenos_Aires" "Etc/GMT+1" | "" "CET" "+02:00" "utc" 2
      schedule.overlap | "skip" "bufferOne" "allowAll" "cancelOther" | "Skip" "" 1 []
      schedule.catchUp | "1m" "1h" "168h" | 1 "1d" "0m"
      schedule.inputs | {"q":"x"} | [] "q" 7
      schedule.prompt | "Do it" | "" " " 7
      schedule.other | | 1
      other | | 1
      """;

  private static ObjectNode base() {
    return read(
        """
        {"name":"a","model":{"name":"m"},"task":"x","tools":["Bash","Read","Agent","Own","Web","mcp__s","mcp__w"],
         "inputs":{"q":{"type":"string"}},
         "hookFiles":{"c.sh":"exit 0"},
         "mcpServers":{"s":{"command":["x"]},"w":{"url":"https://x.example"}},
         "customTools":{
          "Own":{"description":"x","schema":{"type":"object","properties":{"x":{"type":"string"}}},"command":["x"]},
          "Web":{"description":"x","schema":{"type":"object","properties":{"x":{"type":"string"}}},
                 "http":{"method":"GET","url":"https://x.example"}}},
         "schedule":{"cron":"0 8 * * MON","timeZone":"Europe/Berlin","inputs":{"q":"x"}},
         "subAgents":{"r":{"description":"x","instructions":"y"}}}
        """);
  }

  private static ObjectNode read(String json) {
    try {
      return (ObjectNode) HelmJson.mapper().readTree(json);
    } catch (IOException e) {
      throw new IllegalStateException(json, e);
    }
  }

  @TestFactory
  Stream<DynamicTest> schemaAndReaderAgreeOnEveryField() {
    return CASES
        .lines()
        .map(
            line -> {
              String[] parts = line.split(" \\|", 3);
              return DynamicTest.dynamicTest(
                  parts[0].strip(),
                  () -> {
                    for (JsonNode good : values(parts[1])) {
                      judge(parts[0].strip(), good, true);
                    }
                    for (JsonNode bad : values(parts[2])) {
                      judge(parts[0].strip(), bad, false);
                    }
                  });
            });
  }

  /** Values with blanks between them. */
  private static List<JsonNode> values(String text) throws IOException {
    List<JsonNode> values = new ArrayList<>();
    try (JsonParser parser = new JsonMapper().createParser(text)) {
      while (parser.nextToken() != null) {
        values.add(parser.readValueAsTree());
      }
    }
    return values;
  }

  private static void judge(String path, JsonNode value, boolean good) {
    ObjectNode source = base();
    String[] names = path.split("\\.");
    ObjectNode at = source;
    for (int i = 0; i < names.length - 1; i++) {
      at = at.withObjectProperty(names[i]);
    }
    at.set(names[names.length - 1], value);
    unhook(source, path, good);
    assertThat(schemaSays(source).isEmpty())
        .as("schema, %s = %s: %s", path, value, schemaSays(source))
        .isEqualTo(good);
    List<String> mistakes = readerSays(source);
    assertThat(mistakes.isEmpty()).as("reader, %s = %s: %s", path, value, mistakes).isEqualTo(good);
    if (!good) {
      String top = names[0];
      assertThat(mistakes).as("%s = %s", path, value).anyMatch(m -> m.startsWith(top));
    }
  }

  /** What hangs together is taken out where the case is about one of its parts. */
  private static void unhook(ObjectNode source, String path, boolean good) {
    if (path.equals("tools") && good) {
      List<String> tools = new ArrayList<>();
      source.path("tools").forEach(tool -> tools.add(tool.asText()));
      if (tools.stream().noneMatch(t -> t.startsWith("mcp__s"))) {
        source.withObjectProperty("mcpServers").remove("s");
      }
      source.withObjectProperty("mcpServers").remove("w");
      source.remove("subAgents");
      for (String own : List.of("Own", "Web")) {
        if (!tools.contains(own)) {
          source.withObjectProperty("customTools").remove(own);
        }
      }
    }
    if (path.startsWith("inputs") && good) {
      source.remove("schedule");
    }
    if (path.equals("inputs") && good) {
      source.put("task", "x");
    }
  }

  @Test
  void bothKnowTheSameMembers() {
    JsonNode schema = read(BlueprintSchema.json());
    String[] at = {
      "",
      "model",
      "permissions",
      "permissions.escalate",
      "budget",
      "limits",
      "schedule",
      "egress",
      "sandbox",
      "program",
      "hooks",
      "mcpServers.s",
      "mcpServers.s.auth",
      "mcpServers.s.auth.oauth",
      "customTools.Own",
      "customTools.Own.http",
      "subAgents.r"
    };
    for (String path : at) {
      ObjectNode source = base();
      ObjectNode group = source;
      JsonNode says = schema;
      for (String name : path.isEmpty() ? new String[0] : path.split("\\.")) {
        group = group.withObjectProperty(name);
        says =
            says.has("properties")
                ? says.path("properties").path(name)
                : says.path("additionalProperties");
      }
      group.put("zzzzzzzzzzzz", 1);
      String mistake =
          readerSays(source).stream()
              .filter(m -> m.contains("zzzzzzzzzzzz"))
              .findFirst()
              .orElse("");
      assertThat(mistake).as(path).contains("expected one of ");
      String words = mistake.substring(mistake.indexOf("expected one of ") + 16);
      TreeSet<String> published = new TreeSet<>();
      says.path("properties").fieldNames().forEachRemaining(published::add);
      assertThat(new TreeSet<>(List.of(words.split(", ")))).as(path).isEqualTo(published);
    }
  }

  @Test
  void theSchemaNamesEveryNativeTool() {
    JsonNode tool = read(BlueprintSchema.json()).path("$defs").path("tool").path("anyOf").get(0);
    List<String> named = new ArrayList<>();
    ((ArrayNode) tool.path("enum")).forEach(name -> named.add(name.asText()));
    assertThat(named)
        .containsExactlyInAnyOrderElementsOf(dev.helm.activities.tools.ToolCatalog.names());
  }
}
