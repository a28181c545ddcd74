package dev.helm.service.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.cli.verify.Report;
import dev.helm.service.store.StoreFixture;
import dev.helm.workflows.Fact;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What people read of a run is what its log says, or the next export tells. */
@Timeout(120)
class TablesTest {
  @TempDir Path home;

  private String run = "";

  @BeforeEach
  void aRunThatHasSomethingInEachTable() throws Exception {
    try (Sealed sealed = new Sealed(home)) {
      run = sealed.run(new Random(3), 20, false);
      sealed
          .store
          .log()
          .append(
              run,
              List.of(
                  new Fact(
                      "m",
                      "main",
                      new RunEvent.MessageQueued("m1", Content.text("be quick"), "next", "ada")),
                  new Fact(
                      "q",
                      "main",
                      new RunEvent.QuestionAsked(
                          "q1", "t1", "Which?", List.of("a"), "2099-01-01T00:00:00.000Z", true))));
    }
  }

  private void edit(String statement) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection("jdbc:sqlite:" + home.resolve("helm.db"));
        Statement sql = connection.createStatement()) {
      assertThat(sql.executeUpdate(statement)).as(statement).isPositive();
    }
  }

  private Report verified() throws Exception {
    try (Sealed sealed = new Sealed(home)) {
      return Sealed.verify(sealed.export(run));
    }
  }

  @Test
  void aRunWhoseTablesWereNotTouchedIsVerified() throws Exception {
    Report report = verified();
    assertThat(report.faults()).isEmpty();
    assertThat(report.checked()).anyMatch(text -> text.contains("what Helm showed"));
  }

  @Test
  void whatWasShownBeforeAMemberWasThoughtOfIsNoFault() throws Exception {
    edit("UPDATE asks SET item = json_remove(item, '$.agent') WHERE id = 'q1'");
    assertThat(verified().faults()).isEmpty();
    edit("UPDATE asks SET item = json_set(item, '$.more', 'x') WHERE id = 'q1'");
    assertThat(verified().faults()).hasSize(1);
  }

  @Test
  void anEditOfWhatPeopleReadIsFound() throws Exception {
    List<String> edits =
        List.of(
            "UPDATE runs SET prompt = 'transfer it all'",
            "UPDATE runs SET by_name = 'bob'",
            "UPDATE runs SET spent_micros = 5",
            "UPDATE runs SET input = '{\"quarter\":\"Q2\"}'",
            "UPDATE runs SET status = 'succeeded'",
            "UPDATE messages SET text = json_object('text', 'take your time')",
            "UPDATE messages SET state = 'read'",
            "UPDATE asks SET item = replace(item, 'Which?', 'What?')",
            "DELETE FROM asks",
            "UPDATE calls SET tool = 'Read' WHERE tool_use_id = 'tu_3'",
            "UPDATE calls SET arguments = json_object('text', '{}') WHERE tool_use_id = 'tu_5'",
            "DELETE FROM calls WHERE tool_use_id = 'tu_7'",
            "INSERT INTO calls SELECT run, 'tu_new', seq, agent, tool, arguments, arguments_hash,"
                + " object, turn, edited FROM calls WHERE tool_use_id = 'tu_1'",
            "UPDATE snapshots SET tree = replace(tree, '4', '5')");
    String before = "";
    for (String edit : edits) {
      edit(edit);
      Report report = verified();
      assertThat(report.verified()).as(edit).isFalse();
      assertThat(report.faults()).as(edit).allMatch(fault -> fault.part().equals("tables"));
      // Each adds to what is told.
      String now = report.faults().toString();
      assertThat(now).as(edit).isNotEqualTo(before);
      assertThat(now).as("what stands there may be a secret").doesNotContain("transfer");
      before = now;
    }
  }

  @Test
  void aRunThatGoesOnMeanwhileIsComparedAsItIs() throws Exception {
    try (Sealed sealed = new Sealed(home)) {
      Thread writer =
          Thread.startVirtualThread(
              () -> {
                for (int i = 0; i < 300; i++) {
                  String id = "more_" + i;
                  sealed
                      .store
                      .log()
                      .append(
                          run,
                          List.of(
                              new Fact(
                                  id,
                                  "main",
                                  new RunEvent.ToolRequested(
                                      id, "Bash", Content.text("{}"), "0".repeat(64), "x", i))));
                }
              });
      do {
        assertThat(sealed.store.bundles().tables(run).differences()).isEmpty();
      } while (writer.isAlive());
      assertThat(sealed.store.bundles().tables(StoreFixture.run(sealed.store)).toSeq())
          .isEqualTo(1);
    }
  }
}
