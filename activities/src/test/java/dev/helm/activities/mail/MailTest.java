package dev.helm.activities.mail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.icegreen.greenmail.util.GreenMail;
import com.icegreen.greenmail.util.ServerSetup;
import jakarta.mail.BodyPart;
import jakarta.mail.Multipart;
import jakarta.mail.internet.MimeMessage;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MailTest {
  private final GreenMail server = new GreenMail(new ServerSetup(0, "127.0.0.1", "smtp"));

  @BeforeEach
  void start() {
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop();
  }

  private Relay relay() {
    return new Relay(
        URI.create("smtp://127.0.0.1:" + server.getSmtp().getPort() + "?from=helm%40example.com"));
  }

  @Test
  void aMailArrivesWholeUnderItsEffectsId() throws Exception {
    byte[] table = {0, 1, (byte) 0xff, '\r', '\n', '.', '\r', '\n'};
    String eml =
        new Mail(
                "key.1",
                List.of("ada@example.com", "bo@example.com"),
                "Q1 Überblick 😀",
                "Line\n.\nEnd €",
                List.of(new Mail.Attachment("täble.csv", table)))
            .eml(relay().from());
    relay().send(eml);
    relay().send(eml);
    assertThat(server.getReceivedMessages()).hasSize(4);
    MimeMessage mail = server.getReceivedMessages()[0];
    assertThat(mail.getMessageID()).isEqualTo("<key.1@helm.invalid>");
    assertThat(server.getReceivedMessages()[3].getMessageID()).isEqualTo(mail.getMessageID());
    assertThat(mail.getSubject()).isEqualTo("Q1 Überblick 😀");
    assertThat(mail.getFrom()[0]).hasToString("helm@example.com");
    Multipart parts = (Multipart) mail.getContent();
    assertThat(parts.getBodyPart(0).getContent().toString().replace("\r\n", "\n").strip())
        .isEqualTo("Line\n.\nEnd €");
    BodyPart attachment = parts.getBodyPart(1);
    assertThat(attachment.getInputStream().readAllBytes()).isEqualTo(table);
    assertThat(jakarta.mail.internet.MimeUtility.decodeText(attachment.getFileName()))
        .isEqualTo("täble.csv");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "nobody",
        "a@b\r\nBcc: eve@example.com",
        "a@b, c@d",
        "@x",
        "a@",
        "<a@b>\nX: y",
        "a b@c"
      })
  void whatIsNoSingleAddressIsRefused(String person) {
    assertThatThrownBy(() -> new Mail("k", List.of(person), "s", "b", List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"two\nlines", "a\r\nBcc: eve@example.com", "tab\there", "\0"})
  void aSubjectIsOneLine(String subject) {
    assertThatThrownBy(() -> new Mail("k", List.of("a@example.com"), subject, "b", List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void peopleAreFewAndAtLeastOne() {
    assertThatThrownBy(() -> new Mail("k", List.of(), "s", "b", List.of()))
        .isInstanceOf(IllegalArgumentException.class);
    List<String> crowd = Collections.nCopies(51, "a@example.com");
    assertThatThrownBy(() -> new Mail("k", crowd, "s", "b", List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://x", "smtp:x", "smtps:///", "ftp://user:s3cret@host"})
  void otherUrlsAreRefusedWithoutRepeatingThem(String url) {
    assertThatThrownBy(() -> new Relay(URI.create(url)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageNotContaining("s3cret");
  }

  @Test
  void aNameThatWouldAddAHeaderDoesNot() {
    String eml =
        new Mail(
                "k",
                List.of("a@example.com"),
                "s",
                "b",
                List.of(
                    new Mail.Attachment(
                        "a\r\nX-Evil: 1\r\n.txt", "x".getBytes(StandardCharsets.UTF_8))))
            .eml("helm@example.com");
    assertThat(eml.lines().filter(line -> line.startsWith("X-Evil"))).isEmpty();
  }
}
