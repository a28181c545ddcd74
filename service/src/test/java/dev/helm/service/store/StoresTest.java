package dev.helm.service.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.api.Role;
import dev.helm.api.RunStatus;
import dev.helm.api.Secret;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.workflows.Fact;
import dev.helm.workflows.decide.Remembered;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoresTest {
  private static final List<IdempotencyStore.Need> NEEDS =
      List.of(
          new IdempotencyStore.Need("a", Role.OWNER), new IdempotencyStore.Need("b", Role.VIEWER));
  private static final String DEADLINE = "2030-01-01T00:00:00.000Z";

  @TempDir Path home;
  private Store store;

  @BeforeEach
  void open() {
    store = Store.open(home, Clock.systemUTC());
  }

  @AfterEach
  void close() {
    store.close();
  }

  private void log(String run, String key, RunEvent event) {
    store.log().append(run, List.of(new Fact(key, "main", event)));
  }

  private Bodies.Run row(String run) {
    return Objects.requireNonNull(store.queries().run(Access.system(), run));
  }

  @Test
  void runRowFollowsTheLog() {
    String run = StoreFixture.run(store);
    assertThat(row(run).status()).isEqualTo(RunStatus.QUEUED);
    log(run, "s", new RunEvent.RunStarted(1, null));
    assertThat(row(run).status()).isEqualTo(RunStatus.RUNNING);
    log(run, "p", new RunEvent.RunPaused("permission", null, "p1", null, null));
    assertThat(row(run).waitingFor()).isEqualTo("permission");
    assertThat(store.queries().activeRuns(Access.system())).isEqualTo(1);
    log(run, "r", new RunEvent.RunResumed("decided", "owner"));
    assertThat(row(run).waitingFor()).isNull();
    log(run, "f", new RunEvent.RunFinished("failed", "no luck", null));
    assertThat(row(run).status()).isEqualTo(RunStatus.FAILED);
    assertThat(row(run).reason()).isEqualTo("no luck");
    assertThat(row(run).events()).isEqualTo(5);
    assertThat(store.queries().activeRunIds()).isEmpty();
    assertThat(store.runs().info(run).blueprintRef()).isEqualTo("demo@1");
    assertThat(store.runs().info(run).input()).containsEntry("quarter", "Q1");
  }

  @Test
  void permissionsCloseOnce() {
    String run = StoreFixture.run(store);
    for (String id : List.of("p1", "p2", "p3")) {
      log(
          run,
          "ask/" + id,
          new RunEvent.PermissionRequested(
              id, "tu", "Bash", Content.text("{}"), "h", "ls", "because", null, DEADLINE, 1));
    }
    assertThat(store.inbox().list(Access.system(), 2, null).items())
        .extracting(DecisionBodies.InboxItem::id)
        .containsExactly("p1", "p2");
    String cursor = store.inbox().list(Access.system(), 2, null).nextCursor();
    assertThat(store.inbox().list(Access.system(), 2, cursor).items())
        .extracting(DecisionBodies.InboxItem::id)
        .containsExactly("p3");
    log(run, "d1", new RunEvent.PermissionDecided("p1", "tu", "allow", "ann", "phone", null, "h"));
    log(run, "d1b", new RunEvent.PermissionDecided("p1", "tu", "deny", "bob", null, null, "h"));
    log(run, "d2", new RunEvent.PermissionDecided("p2", "tu", "deny", "timeout", null, "t", "h"));
    log(run, "f", new RunEvent.RunFinished("cancelled", null, null));
    DecisionBodies.Permission p1 =
        Objects.requireNonNull(store.inbox().permission(Access.system(), "p1"));
    assertThat(p1.state()).isEqualTo("decided");
    assertThat(Objects.requireNonNull(p1.winner()).by().user()).isEqualTo("ann");
    assertThat(Objects.requireNonNull(store.inbox().permission(Access.system(), "p2")).state())
        .isEqualTo("expired");
    assertThat(Objects.requireNonNull(store.inbox().permission(Access.system(), "p3")).state())
        .isEqualTo("expired");
    assertThat(store.inbox().list(Access.system(), 10, null).items()).isEmpty();
  }

  @Test
  void questionsAndUnknownOutcomesAndBudgetsWait() {
    String run = StoreFixture.run(store);
    log(
        run,
        "q",
        new RunEvent.QuestionAsked("q1", "tu", "which?", List.of("a", "b"), DEADLINE, null));
    log(run, "u", new RunEvent.ToolUnknown("tu2", "Bash", "lost", "q2", DEADLINE));
    log(run, "b", new RunEvent.RunPaused("budget", null, null, null, "spent"));
    assertThat(store.inbox().list(Access.system(), 10, null).items())
        .extracting(DecisionBodies.InboxItem::kind)
        .containsExactly("question", "unknown", "budget");
    log(run, "a", new RunEvent.QuestionAnswered("q1", Content.text("a"), "ann"));
    log(run, "r", new RunEvent.RunResumed("budget", "ann"));
    InboxStore.Question q1 = Objects.requireNonNull(store.inbox().question(Access.system(), "q1"));
    assertThat(q1.state()).isEqualTo("answered");
    assertThat(q1.answer()).isEqualTo("a");
    assertThat(store.inbox().list(Access.system(), 10, null).items())
        .extracting(DecisionBodies.InboxItem::id)
        .containsExactly("q2");
  }

  @Test
  void messagesAreQueuedReadOrCancelled() {
    String run = StoreFixture.run(store);
    store.messages().queue(run, "m1", "go left", "next", "ann");
    store.messages().queue(run, "m1", "go left", "next", "ann");
    store.messages().queue(run, "m2", "x".repeat(100_000), "now", "ann");
    log(run, "read", new RunEvent.MessageRead("m1", 4));
    assertThat(store.messages().cancel(run, "m1", "ann"))
        .isEqualTo(MessageStore.Cancelled.ALREADY_READ);
    assertThat(store.messages().cancel(run, "m2", "ann"))
        .isEqualTo(MessageStore.Cancelled.CANCELLED);
    assertThat(store.messages().cancel(run, "m2", "ann"))
        .isEqualTo(MessageStore.Cancelled.ALREADY_CANCELLED);
    assertThat(store.messages().cancel(run, "m3", "ann"))
        .isEqualTo(MessageStore.Cancelled.NOT_FOUND);
    assertThat(store.messages().list(Access.system(), run))
        .extracting(Bodies.Message::state)
        .containsExactly("read", "cancelled");
    assertThat(Objects.requireNonNull(store.runs().message(run, "m1")).text()).isEqualTo("go left");
    assertThat(store.runs().message(run, "m2")).isNull();
  }

  @Test
  void requestedCallsAreKeptWithTheirArguments() {
    String run = StoreFixture.run(store);
    Content arguments = store.blobs().content("{\"a\":\"" + "x".repeat(70_000) + "\"}", "a/b");
    log(run, "t", new RunEvent.ToolRequested("tu1", "Bash", arguments, "h", "ls", 3));
    var call = Objects.requireNonNull(store.runs().requested(run, "tu1"));
    assertThat(call.arguments()).isEqualTo(arguments).isInstanceOf(Content.BlobRef.class);
    assertThat(call.turn()).isEqualTo(3);
    assertThat(store.blobs().text(call.arguments())).hasSize(70_008);
    assertThat(store.runs().requested(run, "tu2")).isNull();
  }

  private void allow(String run, String id, RunEvent.Remembered rule) {
    log(
        run,
        "d" + id,
        new RunEvent.PermissionDecided(
            id,
            "tu1",
            "allow",
            "ann",
            null,
            null,
            "h2",
            Content.text("{\"command\":\"b\"}"),
            rule));
  }

  @Test
  void aRollbackTakesBackWhatAllowsAfterItsStepLeftBehind() {
    String run = StoreFixture.run(store);
    log(run, "t", new RunEvent.ToolRequested("tu1", "Bash", Content.text("{}"), "h", "ls", 1));
    allow(run, "p1", new RunEvent.Remembered("r1", "run", "Bash(before *)", null));
    long to = row(run).events();
    allow(run, "p2", new RunEvent.Remembered("r2", "run", "Bash(after *)", null));
    allow(run, "p3", new RunEvent.Remembered("r3", "blueprint", "Bash(every *)", null));
    assertThat(store.runs().remembered(run, 0)).hasSize(3);
    assertThat(Objects.requireNonNull(store.runs().requested(run, "tu1")).edited()).isNotNull();
    String tree = FileProjection.EMPTY_TREE;
    log(run, "back", new RunEvent.RunRolledback("s1", tree, to, 2, "bob", "s2", tree, 0, 0, 0));
    assertThat(store.runs().remembered(run, 0))
        .extracting(Remembered::rule)
        .containsExactly("Bash(before *)", "Bash(every *)");
    assertThat(Objects.requireNonNull(store.rules().find(Access.system(), "r2")).state())
        .isEqualTo("revoked");
    // Attack: the person is shown what the model asks, and what somebody once made of it runs.
    assertThat(Objects.requireNonNull(store.runs().requested(run, "tu1")).edited()).isNull();
  }

  @Test
  void theSameRequestMakesTheSameRun() {
    var first = store.queries().create(StoreFixture.newRun(store, 1, "ann /api/runs k"));
    var second = store.queries().create(StoreFixture.newRun(store, 1, "ann /api/runs k"));
    assertThat(first.fresh()).isTrue();
    assertThat(second.fresh()).isFalse();
    assertThat(second.run().id()).isEqualTo(first.run().id());
  }

  @Test
  void runsAreListedNewestFirstInPages() {
    List<String> ids =
        java.util.stream.IntStream.range(0, 5).mapToObj(i -> StoreFixture.run(store)).toList();
    log(ids.get(1), "s", new RunEvent.RunStarted(1, null));
    RunQueries.Filter two = new RunQueries.Filter(Set.of(), null, null, 2, null);
    Bodies.Page<Bodies.Run> page = store.queries().list(Access.system(), two);
    assertThat(page.items()).extracting(Bodies.Run::id).containsExactly(ids.get(4), ids.get(3));
    page =
        store
            .queries()
            .list(
                Access.system(),
                new RunQueries.Filter(Set.of(), "demo", "DEM", 10, page.nextCursor()));
    assertThat(page.items()).hasSize(3);
    assertThat(page.nextCursor()).isNull();
    RunQueries.Filter running =
        new RunQueries.Filter(Set.of(RunStatus.RUNNING), "demo@1", null, 10, null);
    assertThat(store.queries().list(Access.system(), running).items())
        .extracting(Bodies.Run::id)
        .containsExactly(ids.get(1));
    assertThatThrownBy(
            () ->
                store
                    .queries()
                    .list(Access.system(), new RunQueries.Filter(Set.of(), null, null, 2, "x%")))
        .isInstanceOf(InvalidCursorException.class);
    assertThat(store.queries().resolve(Access.system(), ids.get(0).substring(0, 20)))
        .isEqualTo(new RunQueries.Resolved.One(ids.get(0)));
    assertThat(store.queries().resolve(Access.system(), "zz"))
        .isInstanceOf(RunQueries.Resolved.None.class);
    assertThat(
            store
                .queries()
                .events(Access.system(), ids.get(1), 0, 10, Set.of("run.started"))
                .items())
        .hasSize(1);
  }

  @Test
  void blueprintVersionsChangeWithContentOnly() {
    var one = store.blueprints().put(Access.system(), StoreFixture.blueprint("a"), "ann");
    assertThat(store.blueprints().put(Access.system(), StoreFixture.blueprint("a"), "bob").fresh())
        .isFalse();
    var changed = StoreFixture.blueprint("a");
    var two =
        store
            .blueprints()
            .put(
                Access.system(),
                new dev.helm.api.blueprint.Blueprint(
                    "a",
                    "changed",
                    changed.project(),
                    changed.agent(),
                    changed.model(),
                    changed.instructions(),
                    changed.task(),
                    changed.inputs(),
                    changed.tools(),
                    changed.permissions(),
                    changed.budget(),
                    changed.limits(),
                    changed.egress(),
                    changed.sandbox()),
                "bob");
    assertThat(two.stored().version()).isEqualTo(2);
    assertThat(store.blueprints().find(Access.system(), "a@1")).isEqualTo(one.stored());
    assertThat(store.blueprints().find(Access.system(), "a")).isEqualTo(two.stored());
    assertThat(store.blueprints().versions(Access.system(), "a")).hasSize(2);
    assertThat(store.blueprints().list(Access.system(), 10, null).items()).hasSize(1);
  }

  @Test
  void conversationsShareTheirPast() {
    String head = store.conversations().append(null, List.of("{\"a\":1}", "{\"b\":2}"));
    String left = store.conversations().append(head, List.of("{\"l\":1}"));
    String right = store.conversations().append(head, List.of("{\"r\":1}"));
    assertThat(store.conversations().append(head, List.of("{\"l\":1}"))).isEqualTo(left);
    assertThat(store.conversations().messages(left))
        .containsExactly("{\"a\":1}", "{\"b\":2}", "{\"l\":1}");
    assertThat(store.conversations().messages(right)).endsWith("{\"r\":1}");
    assertThatThrownBy(() -> store.conversations().messages("0".repeat(64)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void modelTokensHoldForTheirEpochWhileTheRunIsActive() {
    String run = StoreFixture.run(store);
    String token = store.runs().modelToken(run, 1).reveal();
    assertThat(store.modelTokens().verify(token)).isEqualTo(new ModelTokens.RunEpoch(run, 1));
    String last = token.substring(token.length() - 1).equals("0") ? "1" : "0";
    assertThat(store.modelTokens().verify(token.substring(0, token.length() - 1) + last)).isNull();
    assertThat(store.modelTokens().verify(store.runs().modelToken(run, 2).reveal())).isNull();
    assertThat(store.modelTokens().verify("helm_x")).isNull();
    store.log().append(run, List.of(StoreFixture.finished()));
    assertThat(store.modelTokens().verify(token)).isNull();
    assertThat(home.resolve("keys/token.key"))
        .satisfies(
            file ->
                assertThat(
                        java.nio.file.attribute.PosixFilePermissions.toString(
                            Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------"));
  }

  @Test
  void accessOutlivesARestart() {
    var user = Objects.requireNonNull(store.users().create("ann", "$argon2id$x", null, Roles.NONE));
    assertThat(store.users().create("ann", "other", null, Roles.NONE)).isNull();
    assertThat(store.users().change(user.id(), old -> old.withPassword("$argon2id$y", null)))
        .isNotNull();
    Instant later = Instant.now().plusSeconds(60);
    assertThat(store.tickets().use("t", later)).isTrue();
    store.tokens().revoke("jti", later);
    var key = new IdempotencyStore.Key("ann", "/api/x", "k");
    var open = new IdempotencyStore.Key("ann", "/api/x", "open");
    assertThat(store.idempotency().begin(key, "h")).isEqualTo(new IdempotencyStore.Claim.Fresh());
    assertThat(store.idempotency().begin(key, "h"))
        .isEqualTo(new IdempotencyStore.Claim.InProgress());
    store.idempotency().finish(key, 201, "application/json", "{}", NEEDS);
    store.idempotency().begin(open, "h");
    store.slots().put(new SlotStore.Slot("0a0b0c0d", "r", null, "t", Secret.of("s")));
    store.close();
    store = Store.open(home, Clock.systemUTC());
    assertThat(Objects.requireNonNull(store.users().byName("ann")).passwordHash())
        .isEqualTo("$argon2id$y");
    assertThat(store.tickets().use("t", later)).isFalse();
    assertThat(store.tokens().isRevoked("jti")).isTrue();
    assertThat(store.idempotency().begin(key, "h"))
        .isEqualTo(new IdempotencyStore.Claim.Replay(201, "application/json", "{}", NEEDS));
    assertThat(store.idempotency().begin(key, "i"))
        .isEqualTo(new IdempotencyStore.Claim.OtherBody());
    assertThat(store.idempotency().begin(open, "h")).isEqualTo(new IdempotencyStore.Claim.Fresh());
    assertThat(Objects.requireNonNull(store.slots().byRun("r")).slot()).isEqualTo("0a0b0c0d");
  }
}
