package dev.helm.activities.practice;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * The input side of a call's bill, in tokens; the five figures do not overlap.
 *
 * @param input neither read from nor written to the prompt cache
 * @param write5m written for five minutes
 * @param write1h written for an hour
 * @param read read from the cache
 */
record Usage(long input, long write5m, long write1h, long read) {
  long total() {
    return input + write5m + write1h + read;
  }

  /** The usage member of message_start. */
  ObjectNode atStart(long outputTokens) {
    ObjectNode usage = cumulative(outputTokens);
    ObjectNode writes = usage.putObject("cache_creation");
    writes.put("ephemeral_5m_input_tokens", write5m);
    writes.put("ephemeral_1h_input_tokens", write1h);
    usage.put("service_tier", "standard");
    return usage;
  }

  /** The usage member of message_delta, where every figure counts from the call's beginning. */
  ObjectNode cumulative(long outputTokens) {
    ObjectNode usage = JsonNodeFactory.instance.objectNode();
    usage.put("input_tokens", input);
    usage.put("cache_creation_input_tokens", write5m + write1h);
    usage.put("cache_read_input_tokens", read);
    usage.put("output_tokens", outputTokens);
    return usage;
  }
}
