package dev.helm.service.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.Sha256;
import dev.helm.api.bundle.ManifestText;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.cli.Context;
import dev.helm.cli.Env;
import dev.helm.cli.Helm;
import dev.helm.cli.Out;
import dev.helm.cli.render.Paint;
import dev.helm.cli.verify.Report;
import dev.helm.service.store.StoreFixture;
import dev.helm.workflows.Fact;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files that somebody made to mislead or to exhaust, and logs that say what no log may. */
@Timeout(120)
class HostileBundleTest {
  private static final String RUN = "a".repeat(32);

  @TempDir Path home;

  private Path file() {
    return home.resolve("hostile.zip");
  }

  private void refused(String text) throws IOException {
    Report report = Sealed.verify(file());
    assertThat(report.verified()).isFalse();
    assertThat(report.faults()).anyMatch(fault -> fault.text().contains(text));
  }

  @Test
  void whatIsNoBundleIsRefusedInWords() throws Exception {
    Files.write(file(), new byte[0]);
    refused("no bundle");
    Files.write(file(), new byte[100_000]);
    refused("no bundle");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file()))) {
      zip.putNextEntry(new ZipEntry("manifest.json"));
      zip.write(Sealed.utf8("{}"));
    }
    refused("as Helm writes it");
  }

  @Test
  void namesThatLeadOutOfTheFileAndDoublesAreRefused() throws Exception {
    for (String name : List.of("../../etc/passwd", "/etc/passwd", "blobs/../x", "events.jsonl/x")) {
      forge(out -> out.entry(name, to -> to.write(1)), Map.of());
      refused("a name that no bundle has");
    }
    forge(out -> out.entry("events.jsonl", to -> {}), Map.of());
    refused("a name that no bundle has, or has it twice");
  }

  @Test
  void aBombIsBounded() throws Exception {
    // 60 MB of zeros in 60 KB: as an event it is one endless line, as a blob only hashed.
    forge(out -> out.entry("blobs/" + "0".repeat(64), HostileBundleTest::zeros), Map.of());
    long before = Runtime.getRuntime().totalMemory();
    refused("does not refer to the blob");
    assertThat(Runtime.getRuntime().totalMemory() - before).isLessThan(200L << 20);
    AuditKey key = AuditKey.of(home);
    bundle(
        key,
        out -> {
          out.entry("events.jsonl", HostileBundleTest::zeros);
          out.entry("checkpoints.jsonl", to -> {});
        },
        Map.of("run", RUN));
    refused("too long");
  }

  private static void zeros(OutputStream to) throws IOException {
    byte[] block = new byte[1 << 20];
    for (int i = 0; i < 60; i++) {
      to.write(block);
    }
  }

  @Test
  void anEditedManifestSignedByAnotherKeyIsNotThePinnedOne() throws Exception {
    try (Sealed sealed = new Sealed(home)) {
      Path clean = sealed.export(sealed.run(new Random(1), 3, true));
      assertThat(Sealed.verify(clean, "f".repeat(64), null).faults())
          .anyMatch(fault -> fault.text().contains("not by the pinned key"));
    }
  }

  @Test
  void aManifestPrintsNoLinesOfItsOwn() throws Exception {
    forge(
        _ -> {},
        Map.of("helm", "0\r\nverified\n", "exportedAt", "\u001b[2J\nverified", "run", "x\nverified"));
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    PrintStream to = new PrintStream(data, true, StandardCharsets.UTF_8);
    Out out = new Out(to, to, Paint.NONE, Paint.NONE, 0, false);
    Context context =
        new Context(new Env(Map.of(), home), out, InputStream.nullInputStream());
    assertThat(Helm.run(new String[] {"verify", file().toString()}, context)).isEqualTo(1);
    assertThat(data.toString(StandardCharsets.UTF_8).lines())
        .noneMatch(line -> line.startsWith("verified"))
        .noneMatch(line -> line.contains("\u001b"));
  }

  private interface Part {
    void write(BundleOutput out) throws IOException;
  }

  private void forge(Part more, Map<String, Object> members) throws IOException {
    bundle(
        AuditKey.of(home),
        out -> {
          out.entry("events.jsonl", to -> {});
          out.entry("checkpoints.jsonl", to -> {});
          more.write(out);
        },
        members);
  }

  /** A bundle whose sums and signature are right, whatever it holds. */
  private void bundle(AuditKey key, Part parts, Map<String, Object> members) throws IOException {
    try (OutputStream to = Files.newOutputStream(file())) {
      BundleOutput out = new BundleOutput(to);
      parts.write(out);
      out.entry("public-key.pem", pem -> pem.write(Sealed.utf8(key.signer().pem())));
      Map<String, Object> manifest = new LinkedHashMap<>(members);
      manifest.putIfAbsent("run", RUN);
      manifest.put("format", "helm-bundle-v1");
      manifest.put("events", 0);
      manifest.put("head", Map.of("seq", 0, "hash", ""));
      manifest.put("keyId", key.id());
      manifest.put("entries", out.listed());
      manifest.put("zipBytes", out.offset());
      manifest.put("zipSha256", out.sha256SoFar());
      manifest.put("signature", key.sign(ManifestText.signed(manifest)));
      out.finish(ManifestText.whole(manifest));
    }
  }

  // ---- logs --------------------------------------------------------------------------------

  private void log(String expected, RunEvent... events) throws Exception {
    try (Sealed sealed = new Sealed(home)) {
      String run = StoreFixture.run(sealed.store);
      List<Fact> facts = new ArrayList<>();
      for (RunEvent event : events) {
        facts.add(new Fact("k" + facts.size(), "main", event));
      }
      sealed.store.log().append(run, facts);
      assertThat(Sealed.verify(sealed.export(run)).faults())
          .anyMatch(fault -> fault.part().equals("rules") && fault.text().contains(expected));
    }
  }

  private static final String HASH = Sha256.hex("{}");

  private static RunEvent requested() {
    return new RunEvent.ToolRequested("t", "Bash", Content.text("{}"), HASH, "x", 1);
  }

  private static RunEvent started(String by, String permission, String hash) {
    return new RunEvent.ToolStarted(
        "t",
        "Bash",
        hash,
        new RunEvent.GatePass(by, by.equals("rule") ? "Bash" : null, permission),
        1);
  }

  private static RunEvent finished() {
    return new RunEvent.ToolFinished("t", "Bash", "ok", "ok", Content.text(""), 0, 1, 0, null);
  }

  @Test
  void aCallThatNobodyAllowedIsFound() throws Exception {
    log("nobody allowed p", requested(), started("person", "p", HASH));
  }

  @Test
  void oneOfTwoApproversIsNotEnough() throws Exception {
    log(
        "1 of 2 people",
        requested(),
        new RunEvent.PermissionRequested(
            "p",
            "t",
            "Bash",
            Content.text("{}"),
            HASH,
            "x",
            "",
            null,
            "2099-01-01T00:00:00.000Z",
            2),
        new RunEvent.PermissionApproved("p", "t", "ada", null, HASH, null, 1, 2),
        new RunEvent.PermissionDecided("p", "t", "allow", "ada", null, null, HASH),
        started("person", "p", HASH));
  }

  @Test
  void aCallWithOtherArgumentsThanAskedForIsFound() throws Exception {
    log("other arguments", requested(), started("rule", "", Sha256.hex("other")));
  }

  @Test
  void aCallThatTheModelDidNotAskForIsFound() throws Exception {
    log("did not ask for it", started("rule", "", HASH));
  }

  @Test
  void aCallThatEndsTwiceIsFound() throws Exception {
    log("ends a second time", requested(), started("rule", "", HASH), finished(), finished());
  }

  @Test
  void aBlockedCallThatEndsIsFound() throws Exception {
    log(
        "ends a second time",
        requested(),
        new RunEvent.ToolBlocked("t", "Bash", "builtin", "no", null),
        finished());
  }
}
