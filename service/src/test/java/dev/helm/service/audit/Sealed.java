package dev.helm.service.audit;

import dev.helm.api.Sha256;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.cli.verify.Report;
import dev.helm.cli.verify.Verifier;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import dev.helm.workflows.Fact;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** A store with its audit, runs whose logs say what real ones say, and their exports. */
final class Sealed implements AutoCloseable {
  final Path home;
  final Store store;
  final Audit audit;

  Sealed(Path home) throws IOException {
    this.home = home;
    this.store = Store.open(home, Clock.systemUTC());
    this.audit = Audit.open(home, store, Clock.systemUTC(), "0.1.0", _ -> {}, (_, _, _) -> false);
  }

  /** A run of some calls: allowed by rule, by a person, denied, unknown and done again. */
  String run(Random random, int calls, boolean ends) {
    String run = StoreFixture.run(store);
    List<Fact> facts = new ArrayList<>();
    for (int i = 0; i < calls; i++) {
      call(facts, random, "tu_" + i, run.substring(0, 12) + "-" + i);
    }
    store.log().append(run, facts);
    if (ends) {
      store.log().append(run, List.of(StoreFixture.finished()));
    }
    return run;
  }

  /** A call has its id in its run, what is asked has one in the whole installation. */
  private void call(List<Fact> facts, Random random, String id, String ask) {
    String arguments = "{\"command\":\"echo " + random.nextInt() + " ünï \\ud83d\\ude00\"}";
    String hash = Sha256.hex(arguments);
    add(
        facts,
        new RunEvent.ToolRequested(
            id, "Bash", Content.text(arguments), hash, "echo", facts.size()));
    switch (random.nextInt(4)) {
      case 0 -> started(facts, id, hash, new RunEvent.GatePass("rule", "Bash(echo *)", null), 1);
      case 1 -> {
        decided(facts, id, ask, hash, "allow");
        started(facts, id, hash, new RunEvent.GatePass("person", null, "p-" + ask), 1);
      }
      case 2 -> {
        started(facts, id, hash, new RunEvent.GatePass("rule", "Bash", null), 1);
        add(
            facts,
            new RunEvent.ToolUnknown(id, "Bash", "lost", "u-" + ask, "2099-01-01T00:00:00.000Z"));
        add(facts, new RunEvent.QuestionAnswered("u-" + ask, Content.text("again"), "ada"));
        started(facts, id, hash, new RunEvent.GatePass("person", null, "u-" + ask), 2);
      }
      default -> {
        decided(facts, id, ask, hash, "deny");
        add(facts, new RunEvent.ToolBlocked(id, "Bash", "person", "no", null));
        return;
      }
    }
    String text = "out ".repeat(random.nextInt(20) == 0 ? 20_000 : random.nextInt(50));
    add(
        facts,
        new RunEvent.ToolFinished(
            id, "Bash", "ok", "ok", store.blobs().content(text, "text/plain"), 0, 12, 3, null));
  }

  private static void decided(
      List<Fact> facts, String id, String ask, String hash, String decision) {
    add(
        facts,
        new RunEvent.PermissionDecided("p-" + ask, id, decision, "ada", null, "because", hash));
  }

  private static void started(
      List<Fact> facts, String id, String hash, RunEvent.GatePass gate, int attempt) {
    add(facts, new RunEvent.ToolStarted(id, "Bash", hash, gate, attempt));
  }

  private static void add(List<Fact> facts, RunEvent event) {
    facts.add(new Fact("k" + facts.size(), "main", event));
  }

  /** The export of a run, or of {@code audit}. */
  Path export(String run) throws IOException {
    Path file = home.resolve("export-" + run + "-" + System.nanoTime() + ".zip");
    try (OutputStream out = Files.newOutputStream(file)) {
      audit.exports().of(run).write(out);
    }
    return file;
  }

  static Report verify(Path file) throws IOException {
    return verify(file, "", null);
  }

  static Report verify(Path file, String key, @Nullable Path kept) throws IOException {
    return new Verifier(file, key, kept).verify();
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    audit.close();
    store.close();
  }
}
