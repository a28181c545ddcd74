package dev.helm.service.blueprint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.blueprint.Blueprint;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BlueprintSourceTest {
  static Stream<Path> blueprints() throws IOException {
    Path own = Path.of("src/test/resources/blueprints");
    List<Path> examples;
    try (Stream<Path> files = Files.walk(Path.of("../examples"))) {
      examples = files.filter(f -> f.endsWith("blueprint.yaml")).toList();
    }
    return Stream.concat(
        Stream.of(own.resolve("full.yaml"), own.resolve("agents.yaml")), examples.stream());
  }

  private static Blueprint read(String source) {
    return switch (BlueprintLoader.load(source, BlueprintLoader.Format.YAML)) {
      case BlueprintLoader.Loaded loaded -> loaded.blueprint();
      case BlueprintLoader.Refused refused ->
          throw new AssertionError(refused.mistakes() + "\n" + source);
    };
  }

  @ParameterizedTest
  @MethodSource("blueprints")
  void whatIsShownIsTheSameBlueprintWhenItIsApplied(Path file) throws IOException {
    Blueprint blueprint = read(Files.readString(file));
    String shown = BlueprintSource.yaml(blueprint);
    assertThat(HelmJson.write(read(shown))).as(shown).isEqualTo(HelmJson.write(blueprint));
    assertThat(BlueprintSource.yaml(read(shown))).isEqualTo(shown);
  }

  @Test
  void anyTextComesBackAsItWas() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    String letters = "ab :#-|>'\"\\\n\t\r{}[],&*!%@`é\u0085\u2028\u202e\ufeff😀0\u0007";
    for (int i = 0; i < 1_000; i++) {
      StringBuilder text = new StringBuilder();
      for (int j = 0; j < 1 + random.nextInt(12); j++) {
        text.appendCodePoint(
            letters.codePointAt(
                letters.offsetByCodePoints(
                    0, random.nextInt(letters.codePointCount(0, letters.length())))));
      }
      Blueprint blueprint =
          read(
              "{\"name\":\"x\",\"model\":{\"name\":\"m\"},\"tools\":[],\"task\":"
                  + HelmJson.write(text.toString())
                      .replace("\u0085", "\\u0085")
                      .replace("\u2028", "\\u2028")
                      .replace("\ufeff", "\\ufeff")
                  + "}");
      assertThat(read(BlueprintSource.yaml(blueprint)).task())
          .as("seed " + seed + " " + i)
          .isEqualTo(text.toString());
    }
  }
}
