package dev.helm.activities.mail;

import jakarta.activation.DataHandler;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.AddressException;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeBodyPart;
import jakarta.mail.internet.MimeMessage;
import jakarta.mail.internet.MimeMultipart;
import jakarta.mail.util.ByteArrayDataSource;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Properties;

/**
 * A mail that an agent wants to send.
 *
 * @param messageId unique part of its Message-ID: the effect's key, so that a mail that arrives
 *     twice can be told from two mails
 */
public record Mail(
    String messageId, List<String> to, String subject, String body, List<Attachment> attachments) {
  private static final int RECIPIENTS_MAX = 50;
  private static final int SUBJECT_CHARS_MAX = 500;

  /** A file that goes with it. */
  public record Attachment(String name, byte[] bytes) {
    /** File names come from the agent: a line break in one would become a header of its own. */
    public Attachment {
      String plain = name.replaceAll("[\\p{Cntrl}\\u2028\\u2029]", "_").strip();
      name = plain.isEmpty() ? "attachment" : plain;
    }
  }

  public Mail {
    to = List.copyOf(to);
    attachments = List.copyOf(attachments);
    if (to.isEmpty() || to.size() > RECIPIENTS_MAX) {
      throw new IllegalArgumentException("a mail goes to 1 to " + RECIPIENTS_MAX + " people");
    }
    if (subject.length() > SUBJECT_CHARS_MAX || subject.chars().anyMatch(c -> c < 0x20)) {
      throw new IllegalArgumentException(
          "a subject is one line of at most " + SUBJECT_CHARS_MAX + " characters");
    }
    to.forEach(Mail::address);
  }

  /** The message in MIME. */
  public MimeMessage message(Session session, String from) {
    try {
      MimeMessage message = new Identified(session, messageId);
      message.setFrom(address(from));
      List<InternetAddress> people = new ArrayList<>();
      to.forEach(person -> people.add(address(person)));
      message.setRecipients(MimeMessage.RecipientType.TO, people.toArray(InternetAddress[]::new));
      message.setSubject(subject, StandardCharsets.UTF_8.name());
      message.setSentDate(new Date());
      MimeMultipart parts = new MimeMultipart();
      MimeBodyPart text = new MimeBodyPart();
      text.setText(body, StandardCharsets.UTF_8.name());
      parts.addBodyPart(text);
      for (Attachment attachment : attachments) {
        MimeBodyPart part = new MimeBodyPart();
        part.setDataHandler(
            new DataHandler(
                new ByteArrayDataSource(attachment.bytes(), "application/octet-stream")));
        part.setFileName(attachment.name());
        // Plain text would have its line ends changed on the way.
        part.setHeader("Content-Transfer-Encoding", "base64");
        parts.addBodyPart(part);
      }
      message.setContent(parts);
      message.saveChanges();
      return message;
    } catch (MessagingException e) {
      throw new IllegalArgumentException("the mail cannot be composed: " + e.getMessage(), e);
    }
  }

  /** The message as the text of an {@code .eml} file. */
  public String eml(String from) {
    try {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      message(Session.getInstance(new Properties()), from).writeTo(out);
      return out.toString(StandardCharsets.UTF_8);
    } catch (IOException | MessagingException e) {
      throw new IllegalArgumentException("the mail cannot be composed: " + e.getMessage(), e);
    }
  }

  private static InternetAddress address(String text) {
    if (text.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException("a mail address holds no line break");
    }
    try {
      InternetAddress address = new InternetAddress(text, true);
      address.validate();
      return address;
    } catch (AddressException e) {
      throw new IllegalArgumentException("\"" + text + "\" is not a mail address", e);
    }
  }

  /** The mail library makes a Message-ID of its own at every save; ours has to be the effect's. */
  private static final class Identified extends MimeMessage {
    private final String id;

    Identified(Session session, String id) {
      super(session);
      this.id = id;
    }

    @Override
    protected void updateMessageID() throws MessagingException {
      setHeader("Message-ID", "<" + id + "@helm.invalid>");
    }
  }
}
