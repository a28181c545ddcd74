package dev.helm.service.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.workflows.Fact;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two projects, and a principal that sees one of them. */
class AccessTest {
  private static final String DEADLINE = "2030-01-01T00:00:00.000Z";
  private static final Access ANN = Access.only("ann", Set.of("infra-ops"));
  private static final Access NOBODY = Access.only("eve", Set.of());
  private static final RunQueries.Filter ALL = new RunQueries.Filter(Set.of(), null, null, 9, null);
  private static final String MINE = "abcd1" + "0".repeat(27);
  private static final String THEIRS = "abcd2" + "0".repeat(27);

  @TempDir Path home;
  private Store store;

  @BeforeEach
  void open() {
    store = Store.open(home, Clock.systemUTC());
    StoreFixture.runIn(store, "infra-ops", MINE);
    StoreFixture.runIn(store, "market-intel", THEIRS);
  }

  @AfterEach
  void close() {
    store.close();
  }

  private void log(String run, String key, RunEvent event) {
    store.log().append(run, List.of(new Fact(key, "main", event)));
  }

  private void ask(String run, String id) {
    log(
        run,
        "ask/" + id,
        new RunEvent.PermissionRequested(
            "p-" + id, "tu", "Bash", Content.text("{}"), "h", "ls", "because", null, DEADLINE, 1));
    log(
        run,
        "q/" + id,
        new RunEvent.QuestionAsked("q-" + id, "tu", "which?", List.of(), DEADLINE, null));
  }

  @Test
  void runsOfOtherProjectsAreNotThere() {
    RunQueries runs = store.queries();
    assertThat(runs.list(ANN, ALL).items()).extracting(Bodies.Run::id).containsExactly(MINE);
    assertThat(runs.list(NOBODY, ALL).items()).isEmpty();
    assertThat(runs.list(Access.everything("owner"), ALL).items()).hasSize(2);
    assertThat(runs.list(Access.only("b", Set.of("infra-ops", "market-intel")), ALL).items())
        .hasSize(2);
    assertThat(runs.run(ANN, MINE)).isNotNull();
    assertThat(runs.run(ANN, THEIRS)).isNull();
    assertThat(runs.activeRuns(ANN)).isEqualTo(1);
    assertThat(runs.activeRuns(NOBODY)).isZero();
    assertThat(runs.events(ANN, MINE, 0, 10, Set.of()).last()).isEqualTo(1);
    assertThat(runs.events(ANN, THEIRS, 0, 10, Set.of()))
        .isEqualTo(new Bodies.Events(List.of(), 0));
  }

  @Test
  void aPageNeverEndsAtARunThatIsNotSeen() {
    String newer = StoreFixture.runIn(store, "infra-ops");
    StoreFixture.runIn(store, "market-intel");
    RunQueries.Filter one = new RunQueries.Filter(Set.of(), null, null, 1, null);
    Bodies.Page<Bodies.Run> page = store.queries().list(ANN, one);
    assertThat(page.items()).extracting(Bodies.Run::id).containsExactly(newer);
    page =
        store
            .queries()
            .list(ANN, new RunQueries.Filter(Set.of(), null, null, 1, page.nextCursor()));
    assertThat(page.items()).extracting(Bodies.Run::id).containsExactly(MINE);
    assertThat(page.nextCursor()).isNull();
  }

  @Test
  void aPrefixIsAmbiguousOnlyAmongWhatIsSeen() {
    RunQueries runs = store.queries();
    assertThat(runs.resolve(Access.system(), "abcd"))
        .isEqualTo(new RunQueries.Resolved.Ambiguous(List.of(MINE, THEIRS)));
    assertThat(runs.resolve(ANN, "abcd")).isEqualTo(new RunQueries.Resolved.One(MINE));
    assertThat(runs.resolve(ANN, THEIRS)).isEqualTo(new RunQueries.Resolved.None());
    assertThat(runs.resolve(NOBODY, "abcd")).isEqualTo(new RunQueries.Resolved.None());
  }

  @Test
  void theInboxHoldsWhatIsSeen() {
    ask(MINE, "mine");
    ask(THEIRS, "theirs");
    InboxStore inbox = store.inbox();
    assertThat(inbox.list(ANN, 10, null).items())
        .extracting(DecisionBodies.InboxItem::id)
        .containsExactly("p-mine", "q-mine");
    assertThat(inbox.list(Access.system(), 10, null).items()).hasSize(4);
    assertThat(inbox.permission(ANN, "p-mine")).isNotNull();
    assertThat(inbox.permission(ANN, "p-theirs")).isNull();
    assertThat(inbox.question(ANN, "q-mine")).isNotNull();
    assertThat(inbox.question(ANN, "q-theirs")).isNull();
  }

  @Test
  void messagesAreOfRunsThatAreSeen() {
    store.messages().queue(MINE, "m1", "go left", "next", "ann");
    store.messages().queue(THEIRS, "m2", "go right", "next", "bob");
    assertThat(store.messages().list(ANN, MINE)).hasSize(1);
    assertThat(store.messages().list(ANN, THEIRS)).isEmpty();
    assertThat(store.messages().message(ANN, MINE, "m1")).isNotNull();
    assertThat(store.messages().message(ANN, THEIRS, "m2")).isNull();
  }

  @Test
  void blueprintsAreOfProjectsThatAreSeen() {
    BlueprintStore blueprints = store.blueprints();
    assertThat(blueprints.list(ANN, 10, null).items())
        .extracting(Bodies.BlueprintSummary::name)
        .containsExactly("of-infra-ops");
    assertThat(blueprints.find(ANN, "of-infra-ops")).isNotNull();
    assertThat(blueprints.find(ANN, "of-market-intel")).isNull();
    assertThat(blueprints.find(ANN, "of-market-intel@1")).isNull();
    assertThat(blueprints.versions(ANN, "of-market-intel")).isEmpty();
    Blueprint taken = StoreFixture.blueprint("of-market-intel", "infra-ops");
    assertThatThrownBy(() -> blueprints.put(ANN, taken, "ann"))
        .isInstanceOf(BlueprintStore.NameTakenException.class);
  }

  @Test
  void replayGivesWhatIsSeenAndEachEventNamesItsProject() {
    log(THEIRS, "t", new RunEvent.TurnStarted(1));
    log(MINE, "t", new RunEvent.TurnStarted(1));
    assertThat(store.replay(ANN, 0, 10))
        .extracting(CommitListener.Committed::pos)
        .containsExactly(1L, 4L);
    assertThat(store.replay(ANN, THEIRS, 0, 10)).isEmpty();
    assertThat(store.replay(Access.system(), 0, 10))
        .extracting(CommitListener.Committed::project)
        .containsExactly("infra-ops", "market-intel", "market-intel", "infra-ops");
  }

  @Test
  void whoRaisedABudgetIsKept() {
    log(MINE, "b", new RunEvent.RunPaused("budget", null, null, null, "spent"));
    UserStore.User ann = Objects.requireNonNull(store.users().create("ann", "x", null, Roles.NONE));
    log(MINE, "r", new RunEvent.RunResumed("budget", "ann"));
    assertThat(
            store
                .writer()
                .<String>write(
                    tx ->
                        Objects.requireNonNull(
                            tx.sql()
                                .one(
                                    "SELECT by_name || principal FROM asks WHERE kind = 'budget'",
                                    row -> row.getString(1)))))
        .isEqualTo("ann" + ann.id());
  }
}
