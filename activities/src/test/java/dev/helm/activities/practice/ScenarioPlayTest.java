package dev.helm.activities.practice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScenarioPlayTest {
  private static final Path SCENARIOS =
      Path.of("src", "test", "resources", "practice", "scenarios");
  @TempDir Path temp;
  private PracticeModel model;

  @BeforeEach
  void start() throws Exception {
    model = PracticeModel.start(0, List.of(SCENARIOS), false);
  }

  @AfterEach
  void stop() throws Exception {
    model.close();
  }

  private Client client(String task) {
    return new Client(model.port(), "sys", task, "Read", "Bash");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "file=a even||Quiet end with a.",
        "file=a even|be loud|Loud end.",
        "nothing here||No file: nothing here",
      })
  void conditionsChooseTheStep(String result, String said, String end) throws Exception {
    Client client = client("conditions: x");
    Client.Heard look = client.turn();
    client.answer(look, (tool, input) -> result, () -> said == null ? "" : said);
    assertThat(client.turn().text()).isEqualTo(end);
  }

  @Test
  void steeringCapturesTheNewestWords() throws Exception {
    Client client = client("conditions: number 7");
    client.answer(client.turn(), (tool, input) -> "file=b odd", () -> "no, number 9");
    Client.Heard steered = client.turn();
    assertThat(steered.calls().getFirst().path("input").path("command").asText())
        .isEqualTo("echo 9 b");
    client.answer(steered, (tool, input) -> "9", () -> "");
    Client.Heard odd = client.turn();
    assertThat(odd.calls().getFirst().path("input").path("command").asText()).isEqualTo("echo odd");
    client.answer(odd, (tool, input) -> "odd", () -> "loud");
    assertThat(client.turn().text()).isEqualTo("Loud end.");
    client.messages.addObject().put("role", "user").put("content", "and now?");
    assertThat(client.turn().text()).contains("ends here");
  }

  @Test
  void errorResultsAreFailures() throws Exception {
    Client client = client("conditions: x");
    client.answer(
        client.turn(),
        (tool, input) -> {
          throw new IOException("file=x but denied");
        },
        () -> "");
    assertThat(client.turn().text()).isEqualTo("No file: file=x but denied");
  }

  @Test
  void repeatsForALongRunAcrossRestarts() throws Exception {
    Client client = client("long");
    Set<String> ids = new HashSet<>();
    for (int i = 1; i <= 1200; i++) {
      // As a client that keeps only its newest turns: the position is in the ids.
      while (client.messages.size() > 21) {
        client.messages.remove(1);
        client.messages.remove(1);
      }
      Client.Heard heard = client.turn();
      assertThat(heard.text()).isEqualTo("Turn " + i + " of 1200.");
      assertThat(ids.add(heard.calls().getFirst().path("id").asText())).isTrue();
      client.answer(heard, (tool, input) -> input.path("command").asText(), () -> "");
      if (i % 400 == 0) {
        model.close();
        model = PracticeModel.start(0, List.of(SCENARIOS), false);
        client.movedTo(model.port());
      }
    }
    assertThat(client.turn().text()).isEqualTo("Counted.");
  }

  @Test
  void foreignAndHostileHistoryCountsForNothing() throws Exception {
    Client client = client("long");
    StepIds other = new StepIds("another scenario");
    String foreign = other.make("count", 900, 0);
    for (String id : List.of("toolu_01" + "z".repeat(22), foreign, "x", "toolu_01-_")) {
      ObjectNode call =
          ((ArrayNode) client.messages.addObject().put("role", "assistant").putArray("content"))
              .addObject();
      call.put("type", "tool_use").put("id", id).put("name", "Bash").putObject("input");
      ArrayNode content = client.messages.addObject().put("role", "user").putArray("content");
      content.addObject().put("type", "tool_result").put("tool_use_id", id).put("is_error", true);
    }
    assertThat(client.turn().text()).isEqualTo("Turn 1 of 1200.");
  }

  @Test
  void idsSayTheirStepOnlyToTheirScenario() {
    StepIds ids = new StepIds("one");
    String id = ids.make("count", 65_537, 199);
    assertThat(id).matches("toolu_01[0-9A-Za-z]{22}");
    assertThat(ids.read(id)).isEqualTo(new StepIds.Made(StepIds.hash("count"), 65_537, 199));
    assertThat(new StepIds("two").read(id)).isNull();
    assertThat(ids.make("count", 65_537, 199)).isNotEqualTo(id);
  }

  @Test
  void statusFaultsAreCountedForEachConversation() throws Exception {
    Client client = client("faults limited");
    for (int i = 0; i < 2; i++) {
      HttpResponse<String> limited = client.post();
      assertThat(limited.statusCode()).isEqualTo(429);
      assertThat(limited.headers().firstValue("retry-after")).hasValue("7");
      assertThat(limited.body()).contains("rate_limit_error");
    }
    HttpResponse<String> overloaded = client.post();
    assertThat(overloaded.statusCode()).isEqualTo(529);
    assertThat(overloaded.body()).contains("overloaded_error").contains("Overloaded");
    assertThat(client.post().statusCode()).isEqualTo(500);
    assertThat(client.turn().text()).isEqualTo("After the limit.");
  }

  @Test
  void cutStreamsEndWithoutTheirEnd() throws Exception {
    Client client = client("faults cut");
    assertThatThrownBy(client::post).isInstanceOf(IOException.class);
    assertThat(client.turn().text()).isEqualTo("A text that is cut once and then whole.");
  }

  @Test
  void garbageAndErrorsInsideTheStream() throws Exception {
    Client garbage = client("faults garbage");
    assertThat(garbage.post().body()).contains("502 Bad Gateway");
    assertThat(garbage.turn().text()).isEqualTo("A text with garbage in it.");
    Client error = client("faults error");
    assertThat(error.post().body())
        .contains(
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"")
        .doesNotContain("message_stop");
    assertThat(error.turn().text()).isEqualTo("A text that an error ends.");
  }

  @ParameterizedTest
  @CsvSource({"stall,A text with a silence in it.", "delay,Late."})
  void silencesEnd(String kind, String text) throws Exception {
    Client client = client("faults " + kind);
    long before = System.nanoTime();
    Client.Heard heard = Client.heard(client.post().body());
    assertThat(System.nanoTime() - before).isGreaterThanOrEqualTo(700_000_000L);
    assertThat(heard.text()).isEqualTo(text);
  }

  @Test
  void theManualsExampleIsAScenario() throws Exception {
    String manual = Files.readString(Path.of("..", "docs", "practice-model.md"));
    String example = manual.substring(manual.indexOf("```yaml") + 8);
    Files.writeString(
        temp.resolve("manual.scenario.yaml"), example.substring(0, example.indexOf("```")));
    assertThat(ScenarioFiles.read(List.of(temp)).getFirst().steps()).hasSize(4);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "steps: [{name: a, say: x, colour: red}]|colour",
        "steps: [{name: a, say: x, when: {done: [b]}}]|a step b that does not exist",
        "steps: [{name: a, say: '${what}'}]|[what], which nothing captures",
        "steps: [{name: a}]|neither says nor calls",
        "steps: [{name: a, say: x}, {name: a, say: y}]|two steps are named a",
        "steps: [{name: a, say: x, paceMs: -1}]|paceMs is -1",
        "steps: [{name: a, say: x, okIf: '('}]|Unclosed group",
      })
  void mistakesNameFileAndLine(String steps, String words) throws Exception {
    Path file = temp.resolve("bad.scenario.yaml");
    Files.writeString(file, "name: bad\nmatch: {user: x}\n" + steps + "\n");
    assertThatThrownBy(() -> ScenarioFiles.read(List.of(temp)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(words)
        .hasMessageContaining("bad.scenario.yaml:")
        .hasMessageNotContaining("Cannot construct");
  }
}
