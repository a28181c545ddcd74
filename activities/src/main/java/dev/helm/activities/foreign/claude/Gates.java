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
import org.jspecify.annotations.Nullable;

/**
 * The second lock's other side: the managed hook of the image asks here, over a socket of the run's
 * container, whether Helm has allowed this very call. Without a session at work nothing is allowed.
 */
public final class Gates {
  private static final int QUESTION_BYTES_MAX = 1 << 20;

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
    ClaudeSession session = sessions.get(run);
    String why =
        session == null
            ? "No session of this run is at work."
            : why(
                session,
                new LineReader(Channels.newInputStream(connection), QUESTION_BYTES_MAX).next());
    ObjectNode answer = HelmJson.mapper().createObjectNode();
    answer.put("allow", why.isEmpty()).put("reason", why);
    try (OutputStream to = Channels.newOutputStream(connection)) {
      to.write((answer + "\n").getBytes(StandardCharsets.UTF_8));
    }
  }

  private String why(ClaudeSession session, byte @Nullable [] question) throws IOException {
    if (question == null) {
      return "no question";
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
