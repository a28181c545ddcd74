package dev.helm.activities.tools;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.icegreen.greenmail.util.GreenMail;
import com.icegreen.greenmail.util.ServerSetup;
import dev.helm.activities.mail.Relay;
import dev.helm.activities.run.Plans;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class SendEmailTest {
  private static final String MAIL =
      "{\"to\":\"ada@example.com\",\"subject\":\"Brief\",\"body\":\"Hello\"}";

  private final GreenMail server = new GreenMail(new ServerSetup(0, "127.0.0.1", "smtp"));

  @BeforeEach
  void start() {
    server.start();
  }

  @TempDir private Path workspace;

  /** An agent that could attach what lies outside would mail it out. */
  @Test
  void nothingOutsideTheWorkspaceIsAttached() throws Exception {
    Path secret = Files.writeString(workspace.resolveSibling("secret-" + System.nanoTime()), "key");
    Files.createSymbolicLink(workspace.resolve("link"), secret);
    for (String path : List.of("link", "../" + secret.getFileName(), secret.toString())) {
      String arguments = MAIL.replace("}", ",\"attachments\":[\"" + path + "\"]}");
      try (ToolRig rig = new ToolRig(Plans.open(), "SendEmail", arguments, relay())) {
        rig.sandbox.workspace = workspace;
        assertThat(rig.told(rig.step(new Phase.Asked()))).contains("Not sent");
      }
    }
    assertThat(server.getReceivedMessages()).isEmpty();
    Files.delete(secret);
  }

  @AfterEach
  void stop() {
    server.stop();
  }

  private Relay relay() {
    return new Relay(URI.create("smtp://127.0.0.1:" + server.getSmtp().getPort()));
  }

  @Test
  void aMailIsSentOnceWithItsAttachment() throws Exception {
    String arguments = MAIL.replace("}", ",\"attachments\":[\"out/table.csv\"]}");
    try (ToolRig rig = new ToolRig(Plans.open(), "SendEmail", arguments, relay())) {
      Files.createDirectories(workspace.resolve("out"));
      Files.writeString(workspace.resolve("out/table.csv"), "a,b\n1,2\n");
      rig.sandbox.workspace = workspace;
      Reply reply = rig.step(new Phase.Asked());
      assertThat(rig.told(reply)).contains("ada@example.com");
      assertThat(rig.step(new Phase.Asked())).isEqualTo(reply);
      assertThat(server.getReceivedMessages()).hasSize(1);
      var parts = (jakarta.mail.Multipart) server.getReceivedMessages()[0].getContent();
      assertThat(parts.getBodyPart(1).getFileName()).isEqualTo("table.csv");
      assertThat(new String(parts.getBodyPart(1).getInputStream().readAllBytes()))
          .isEqualTo("a,b\n1,2\n");
    }
  }

  @Test
  void howeverItDiesThereIsOneMailAtMost() throws Exception {
    int unknown = 0;
    for (int n = 1; ; n++) {
      server.purgeEmailFromAllMailboxes();
      try (ToolRig rig = new ToolRig(Plans.open(), "SendEmail", MAIL, relay())) {
        rig.store.crashes.at(n);
        Reply reply = rig.stepUntilDone(new Phase.Asked());
        if (rig.store.crashes.pending()) {
          break;
        }
        int mails = server.getReceivedMessages().length;
        assertThat(mails).as("death %d", n).isLessThanOrEqualTo(1);
        switch (reply) {
          case Reply.Done done -> assertThat(mails).as("death %d", n).isEqualTo(1);
          case Reply.Waits waits -> {
            unknown++;
            assertThat(waits.reason()).isEqualTo("unknown");
          }
          case Reply.Spawns spawns -> throw new AssertionError(spawns);
          case Reply.Noted stop -> throw new AssertionError(stop);
          case Reply.Stop stop -> throw new AssertionError(stop);
        }
      }
    }
    assertThat(unknown).isPositive();
  }

  @Test
  void aLostRelayIsUnknownAndAgainSendsUnderTheSameId() throws Exception {
    try (ShortRelay lost = new ShortRelay("\r\n.\r\n", "");
        ToolRig rig = new ToolRig(Plans.open(), "SendEmail", MAIL, lost.relay())) {
      Reply.Waits unknown = (Reply.Waits) rig.step(new Phase.Asked());
      assertThat(unknown.reason()).isEqualTo("unknown");
      lost.close();
      GreenMail again = new GreenMail(new ServerSetup(lost.port(), "127.0.0.1", "smtp"));
      again.start();
      try {
        assertThat(rig.told(rig.step(rig.answer(unknown, "again")))).startsWith("Sent to");
        assertThat(again.getReceivedMessages()).hasSize(1);
        assertThat(again.getReceivedMessages()[0].getMessageID()).endsWith(".1@helm.invalid>");
      } finally {
        again.stop();
      }
    }
  }

  @Test
  void aRelayThatIsNotThereHasTakenNothing() {
    Relay relay = relay();
    server.stop();
    try (ToolRig rig = new ToolRig(Plans.open(), "SendEmail", MAIL, relay)) {
      assertThat(rig.told(rig.step(new Phase.Asked()))).startsWith("Not sent");
      assertThat(rig.store.types()).endsWith("tool.started", "tool.finished");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"MAIL", "RCPT", "DATA", "\r\n.\r\n"})
  void aRelayThatRefusesForGoodHasTakenNothing(String at) throws Exception {
    try (ShortRelay refuses = new ShortRelay(at, "554 no");
        ToolRig rig = new ToolRig(Plans.open(), "SendEmail", MAIL, refuses.relay())) {
      assertThat(rig.told(rig.step(new Phase.Asked()))).startsWith("Not sent");
      assertThat(rig.store.types()).endsWith("tool.started", "tool.finished");
    }
  }

  @Test
  void withoutARelayTheOutboxGetsItOnceHoweverItDies() {
    for (int n = 1; ; n++) {
      try (ToolRig rig = new ToolRig(Plans.open(), "SendEmail", MAIL)) {
        rig.sandbox.prints(
            "{\"ok\":true,\"summary\":\"ok\",\"content\":\"\",\"changed\":[\"outbox/t1.eml\"]}"
                .getBytes(StandardCharsets.UTF_8),
            1000);
        rig.store.crashes.at(n);
        Reply reply = rig.stepUntilDone(new Phase.Asked());
        if (rig.store.crashes.pending()) {
          assertThat(n).isGreaterThan(8);
          break;
        }
        assertThat(rig.told(reply)).contains("outbox/t1.eml", "no mail relay");
        assertThat(rig.sandbox.begun).as("death %d", n).hasSize(1);
        assertThat(rig.store.all(RunEvent.FileChanged.class)).hasSize(1);
        JsonNode write =
            HelmJson.read(
                new String(
                    java.util.Objects.requireNonNull(rig.sandbox.commands.getFirst().stdin()),
                    StandardCharsets.UTF_8),
                JsonNode.class);
        assertThat(write.path("file_path").asText()).isEqualTo("outbox/t1.eml");
        assertThat(write.path("content").asText()).contains("Subject: Brief", "Hello");
      }
    }
  }

  @Test
  void aMailThatCannotBeComposedIsAnErrorAndNothingIsSent() {
    for (String to : List.of("\"nobody\"", "[]", "\"a@b\\r\\nBcc: eve@x.test\"")) {
      try (ToolRig rig =
          new ToolRig(
              Plans.open(),
              "SendEmail",
              "{\"to\":" + to + ",\"subject\":\"s\",\"body\":\"b\"}",
              relay())) {
        assertThat(rig.told(rig.step(new Phase.Asked()))).startsWith("Not sent");
        assertThat(server.getReceivedMessages()).isEmpty();
      }
    }
  }
}
