package dev.helm.activities.tools;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.mail.Mail;
import dev.helm.activities.mail.Relay;
import dev.helm.activities.run.Heart;
import dev.helm.activities.sandbox.Sandbox;
import dev.helm.activities.store.Blobs;
import dev.helm.activities.workspace.WorkspaceException;
import dev.helm.activities.workspace.WorkspacePath;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.decide.ToolCall;
import jakarta.mail.MessagingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends a mail through the operator's relay, or writes it to the run's outbox when there is none.
 * SMTP knows no idempotency: a mail whose end was not seen is unknown, never sent again by itself.
 */
final class SendEmail implements Effect {
  private static final Logger log = LoggerFactory.getLogger(SendEmail.class);
  private static final String OUTBOX_FROM = "agent@helm.invalid";
  private static final long ATTACHMENT_BYTES_MAX = 8L << 20;

  private final Blobs blobs;
  private final Sandbox sandbox;
  private final @Nullable Relay relay;
  private final CommandEffect outbox;

  SendEmail(Blobs blobs, Sandbox sandbox, @Nullable Relay relay, CommandEffect outbox) {
    this.blobs = blobs;
    this.sandbox = sandbox;
    this.relay = relay;
    this.outbox = outbox;
  }

  @Override
  public String prepare(CallContext context) {
    // Composed once, before the intent is recorded: a retry hands over the very same bytes.
    ObjectNode prepared = (ObjectNode) HelmJson.read(outbox.prepare(context), JsonNode.class);
    try {
      String eml = compose(context).eml(relay == null ? OUTBOX_FROM : relay.from());
      prepared.put("eml", blobs.put(eml.getBytes(StandardCharsets.UTF_8), "message/rfc822"));
    } catch (IllegalArgumentException e) {
      prepared.put("error", String.valueOf(e.getMessage()));
    }
    return prepared.toString();
  }

  @Override
  public Result run(CallContext context, int attempt, String prepared, Heart heart) {
    JsonNode node = HelmJson.read(prepared, JsonNode.class);
    if (node.has("error")) {
      return new Result.Ended(
          ToolEnd.failed("failed · not sent", "Not sent: " + node.path("error").asText()), null);
    }
    String eml = eml(node);
    if (relay == null) {
      return wrapped(outbox.run(outboxCall(context, eml), attempt, prepared, heart));
    }
    try {
      relay.send(eml);
      return new Result.Ended(
          ToolEnd.ok("sent", "Sent to " + String.join(", ", people(context.call())) + "."), null);
    } catch (Relay.Refused e) {
      return new Result.Ended(
          ToolEnd.failed("failed · the relay refused it", "Not sent: " + e.getMessage()), null);
    } catch (MessagingException e) {
      log.warn("the relay did not take a mail of run {}: {}", context.run(), e.toString());
      return new Result.Unknown(
          "the mail relay was lost before it confirmed the mail: " + e.getMessage());
    }
  }

  @Override
  public Result attach(CallContext context, int attempt, String prepared, Heart heart) {
    JsonNode node = HelmJson.read(prepared, JsonNode.class);
    if (node.has("error")) {
      return run(context, attempt, prepared, heart);
    }
    if (relay != null) {
      return new Result.Unknown("the service was restarted while the mail was being sent");
    }
    // The outbox is a file: its writing is a command that can be found again.
    return wrapped(outbox.attach(outboxCall(context, eml(node)), attempt, prepared, heart));
  }

  private String eml(JsonNode prepared) {
    byte[] eml = blobs.get(prepared.path("eml").asText());
    if (eml == null) {
      throw new IllegalStateException("the composed mail is no longer stored");
    }
    return new String(eml, StandardCharsets.UTF_8);
  }

  @Override
  public void interrupt(CallContext context, int attempt) {
    // A mail that is on its way cannot be called back.
  }

  @Override
  public boolean repeatable() {
    return false;
  }

  private static Result wrapped(Result result) {
    return result instanceof Result.Ended ended && ended.end().outcome().equals("ok")
        ? new Result.Ended(
            new ToolEnd(
                "ok",
                "written to the outbox",
                "There is no mail relay: the mail was written to "
                    + String.join(", ", ended.end().changed())
                    + " in the workspace instead of being sent.",
                false,
                null,
                ended.end().bytes(),
                0,
                ended.end().changed(),
                List.of()),
            ended.acknowledge())
        : result;
  }

  private static CallContext outboxCall(CallContext context, String eml) {
    ObjectNode arguments = HelmJson.mapper().createObjectNode();
    arguments.put(
        "file_path", "outbox/" + context.toolUseId().replaceAll("[^A-Za-z0-9_-]", "_") + ".eml");
    arguments.put("content", eml);
    ToolCall write = ToolCall.of(context.toolUseId(), "Write", arguments.toString());
    return new CallContext(
        context.request(),
        context.info(),
        write,
        context.argumentsHash(),
        true,
        context.askedHash(),
        context.edited(),
        context.hooks());
  }

  private Mail compose(CallContext context) {
    ToolCall call = context.call();
    List<Mail.Attachment> attachments = new ArrayList<>();
    if (call.arguments().get("attachments") instanceof List<?> paths) {
      for (Object path : paths) {
        attachments.add(attachment(context, String.valueOf(path)));
      }
    }
    return new Mail(
        context.effectKey(1),
        people(call),
        orEmpty(call.text("subject")),
        orEmpty(call.text("body")),
        attachments);
  }

  private static List<String> people(ToolCall call) {
    Object to = call.arguments().get("to");
    return to instanceof List<?> list
        ? list.stream().map(String::valueOf).toList()
        : List.of(String.valueOf(to));
  }

  private Mail.Attachment attachment(CallContext context, String text) {
    try {
      WorkspacePath path = WorkspacePath.of(text);
      byte[] bytes = sandbox.files(context.run()).read(path, ATTACHMENT_BYTES_MAX);
      return new Mail.Attachment(path.name(), bytes);
    } catch (WorkspaceException e) {
      throw new IllegalArgumentException("an attachment cannot be read: " + e.getMessage(), e);
    }
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }
}
