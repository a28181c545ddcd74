package dev.helm.activities.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.secret.Scrubber;
import dev.helm.activities.store.Blobs;
import dev.helm.activities.tools.Cut;
import dev.helm.activities.tools.ToolEnd;
import dev.helm.api.event.WellFormed;
import dev.helm.workflows.HelmJson;
import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.spec.McpSchema;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** What a server answers, as the model reads it; pictures and other bytes become blobs. */
final class Results {
  private static final int PARTS_MAX = 200;

  private final Blobs blobs;

  Results(Blobs blobs) {
    this.blobs = blobs;
  }

  ToolEnd end(McpSchema.CallToolResult result, Scrubber scrubber) {
    JsonNode answer = tree(result);
    List<String> parts = new ArrayList<>();
    JsonNode content = answer.path("content");
    for (int i = 0; i < Math.min(content.size(), PARTS_MAX); i++) {
      parts.add(part(content.get(i), scrubber));
    }
    if (content.size() > PARTS_MAX) {
      parts.add("(" + (content.size() - PARTS_MAX) + " more parts were not kept)");
    }
    JsonNode structured = answer.get("structuredContent");
    if (structured != null && !structured.isNull() && !repeats(parts, structured)) {
      parts.add(structured.toString());
    }
    String text = WellFormed.text(String.join("\n", parts)).strip();
    String told = Cut.middle(text.isEmpty() ? "(no output)" : text, Limits.RESULT_CHARS_MAX);
    return Boolean.TRUE.equals(result.isError())
        ? ToolEnd.failed("failed · the server says so", told)
        : ToolEnd.ok("ok · " + size(text.length()), told);
  }

  private static JsonNode tree(McpSchema.CallToolResult result) {
    try {
      return HelmJson.read(McpJsonDefaults.getMapper().writeValueAsString(result), JsonNode.class);
    } catch (IOException | RuntimeException e) {
      throw new Fault(Fault.Kind.REFUSED, "its answer cannot be read", e);
    }
  }

  /** Servers are asked to say structured content as text too. */
  private static boolean repeats(List<String> parts, JsonNode structured) {
    for (String part : parts) {
      try {
        if (part.stripLeading().startsWith(structured.isObject() ? "{" : "[")
            && HelmJson.read(part, JsonNode.class).equals(structured)) {
          return true;
        }
      } catch (RuntimeException e) {
        // It is no JSON, so it is not the same.
      }
    }
    return false;
  }

  private String part(JsonNode part, Scrubber scrubber) {
    return switch (part.path("type").asText()) {
      case "text" -> part.path("text").asText();
      case "image", "audio" ->
          bytes(
              part.path("type").asText(),
              part.path("mimeType").asText(),
              part.path("data").asText(),
              scrubber);
      case "resource" -> resource(part.path("resource"), scrubber);
      case "resource_link" ->
          "[link to "
              + Plain.line(part.path("uri").asText(), 1_000)
              + (part.hasNonNull("description")
                  ? ": " + Plain.line(part.path("description").asText(), 500)
                  : "")
              + "]";
      default -> "[something that is neither text nor bytes]";
    };
  }

  private String resource(JsonNode resource, Scrubber scrubber) {
    String uri = Plain.line(resource.path("uri").asText(), 1_000);
    return resource.hasNonNull("text")
        ? "[resource " + uri + "]\n" + resource.path("text").asText()
        : bytes(
            "resource " + uri,
            resource.path("mimeType").asText(),
            resource.path("blob").asText(),
            scrubber);
  }

  private String bytes(String what, String mediaType, String base64, Scrubber scrubber) {
    String type =
        mediaType.matches("[a-z]{1,20}/[A-Za-z0-9.+-]{1,80}")
            ? mediaType
            : "application/octet-stream";
    try {
      byte[] bytes = scrubber.masked(Base64.getMimeDecoder().decode(base64));
      return "["
          + what
          + ", "
          + type
          + ", "
          + size(bytes.length)
          + ", kept as "
          + blobs.put(bytes, type)
          + "]";
    } catch (IllegalArgumentException e) {
      return "[" + what + ", " + type + ": its bytes are not readable]";
    }
  }

  private static String size(long bytes) {
    return bytes < 1024 ? bytes + " bytes" : bytes / 1024 + " KB";
  }
}
