package dev.helm.activities.mail;

import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.MimeMessage;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import org.eclipse.angus.mail.smtp.SMTPAddressFailedException;
import org.eclipse.angus.mail.smtp.SMTPSendFailedException;
import org.jspecify.annotations.Nullable;

/**
 * The operator's mail relay: {@code smtp://host:port} or {@code smtps://user:password@host:port}.
 */
public final class Relay {
  private static final String TIMEOUT_MS = "20000";

  private final Session session;
  private final String from;
  private final @Nullable String user;
  private final @Nullable String password;

  /**
   * A relay by URL; {@code ?from=} names the sender.
   *
   * @throws IllegalArgumentException when it is no such URL; the message does not repeat it
   */
  public Relay(URI url) {
    String scheme = url.getScheme();
    boolean tls = "smtps".equals(scheme);
    if ((!tls && !"smtp".equals(scheme)) || url.getHost() == null) {
      throw new IllegalArgumentException(
          "HELM_SMTP_URL must be smtp://host:port or smtps://user:password@host:port");
    }
    Properties properties = new Properties();
    String protocol = tls ? "smtps" : "smtp";
    properties.put("mail.transport.protocol", protocol);
    properties.put("mail." + protocol + ".host", url.getHost());
    properties.put(
        "mail." + protocol + ".port",
        String.valueOf(url.getPort() > 0 ? url.getPort() : tls ? 465 : 25));
    properties.put("mail." + protocol + ".connectiontimeout", TIMEOUT_MS);
    properties.put("mail." + protocol + ".timeout", TIMEOUT_MS);
    properties.put("mail." + protocol + ".writetimeout", TIMEOUT_MS);
    properties.put("mail." + protocol + ".ssl.checkserveridentity", "true");
    if (!tls) {
      properties.put("mail.smtp.starttls.enable", "true");
    }
    String[] login =
        url.getRawUserInfo() == null ? new String[0] : url.getRawUserInfo().split(":", 2);
    user = login.length > 0 ? decode(login[0]) : null;
    password = login.length > 1 ? decode(login[1]) : null;
    properties.put("mail." + protocol + ".auth", String.valueOf(user != null));
    session = Session.getInstance(properties);
    String query = url.getRawQuery();
    from =
        query != null && query.startsWith("from=")
            ? decode(query.substring("from=".length()))
            : "helm@" + url.getHost();
  }

  /** Who the mails come from. */
  public String from() {
    return from;
  }

  /**
   * Hands a composed mail over.
   *
   * @throws Refused when the relay surely did not take it
   * @throws MessagingException when the relay was lost; then it may or may not have taken it
   */
  public void send(String eml) throws MessagingException {
    MimeMessage message =
        new MimeMessage(session, new ByteArrayInputStream(eml.getBytes(StandardCharsets.UTF_8)));
    try (Transport transport = session.getTransport()) {
      connect(transport);
      try {
        transport.sendMessage(message, message.getAllRecipients());
      } catch (MessagingException e) {
        throw refusedForGood(e) ? new Refused(e) : e;
      }
    }
  }

  private void connect(Transport transport) throws Refused {
    try {
      transport.connect(user, password);
    } catch (MessagingException e) {
      // Nothing of the mail has left.
      throw new Refused(e);
    }
  }

  /** Whether a 5xx answer to the mail, a recipient or the data says that it was not taken. */
  private static boolean refusedForGood(MessagingException e) {
    Exception cause = e;
    while (cause instanceof MessagingException next) {
      int code =
          switch (next) {
            case SMTPSendFailedException failed -> failed.getReturnCode();
            case SMTPAddressFailedException failed -> failed.getReturnCode();
            default -> 0;
          };
      if (code >= 500 && code < 600) {
        return true;
      }
      cause = next.getNextException();
    }
    return false;
  }

  /** The relay surely did not take the mail. */
  public static final class Refused extends MessagingException {
    private static final long serialVersionUID = 1;

    Refused(MessagingException cause) {
      super("the mail relay did not take the mail: " + cause.getMessage(), cause);
    }
  }

  private static String decode(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }
}
