package dev.helm.activities.foreign.claude;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** Speaks the runtime's side of the control protocol, as it was recorded from version 2.1.330. */
final class ScriptedRuntime implements AutoCloseable {
  private final Socket helm;
  private final Socket mine;
  private final LineReader lines;
  private final OutputStream to;

  ScriptedRuntime() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      helm = new Socket(server.getInetAddress(), server.getLocalPort());
      mine = server.accept();
    }
    mine.setSoTimeout(30_000);
    lines = new LineReader(mine.getInputStream(), 1 << 20);
    to = mine.getOutputStream();
  }

  InputStream out() throws IOException {
    return helm.getInputStream();
  }

  OutputStream in() throws IOException {
    return helm.getOutputStream();
  }

  /** What Helm writes next. */
  JsonNode heard() throws IOException {
    return HelmJson.read(
        new String(Objects.requireNonNull(lines.next()), StandardCharsets.UTF_8), JsonNode.class);
  }

  /** The body of Helm's next answer, which has to be to this request. */
  JsonNode answer(String requestId) throws IOException {
    JsonNode response = heard().path("response");
    if (!response.path("request_id").asText().equals(requestId)
        || !response.path("subtype").asText().equals("success")) {
      throw new AssertionError("not the answer to " + requestId + ": " + response);
    }
    return response.path("response");
  }

  void raw(byte[] bytes) throws IOException {
    to.write(bytes);
    to.flush();
  }

  void says(String json) throws IOException {
    raw((json + "\n").getBytes(StandardCharsets.UTF_8));
  }

  void hook(String requestId, String event, String toolUseId, String tool, String input)
      throws IOException {
    says(hookLine(requestId, event, toolUseId, tool, input).toString());
  }

  static ObjectNode hookLine(
      String requestId, String event, String toolUseId, String tool, String input) {
    ObjectNode line = HelmJson.mapper().createObjectNode().put("type", "control_request");
    line.put("request_id", requestId);
    ObjectNode request = line.putObject("request").put("subtype", "hook_callback");
    request.put("callback_id", event).put("tool_use_id", toolUseId);
    ObjectNode body = request.putObject("input").put("hook_event_name", event);
    body.put("tool_name", tool).put("tool_use_id", toolUseId);
    body.set("tool_input", HelmJson.read(input, JsonNode.class));
    return line;
  }

  void canUse(String requestId, String toolUseId, String tool, String input) throws IOException {
    says(
        "{\"type\":\"control_request\",\"request_id\":\"%s\",\"request\":{\"subtype\":\"can_use_tool\",\"tool_use_id\":\"%s\",\"tool_name\":\"%s\",\"input\":%s}}"
            .formatted(requestId, toolUseId, tool, input));
  }

  void text(String text) throws IOException {
    says(
        "{\"type\":\"assistant\",\"parent_tool_use_id\":null,\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"%s\"}]}}"
            .formatted(text));
  }

  void toolResult(String toolUseId, String text, boolean error) throws IOException {
    says(
        "{\"type\":\"user\",\"parent_tool_use_id\":null,\"message\":{\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"%s\",\"content\":\"%s\",\"is_error\":%s}]}}"
            .formatted(toolUseId, text, error));
  }

  void hangUp() throws IOException {
    mine.close();
  }

  @Override
  public void close() throws IOException {
    mine.close();
    helm.close();
  }
}
