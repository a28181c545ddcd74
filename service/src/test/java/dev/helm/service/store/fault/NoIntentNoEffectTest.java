package dev.helm.service.store.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.activities.mail.Relay;
import dev.helm.activities.store.RunLog.LogUnavailableException;
import dev.helm.activities.tools.Tools;
import dev.helm.api.RunId;
import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.service.ledger.Ledger;
import dev.helm.service.ledger.PriceTable;
import dev.helm.service.ledger.Reserve;
import dev.helm.service.store.Access;
import dev.helm.service.store.RunQueries;
import dev.helm.service.store.Store;
import dev.helm.workflows.Fact;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.ToolActivity;
import dev.helm.workflows.decide.ToolCall;
import io.temporal.activity.ActivityOptions;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.failure.ActivityFailure;
import io.temporal.testing.TestActivityEnvironment;
import io.temporal.testing.TestEnvironmentOptions;
import java.net.URI;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * While the log takes no event, no tool runs and no model is called. The witness is no part of
 * Helm.
 */
class NoIntentNoEffectTest {
  private static final int CALLS = 10;
  private static final int TRIES = 500;

  @TempDir Path folder;
  @TempDir Path outside;
  private Tmpfs disk;
  private Store store;
  private Witness witness;
  private TestActivityEnvironment env;
  private ToolActivity tools;
  private String run;

  @BeforeEach
  void start() throws Exception {
    disk = Tmpfs.mount(folder, "160m");
    store = Store.open(disk.home, Clock.systemUTC());
    witness = new Witness(outside.resolve("witness"));
    env =
        TestActivityEnvironment.newInstance(
            TestEnvironmentOptions.newBuilder()
                .setWorkflowClientOptions(
                    WorkflowClientOptions.newBuilder()
                        .setDataConverter(HelmJson.dataConverter())
                        .build())
                .build());
    env.registerActivitiesImplementations(
        Tools.activity(
            store.log(),
            store.blobs(),
            store.runs(),
            witness,
            (run, slot, toolUseId, hosts) -> () -> {},
            new Relay(URI.create("smtp://127.0.0.1:" + witness.mailPort() + "?from=a@b.test")),
            (call, shell) -> {},
            Clock.systemUTC()));
    tools =
        env.newActivityStub(
            ToolActivity.class,
            ActivityOptions.newBuilder().setStartToCloseTimeout(Duration.ofSeconds(60)).build());
    run = runThatMayDoAll();
    for (int i = 0; i < CALLS; i++) {
      request(i);
    }
  }

  @AfterEach
  void stop() throws Exception {
    env.close();
    witness.close();
    store.close();
    disk.close();
  }

  private String runThatMayDoAll() {
    Blueprint blueprint =
        new Blueprint(
            "all",
            "a test",
            "default",
            "native",
            new Blueprint.Model("claude-sonnet-4-5", 8192),
            "Do it.",
            "Now.",
            Map.of(),
            List.of("Bash", "SendEmail"),
            new Blueprint.Permissions(List.of(), List.of(), List.of("Bash", "SendEmail"), 1000, 1),
            new Blueprint.Budget(Usd.parse("5"), List.of(50)),
            new Blueprint.Limits(200, 100_000),
            new Blueprint.Egress(List.of()),
            new Blueprint.Sandbox("default", 1 << 30, 1000, 256));
    String id = RunId.random().value();
    store
        .queries()
        .create(
            new RunQueries.NewRun(
                id,
                "all",
                store.blueprints().put(Access.system(), blueprint, "owner").stored(),
                "u1",
                "owner",
                Usd.parse("5"),
                Map.of(),
                "{}",
                null,
                false,
                null));
    store.log().append(id, List.of(new Fact("started", "main", new RunEvent.RunStarted(1, null))));
    return id;
  }

  private static String tool(int call) {
    return call % 2 == 0 ? "Bash" : "SendEmail";
  }

  private void request(int call) {
    String arguments =
        call % 2 == 0
            ? "{\"command\":\"echo " + call + "\"}"
            : "{\"to\":\"c@d.test\",\"subject\":\"s" + call + "\",\"body\":\"b\"}";
    String id = "t" + call;
    store
        .log()
        .append(
            run,
            List.of(
                new Fact(
                    "requested-" + id,
                    "main",
                    new RunEvent.ToolRequested(
                        id,
                        tool(call),
                        Content.text(arguments),
                        ToolCall.of(id, tool(call), arguments).argumentsHash(),
                        "x",
                        1))));
  }

  private ToolActivity.Reply take(int call) {
    return tools.step(
        new ToolActivity.Request(
            run, 1, "main", "t" + call, tool(call), true, new ToolActivity.Phase.Asked()));
  }

  private void refusedTries(int tries) throws Exception {
    for (int i = 0; i < tries; i++) {
      int call = i % CALLS;
      assertThatThrownBy(() -> take(call))
          .isInstanceOf(ActivityFailure.class)
          .cause()
          .hasMessageContaining("the event log cannot be written");
    }
    assertThat(witness.effects()).as("effects of " + tries + " tries").isEmpty();
  }

  /** The control: with the same log, writable again, each call has its one effect. */
  private void eachHappensOnceWhenTheLogCanBeWritten() throws Exception {
    while (!store.health().writable()) {
      Thread.onSpinWait();
    }
    for (int call = 0; call < CALLS; call++) {
      assertThat(take(call)).isInstanceOf(ToolActivity.Reply.Done.class);
      take(call);
    }
    assertThat(witness.effects()).hasSize(CALLS);
    assertThat(witness.effects()).filteredOn(line -> line.equals("mail")).hasSize(CALLS / 2);
    Straced.whole(Straced.log(store, run), "after the tries");
  }

  // Attack: fill the disk, then act where nothing can be recorded any more.
  @Test
  void fiveHundredTriesOnAFullDiskHaveNoEffect() throws Exception {
    disk.fill();
    refusedTries(TRIES);
    disk.free();
    eachHappensOnceWhenTheLogCanBeWritten();
    System.out.println(TRIES + " tries on a full disk: 0 effects; " + CALLS + " calls after it");
  }

  // Attack: keep the log's file locked, then act.
  @Test
  void aLockedLogLetsNothingHappen() throws Exception {
    try (Connection other =
            DriverManager.getConnection("jdbc:sqlite:" + disk.home.resolve("helm.db"));
        Statement lock = other.createStatement()) {
      lock.execute("BEGIN IMMEDIATE");
      refusedTries(3);
      lock.execute("ROLLBACK");
    }
    eachHappensOnceWhenTheLogCanBeWritten();
  }

  // Attack: spend money that nobody writes down.
  @Test
  void noModelCallIsReservedSoThatNoneIsForwarded() throws Exception {
    Ledger ledger = new Ledger(store, PriceTable.load(disk.home));
    String boot = RunId.random().value();
    ledger.hello(boot).join();
    disk.fill();
    for (int i = 0; i < 50; i++) {
      assertThatThrownBy(() -> reserve(ledger, boot))
          .isInstanceOf(CompletionException.class)
          .hasCauseInstanceOf(LogUnavailableException.class);
    }
    assertThat(store.runs().money(run).heldUsd()).isEqualTo(Usd.ZERO);
    disk.free();
    while (!store.health().writable()) {
      Thread.onSpinWait();
    }
    assertThat(reserve(ledger, boot)).isInstanceOf(Reserve.Answer.Granted.class);
  }

  private Reserve.Answer reserve(Ledger ledger, String boot) {
    String token = store.runs().modelToken(run, 1).reveal();
    return ledger
        .reserve(
            boot,
            new Reserve(
                RunId.random().value(), token, null, "claude-sonnet-4-5", 100, 100, 0, List.of()))
        .join();
  }
}
