package dev.helm.activities.foreign.claude;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.sandbox.AgentDoor;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The second lock's other side: the managed hook of the image asks here, over a socket of the run's
 * container, whether Helm has allowed this very call. Without a session at work nothing is allowed.
 */
public final class Gates {
  private static final int QUESTION_BYTES_MAX = ControlLine.LINE_BYTES_MAX;

  private final Map<String, ClaudeSession> sessions = new ConcurrentHashMap<>();

  /** The socket in the container. */
  public AgentDoor door() {
    return new AgentDoor("gate", this::accepted);
  }

  void opened(String run, ClaudeSession session) {
    sessions.put(run, session);
  }

  void closed(String run, ClaudeSession session) {
    sessions.remove(run, session);
  }

  private void accepted(String run, SocketChannel connection) throws IOException {
    byte[] question =
        new LineReader(Channels.newInputStream(connection), QUESTION_BYTES_MAX).next();
    String why = question == null ? "no question" : why(run, question);
    ObjectNode answer = HelmJson.mapper().createObjectNode();
    answer.put("allow", why.isEmpty()).put("reason", why);
    try (OutputStream to = Channels.newOutputStream(connection)) {
      to.write((answer + "\n").getBytes(StandardCharsets.UTF_8));
    }
  }

  private String why(String run, byte[] question) throws IOException {
    ClaudeSession session = sessions.get(run);
    if (session == null) {
      return "No session of this run is at work.";
    }
    try {
      JsonNode asked = HelmJson.mapper().readTree(question);
      return session.verdict(
          asked.path("tool_use_id").asText(),
          asked.path("tool_name").asText(),
          asked.path("tool_input"));
    } catch (JsonProcessingException e) {
      return "This is no question.";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "Helm is stopping.";
    }
  }
}
