package dev.helm.activities.tools;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.workflows.HelmJson;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Schemas beyond the catalogue's: those of blueprints and of MCP servers, hostile ones too. */
@Timeout(30)
class ArgumentsCheckTest {
  private static List<ArgumentsCheck.Mistake> of(String schema, String arguments) {
    return ArgumentsCheck.of(HelmJson.read(schema, JsonNode.class), HelmJson.readObject(arguments));
  }

  private static String property(String schema) {
    return "{\"type\":\"object\",\"properties\":{\"a\":" + schema + "}}";
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"type\":[\"string\",\"null\"]} | \"x\" | 7",
        "{\"const\":\"x\"} | \"x\" | \"y\"",
        "{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"integer\"}]} | 3 | true",
        "{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]} | null | true",
        "{\"allOf\":[{\"minimum\":1},{\"maximum\":3}]} | 2 | 4",
        "{\"type\":\"string\",\"minLength\":2,\"maxLength\":3} | \"äö\" | \"äöüß\"",
        "{\"type\":\"string\",\"pattern\":\"^[a-z]+$\"} | \"abc\" | \"a/../b\"",
        "{\"type\":\"number\",\"exclusiveMinimum\":0} | 0.1 | 0",
        "{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"uniqueItems\":true} | [\"a\"] | [\"a\",\"a\"]",
        "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"}} | {\"x\":1} | {\"x\":\"1\"}",
        "{\"enum\":[\"a\",1]} | 1 | 2",
      })
  void eachKeywordIsHeldTo(String schema, String good, String bad) {
    assertThat(of(property(schema), "{\"a\":" + good + "}")).isEmpty();
    assertThat(of(property(schema), "{\"a\":" + bad + "}")).hasSize(1);
  }

  @Test
  void aSchemaThatNeverEndsIsGivenUp() {
    String loop = "{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#/properties/a\"}}}";
    assertThat(of(loop, "{\"a\":1}").size()).isLessThanOrEqualTo(1);
    String deep =
        "{\"$defs\":{\"n\":{\"anyOf\":[{\"$ref\":\"#/$defs/n\"},{\"$ref\":\"#/$defs/n\"},"
            + "{\"$ref\":\"#/$defs/n\"}]}},\"$ref\":\"#/$defs/n\"}";
    assertThat(of(deep, "{\"a\":1}")).isNotEmpty();
    String slow = property("{\"pattern\":\"^(a+)+$\"}");
    assertThat(of(slow, "{\"a\":\"" + "a".repeat(60) + "!\"}")).hasSize(1);
  }

  @Test
  void theCatalogueSaysNothingThatIsNotChecked() {
    ToolCatalog.all()
        .forEach(
            tool ->
                assertThat(ArgumentsCheck.unknownKeywords(tool.schema()))
                    .as(tool.name())
                    .isEmpty());
    assertThat(
            ArgumentsCheck.unknownKeywords(
                HelmJson.read(
                    "{\"type\":\"object\",\"properties\":{\"a\":{\"items\":{\"dependentRequired\":{}}}}}",
                    JsonNode.class)))
        .containsExactly("dependentRequired");
  }
}
