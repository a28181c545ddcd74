package dev.helm.service.audit;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.RunId;
import dev.helm.api.bundle.Checkpoint;
import dev.helm.api.event.CanonicalJson;
import dev.helm.api.event.RunEvent;
import dev.helm.cli.verify.Report;
import dev.helm.service.store.Access;
import dev.helm.service.store.RunQueries;
import dev.helm.service.store.StoreFixture;
import dev.helm.workflows.HelmJson;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints that somebody kept are compared in whatever form they were saved, or it is told. */
@Timeout(120)
class KeptTest {
  @TempDir Path home;

  private record Case(Path export, List<Checkpoint> honest) {}

  private Case some() throws Exception {
    try (Sealed sealed = new Sealed(home)) {
      String run = sealed.run(new Random(1), 60, true);
      Path export = sealed.export(run);
      return new Case(export, sealed.store.checkpoints().page(run, 0, 1000));
    }
  }

  private Report verify(Path export, String kept) throws Exception {
    Path file = home.resolve("kept");
    Files.writeString(file, kept);
    return Sealed.verify(export, "", file);
  }

  private static String lines(List<Checkpoint> all) {
    return all.stream()
        .map(each -> CanonicalJson.write(each.anchorLine()))
        .collect(Collectors.joining("\n"));
  }

  private static String answer(List<Checkpoint> all) {
    return HelmJson.write(Map.of("items", all, "last", all.getLast().seq()));
  }

  private static List<Checkpoint> forged(List<Checkpoint> all) {
    return all.stream()
        .map(
            each ->
                new Checkpoint(
                    each.run(),
                    each.seq(),
                    "f".repeat(64),
                    each.at(),
                    each.keyId(),
                    each.signature()))
        .toList();
  }

  @Test
  void aSavedAnswerWithoutALineFeedIsCompared() throws Exception {
    Case some = some();
    for (String end : List.of("", "\n")) {
      Report good = verify(some.export(), answer(some.honest()) + end);
      assertThat(good.faults()).isEmpty();
      assertThat(good.checked()).anyMatch(text -> text.contains("kept elsewhere agree"));
      Report bad = verify(some.export(), answer(forged(some.honest())) + end);
      assertThat(bad.faults()).anyMatch(fault -> fault.text().contains("written anew"));
      assertThat(verify(some.export(), lines(forged(some.honest()).subList(0, 1)) + end).verified())
          .isFalse();
      assertThat(verify(some.export(), lines(some.honest()) + end).faults()).isEmpty();
    }
  }

  @Test
  void whatComparesNothingIsAFault() throws Exception {
    Case some = some();
    String answer = answer(some.honest());
    for (String kept :
        List.of(
            "",
            "\n",
            "{}",
            "no JSON",
            "{\"items\":[],\"last\":0}",
            answer.substring(0, answer.length() - 9),
            answer + "\n" + answer.substring(0, 40),
            "x".repeat(9 << 20),
            answer + "\n" + "x".repeat(9 << 20))) {
      assertThat(verify(some.export(), kept).faults())
          .as(kept.substring(0, Math.min(60, kept.length())))
          .anyMatch(fault -> fault.part().equals("kept"));
    }
  }

  @Test
  void whatAPersonToldTheRunStandsInItsLog() throws Exception {
    try (Sealed sealed = new Sealed(home)) {
      RunQueries.NewRun plain = StoreFixture.newRun(sealed.store, 5_000_000, null);
      for (String prompt : List.of("do this", "long ".repeat(50_000))) {
        RunQueries.NewRun told =
            new RunQueries.NewRun(
                RunId.random().value(),
                plain.name(),
                plain.blueprint(),
                plain.principal(),
                plain.by(),
                plain.capUsd(),
                plain.input(),
                plain.inputJson(),
                prompt,
                false,
                null);
        String run = sealed.store.queries().create(told).run().id();
        RunEvent.RunCreated created =
            HelmJson.mapper()
                .convertValue(
                    sealed.store.queries().events(Access.system(), run, 0, 1, Set.of()).items().getFirst().data(),
                    RunEvent.RunCreated.class);
        assertThat(sealed.store.blobs().text(requireNonNull(created.prompt()))).isEqualTo(prompt);
        assertThat(Sealed.verify(sealed.export(run)).faults()).isEmpty();
      }
    }
  }

  @Test
  void anExportHasTheBlueprintThatTheLogNames() throws Exception {
    Case some = some();
    assertThat(Files.readString(some.export(), StandardCharsets.ISO_8859_1)).contains("\"body\":");
    try (var connection = DriverManager.getConnection("jdbc:sqlite:" + home.resolve("helm.db"));
        var sql = connection.createStatement()) {
      sql.execute("UPDATE blueprints SET body = json_set(body, '$.description', 'another')");
    }
    try (Sealed sealed = new Sealed(home)) {
      String run = some.honest().getFirst().run();
      assertThat(Sealed.verify(sealed.export(run)).faults())
          .anyMatch(fault -> fault.text().contains("not the one that the log names"));
    }
  }
}
