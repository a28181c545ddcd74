package dev.helm.activities.practice;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Writes server-sent events, each flushed, and plays a stream's fault at its place. */
final class EventSink {
  /** The scenario wants the stream to end here without its end. */
  static final class Cut extends IOException {
    private static final long serialVersionUID = 1L;

    Cut() {
      super("cut by the scenario");
    }
  }

  private final HttpReply reply;
  private final boolean paced;
  private final Scenario.@Nullable Fault fault;
  private int sent;

  /**
   * @param paced false sends as fast as the client reads
   */
  EventSink(HttpReply reply, boolean paced, Scenario.@Nullable Fault fault) {
    this.reply = reply;
    this.paced = paced;
    this.fault = fault;
  }

  void event(String name, JsonNode data, int paceMs) throws IOException, InterruptedException {
    if (paced && paceMs > 0) {
      Thread.sleep(paceMs);
    }
    if (fault != null) {
      play(fault);
    }
    write("event: " + name + "\ndata: " + data + "\n\n");
    sent++;
  }

  private void play(Scenario.Fault fault) throws IOException, InterruptedException {
    if (fault.stallMs() > 0 && sent == fault.stallAfterEvents()) {
      Thread.sleep(fault.stallMs());
    }
    if (sent == fault.garbageAfterEvents()) {
      write(
          "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"ind\u0000ex\n\n");
      write("\ufffd\ufffd<html>502 Bad Gateway</html>\n\n");
    }
    if (sent == fault.errorAfterEvents()) {
      ObjectNode error = JsonNodeFactory.instance.objectNode().put("type", "error");
      error
          .putObject("error")
          .put("type", ApiFailure.typeOf(fault.errorStatus()))
          .put("message", ApiFailure.scripted(fault.errorStatus(), 0).getMessage());
      write("event: error\ndata: " + error + "\n\n");
      reply.endStream();
      throw new Cut();
    }
    if (sent == fault.cutAfterEvents()) {
      throw new Cut();
    }
  }

  private void write(String text) throws IOException {
    reply.piece(text.getBytes(StandardCharsets.UTF_8));
  }
}
