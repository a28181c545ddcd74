package dev.helm.service.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.workflows.HelmJson;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The ledger's operations as the socket's JSON tells them. */
final class LedgerRequests {
  private final Ledger ledger;

  LedgerRequests(Ledger ledger) {
    this.ledger = ledger;
  }

  Ledger ledger() {
    return ledger;
  }

  /**
   * Does what is asked.
   *
   * @throws IllegalArgumentException when the request is not one of the protocol
   */
  CompletableFuture<ObjectNode> handle(String boot, JsonNode request) {
    String id = text(request, "id");
    return switch (text(request, "op")) {
      case "reserve" ->
          ledger.reserve(boot, reserve(id, request)).thenApply(LedgerRequests::answer);
      case "settle" ->
          ledger
              .settle(id, usage(request.path("usage")), optional(request, "messageId"))
              .thenApply(done -> ok());
      case "charge" -> ledger.charge(id, text(request, "reason")).thenApply(done -> ok());
      case "void" -> ledger.release(boot, id).thenApply(done -> ok());
      default -> throw new IllegalArgumentException("op is reserve, settle, charge or void");
    };
  }

  private static Reserve reserve(String id, JsonNode request) {
    List<Reserve.Prefix> prefixes = new ArrayList<>();
    for (JsonNode prefix : request.path("prefixes")) {
      prefixes.add(new Reserve.Prefix(text(prefix, "sha256"), number(prefix, "bytes")));
    }
    return new Reserve(
        id,
        text(request, "token"),
        optional(request, "call"),
        text(request, "model"),
        number(request, "maxTokens"),
        number(request, "bodyBytes"),
        request.path("images").size(),
        prefixes);
  }

  private static TokenUsage usage(JsonNode usage) {
    return new TokenUsage(
        number(usage, "inputTokens"),
        number(usage, "outputTokens"),
        usage.path("cacheReadTokens").asLong(0),
        usage.path("cacheWriteTokens").asLong(0),
        usage.path("cacheWrite1hTokens").asLong(0));
  }

  private static ObjectNode answer(Reserve.Answer answer) {
    return switch (answer) {
      case Reserve.Answer.Granted granted -> ok().put("run", granted.run());
      case Reserve.Answer.Refused refused -> {
        ObjectNode out =
            HelmJson.mapper()
                .createObjectNode()
                .put("ok", false)
                .put("status", refused.status())
                .put("code", refused.code())
                .put("message", refused.message());
        if (refused.affordableTokens() != null) {
          out.put("affordableTokens", refused.affordableTokens());
        }
        yield refused.shortage() == null ? out : out.put("budget", refused.shortage().text());
      }
    };
  }

  private static ObjectNode ok() {
    return HelmJson.mapper().createObjectNode().put("ok", true);
  }

  private static String text(JsonNode node, String name) {
    JsonNode member = node.path(name);
    if (!member.isTextual()) {
      throw new IllegalArgumentException("expected the text member \"" + name + "\"");
    }
    return member.asText();
  }

  private static @Nullable String optional(JsonNode node, String name) {
    JsonNode member = node.path(name);
    if (member.isMissingNode() || member.isNull()) {
      return null;
    }
    return text(node, name);
  }

  private static long number(JsonNode node, String name) {
    JsonNode member = node.path(name);
    if (!member.isIntegralNumber() || !member.canConvertToLong()) {
      throw new IllegalArgumentException("expected the integer member \"" + name + "\"");
    }
    return member.asLong();
  }
}
