package dev.helm.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.cli.testing.Terminal;
import dev.helm.cli.testing.TestService;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class RollbackCommandTest {
  private final TestService service = new TestService();
  private Terminal terminal;

  @TempDir Path home;

  @BeforeEach
  void begin() {
    terminal = new Terminal(home, service.url());
  }

  @AfterEach
  void end() {
    service.close();
  }

  private void answers(String more) {
    service.on(
        "POST /api/runs/4f3a/rollback",
        _ ->
            TestService.json(
                "{\"run\":\"4f3a\",\"toSeq\":41,\"snapshotId\":\"s1\",\"created\":1,\"changed\":0,"
                    + "\"deleted\":0,\"files\":[{\"path\":\"a\",\"change\":\"created\"}],"
                    + "\"truncated\":false"
                    + more
                    + "}"));
  }

  @Test
  void thePreviewNamesWhatNoSnapshotHolds() {
    answers(
        ",\"unsaved\":[{\"path\":\"s.sock\",\"why\":\"it is a socket\",\"fate\":\"kept\"},"
            + "{\"path\":\"d/big\\u001b[2J\",\"why\":\"it is larger\",\"fate\":\"blocks\"}]");
    assertThat(terminal.helm("rollback", "4f3a", "41", "--preview")).isZero();
    assertThat(terminal.data()).first().asString().startsWith("to step 41");
    assertThat(terminal.data().get(2)).startsWith("  blocks  d/big").doesNotContain("\u001b");
    assertThat(terminal.data().get(3)).isEqualTo("  kept    s.sock  it is a socket");
    assertThat(terminal.words().getFirst()).startsWith("In no snapshot");
    assertThat(terminal.words().getLast()).contains("fork the run at that step");
  }

  @Test
  void whereNobodyCanBeAskedItTakesAYes() {
    answers("");
    assertThat(terminal.helm("rollback", "4f3a", "41")).isEqualTo(2);
    assertThat(terminal.helm("rollback", "4f3a", "41", "--json")).isEqualTo(2);
    assertThat(service.asked("POST /api/runs/4f3a/rollback")).isEmpty();
    assertThat(terminal.words()).anyMatch(line -> line.contains("--yes"));
    assertThat(terminal.helm("rollback", "4f3a", "41", "--yes")).isZero();
    assertThat(service.asked("POST /api/runs/4f3a/rollback")).hasSize(1);
  }

  @Test
  void thePreviewNamesWhatWentOut() {
    answers(
        ",\"outwardCalls\":3,\"outward\":[{\"seq\":50,\"tool\":\"SendEmail\",\"object\":\"x\","
            + "\"to\":[\"boss@a.test\"],\"outcome\":\"ok\",\"summary\":\"sent\"},{\"seq\":60,"
            + "\"tool\":\"post\",\"object\":\"b\\u001b[2J\",\"to\":[],\"outcome\":\"unknown\","
            + "\"summary\":\"\"}]");
    assertThat(terminal.helm("rollback", "4f3a", "41", "--preview")).isZero();
    assertThat(terminal.data().get(2)).isEqualTo("  ok      SendEmail to boss@a.test  sent");
    assertThat(terminal.data().get(3)).startsWith("  unknown post b").doesNotContain("\u001b");
    assertThat(terminal.words().getFirst()).contains("does not take it back");
    assertThat(terminal.words().getLast()).startsWith("and 1 more");
  }

  @Test
  void whatWentOutIsToldAfterAYesToo() {
    answers(
        ",\"epoch\":2,\"undoSnapshotId\":\"s2\",\"outwardCalls\":1,\"outward\":[{\"seq\":50,"
            + "\"tool\":\"SendEmail\",\"object\":\"x\",\"to\":[\"boss@a.test\"],"
            + "\"outcome\":\"ok\",\"summary\":\"sent\"}]");
    assertThat(terminal.helm("rollback", "4f3a", "41", "--yes")).isZero();
    assertThat(terminal.data().getFirst()).startsWith("rolled back to step 41");
    assertThat(terminal.data().get(1)).isEqualTo("  ok      SendEmail to boss@a.test  sent");
  }

  @Test
  void thePreviewSaysHowToDoExactlyThat() {
    answers(",\"state\":\"0123456789abcdef\"");
    assertThat(terminal.helm("rollback", "4f3a", "41", "--preview")).isZero();
    assertThat(terminal.words().getLast()).endsWith("--yes --state 0123456789abcdef");
    assertThat(terminal.helm("rollback", "4f3a", "41", "--yes", "--state", "0123456789abcdef"))
        .isZero();
    assertThat(service.asked("POST /api/runs/4f3a/rollback").getLast().body())
        .contains("\"state\":\"0123456789abcdef\"");
  }

  @Test
  void aForkThatWouldHaveNothingToDoIsWrongUse() {
    service.on(
        "POST /api/runs/4f3a/fork",
        _ ->
            TestService.problem(
                409, "run_finished", "the agent was finished at that step", "name --at STEP"));
    assertThat(terminal.helm("fork", "4f3a")).isEqualTo(2);
    assertThat(String.join("\n", terminal.words())).contains("was finished").contains("--at");
  }

  @Test
  void anOlderServiceTellsNothingOfThem() {
    answers("");
    assertThat(terminal.helm("rollback", "4f3a", "41", "--preview")).isZero();
    assertThat(terminal.data()).hasSize(2);
    assertThat(terminal.words()).isEmpty();
  }
}
