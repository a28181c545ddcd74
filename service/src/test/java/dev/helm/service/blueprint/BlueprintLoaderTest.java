package dev.helm.service.blueprint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.rest.Problem;
import dev.helm.service.blueprint.BlueprintLoader.Format;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
  @ValueSource(strings = {"mistakes", "later", "inputs", "rules", "never"})
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
