package dev.helm.activities.tools;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.egress.Outgoing;
import dev.helm.activities.hook.HookRunner;
import dev.helm.activities.http.StandIn;
import dev.helm.activities.publish.Destination;
import dev.helm.activities.publish.Publishing;
import dev.helm.activities.run.Plans;
import dev.helm.activities.secret.Secrets;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files leave the workspace once, whole, as they were shown, and to nowhere else. */
@Timeout(60)
class PublishTest {
  private static final String CALL =
      "{\"files\":[\"out/a.txt\",\"b.txt\"],\"to\":\"reports\",\"message\":\"Q1\"}";

  @TempDir private Path directory;
  private Path workspace;
  private Path folder;

  @BeforeEach
  void begin() throws IOException {
    workspace = Files.createDirectories(directory.resolve("workspace"));
    folder = Files.createDirectory(directory.resolve("reports"));
    Files.createDirectory(workspace.resolve("out"));
    Files.writeString(workspace.resolve("out/a.txt"), "one\n");
    Files.writeString(workspace.resolve("b.txt"), "two\n");
  }

  private Destination.Named named(Destination to, String... projects) {
    return new Destination.Named("reports", to, List.of(projects));
  }

  private ToolRig rig(
      String arguments, List<String> allow, Destination.Named to, @Nullable Outgoing out) {
    Blueprint plan = Plans.rules(List.of(), List.of(), allow);
    List<String> tools = new ArrayList<>(plan.tools());
    tools.add("Publish");
    ToolRig rig =
        new ToolRig(
            plan.withTools(tools),
            "Publish",
            arguments,
            null,
            new Elsewhere(
                RunTools.NATIVE,
                Secrets.none(),
                out,
                HookRunner.none(),
                ForeignTools.NONE,
                Publishing.of(List.of(to), PublishTest::mac, directory.resolve("scratch"))));
    rig.sandbox.workspace = workspace;
    return rig;
  }

  private static Mac mac() {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(new byte[] {1, 2, 3}, "HmacSHA256"));
      return mac;
    } catch (java.security.GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private List<Path> published() throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile).sorted().toList();
    }
  }

  @Test
  void itIsAskedWithFilesAndDestinationAndThenInTheFolder() throws IOException {
    try (ToolRig rig = rig(CALL, List.of(), named(new Destination.Folder(folder)), null)) {
      Reply asked = rig.step(new Phase.Asked());
      RunEvent.PermissionRequested permission =
          rig.store.all(RunEvent.PermissionRequested.class).getFirst();
      assertThat(((Content.Text) Objects.requireNonNull(permission.diff())).text())
          .startsWith("to folder " + folder + "\nout/a.txt · 4 bytes · sha256 2c8b08da5ce60398")
          .contains("b.txt · 4 bytes · sha256 27dd8ed4");
      assertThat(permission.recipients()).containsExactly("reports");
      assertThat(permission.risk()).contains("outward: cannot be taken back");
      assertThat(published()).isEmpty();
      assertThat(rig.told(rig.step(rig.allow(asked, rig.hash()))))
          .startsWith("Handed 2 files to " + folder);
      assertThat(published()).hasSize(2);
      assertThat(published().getFirst()).hasContent("two\n");
      assertThat(published().get(1)).hasContent("one\n");
      assertThat(rig.store.types()).contains("file.read");
    }
  }

  @Test
  void aFileThatChangedSincePeopleSawItIsNotHandedOut() throws IOException {
    try (ToolRig rig = rig(CALL, List.of(), named(new Destination.Folder(folder)), null)) {
      Reply asked = rig.step(new Phase.Asked());
      Files.writeString(workspace.resolve("b.txt"), "evil\n");
      assertThat(rig.told(rig.step(rig.allow(asked, rig.hash()))))
          .startsWith("Not published: b.txt has changed since people were asked");
      assertThat(published()).isEmpty();
    }
  }

  @Test
  void whereverTheServiceDiesTheFolderHasItOnceAndWhole() throws IOException {
    for (int n = 1; n < 100; n++) {
      folder = Files.createDirectory(directory.resolve("reports-" + n));
      try (ToolRig rig =
          rig(CALL, List.of("Publish"), named(new Destination.Folder(folder)), null)) {
        rig.store.crashes.at(n);
        assertThat(rig.told(rig.stepUntilDone(new Phase.Asked()))).startsWith("Handed 2 files");
        assertThat(published()).as("death %d", n).hasSize(2);
        if (rig.store.crashes.pending()) {
          assertThat(n).isGreaterThan(4);
          return;
        }
      }
    }
    throw new AssertionError("the deaths never end");
  }

  @Test
  void linksAtTheDestinationAreNotFollowed() throws IOException {
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    Path link = Files.createSymbolicLink(directory.resolve("link"), elsewhere);
    try (ToolRig rig = rig(CALL, List.of("Publish"), named(new Destination.Folder(link)), null)) {
      assertThat(rig.told(rig.step(new Phase.Asked()))).contains("is not a folder, or is a link");
    }
    // The place is known beforehand from a call that went well: a link waits there for the next.
    try (ToolRig rig = rig(CALL, List.of("Publish"), named(new Destination.Folder(folder)), null)) {
      rig.step(new Phase.Asked());
    }
    Path place = published().getFirst().getParent();
    Files.move(place, directory.resolve("moved"));
    Files.createSymbolicLink(place, elsewhere);
    try (ToolRig rig = rig(CALL, List.of("Publish"), named(new Destination.Folder(folder)), null)) {
      assertThat(rig.told(rig.step(new Phase.Asked()))).contains("is there and is no folder");
    }
    assertThat(Files.isSymbolicLink(place)).isTrue();
    assertThat(Files.exists(elsewhere.resolve("b.txt"), LinkOption.NOFOLLOW_LINKS)).isFalse();
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).containsExactly(place);
    }
  }

  @Test
  void whatIsNoFileOfTheWorkspaceOrNoDestinationIsToldWithoutAsking() throws IOException {
    Files.createSymbolicLink(workspace.resolve("l"), Path.of("/etc/passwd"));
    Destination.Named open = named(new Destination.Folder(folder));
    for (List<String> wrong :
        List.of(
            List.of("[\"l\"]", "link"),
            List.of("[\"../x\"]", "Not allowed"),
            List.of("[\"out/../../x\"]", "Not allowed"),
            List.of("[\"/etc/passwd\"]", "Not allowed"),
            List.of("[\"gone\"]", "does not exist"),
            List.of("[\"out\"]", "Not allowed"))) {
      String call = "{\"files\":" + wrong.getFirst() + ",\"to\":\"reports\"}";
      try (ToolRig rig = rig(call, List.of("Publish"), open, null)) {
        assertThat(rig.told(rig.step(new Phase.Asked()))).as(call).contains(wrong.get(1));
      }
    }
    try (ToolRig rig =
        rig(CALL, List.of("Publish"), named(new Destination.Folder(folder), "other"), null)) {
      assertThat(rig.told(rig.step(new Phase.Asked())))
          .contains("there is no destination \"reports\" for runs of project default");
    }
    assertThat(published()).isEmpty();
  }

  private Destination.Webhook webhook() {
    return new Destination.Webhook(URI.create("http://files.test/in?t=1"), null);
  }

  private static Outgoing outgoing(StandIn server) throws IOException {
    return new Outgoing(host -> List.of(), List.of(server.target("files.test", 80)), List.of());
  }

  @Test
  void aWebhookGetsOneSignedRequest() throws IOException {
    try (StandIn server = new StandIn().answers("HTTP/1.1 204 ok\r\n\r\n");
        ToolRig rig = rig(CALL, List.of("Publish"), named(webhook()), outgoing(server))) {
      assertThat(rig.told(rig.step(new Phase.Asked())))
          .isEqualTo("Handed 2 files to webhook files.test (HTTP 204).");
      assertThat(server.requests).hasSize(1);
      String request = server.requests.getFirst();
      assertThat(request)
          .startsWith("POST /in?t=1 HTTP/1.1\r\n")
          .contains("Idempotency-Key: ", "name=\"file\"; filename=\"out/a.txt\"", "\r\none\n\r\n");
      String body = request.substring(request.indexOf("\r\n\r\n") + 4);
      String at = header(request, "Helm-Timestamp");
      assertThat(header(request, "Helm-Signature"))
          .isEqualTo(
              "v1="
                  + HexFormat.of()
                      .formatHex(
                          mac().doFinal((at + "." + body).getBytes(StandardCharsets.UTF_8))));
      assertThat(rig.store.types()).contains("egress.allowed");
    }
  }

  private static String header(String request, String name) {
    return request
        .lines()
        .filter(line -> line.startsWith(name + ": "))
        .findFirst()
        .orElseThrow()
        .substring(name.length() + 2);
  }

  @Test
  void aWebhookWhoseEndNobodySawIsUnknownAndItsKeyStays() throws IOException {
    try (StandIn server = new StandIn().answers((request, out) -> {});
        ToolRig rig = rig(CALL, List.of("Publish"), named(webhook()), outgoing(server))) {
      Reply reply = rig.step(new Phase.Asked());
      assertThat(rig.store.types()).contains("tool.unknown");
      server.answers("HTTP/1.1 200 ok\r\nContent-Length: 0\r\n\r\n");
      // What it is now is not what the key stands for.
      Files.writeString(workspace.resolve("b.txt"), "changed\n");
      rig.step(rig.answer(reply, Unknowns.AGAIN));
      assertThat(server.requests).hasSize(2);
      assertThat(server.requests.get(1)).contains("\r\ntwo\n\r\n").doesNotContain("changed");
      assertThat(header(server.requests.get(1), "Idempotency-Key"))
          .isEqualTo(header(server.requests.getFirst(), "Idempotency-Key"));
    }
  }

  @Test
  void aWebhookThatTheEgressRulesRefuseIsSentNothing() throws IOException {
    try (StandIn server = new StandIn();
        ToolRig rig =
            rig(
                CALL,
                List.of("Publish"),
                named(new Destination.Webhook(URI.create("https://inside.test/"), null)),
                new Outgoing(
                    host -> List.of(java.net.InetAddress.getLoopbackAddress()),
                    List.of(),
                    List.of()))) {
      assertThat(rig.told(rig.step(new Phase.Asked()))).startsWith("Not published: inside.test");
      assertThat(rig.store.types()).contains("egress.denied");
      assertThat(server.requests).isEmpty();
    }
  }
}
