package dev.helm.keyproxy;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.helm.keyproxy.RequestHead.Endpoint;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.regex.Pattern;

/**
 * Reads a request body once, without changing it: finds what bounds its cost and refuses what would
 * make the cost unbounded (content by reference, tools that the upstream runs, dearer tiers).
 * Members that it does not know pass; they cannot lower the bound, because their bytes count.
 */
final class RequestScan {
  private static final Pattern MODEL = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}");
  private static final Pattern CLIENT_TOOL =
      Pattern.compile("custom|(bash|text_editor|computer|memory)_[0-9]{8}");
  private static final int MAX_OUTPUT_TOKENS = 10_000_000;

  // Attack: names that do not repeat fill a parser's memory. Two bodies, or one large one, at once.
  private static final Semaphore AT_ONCE = new Semaphore(2, true);
  private static final int LARGE_BYTES = 4 << 20;

  /** Members that are no part of what the model reads. */
  private static final Set<String> OUTSIDE_PROMPT =
      Set.of(
          "max_tokens",
          "stream",
          "metadata",
          "temperature",
          "top_p",
          "top_k",
          "stop_sequences",
          "service_tier");

  private final JsonParser parser;
  private final PrefixHashes hashes;
  private final ContentScan content;
  private String model = "";
  private int maxTokens = -1;
  private boolean messages;

  private RequestScan(JsonParser parser, Body body, String betas) {
    this.parser = parser;
    this.hashes = new PrefixHashes(body, betas);
    this.content = new ContentScan(parser, body, hashes);
  }

  /** Scans the body of a call; {@code betas} are part of the prefix hashes. */
  static ModelRequest scan(Body body, Endpoint endpoint, String betas) throws Refusal {
    if (body.length() < 2 || !Utf8.isText(body)) {
      throw refused("the request body must be a JSON object in UTF-8 without a byte order mark");
    }
    int share = body.length() > LARGE_BYTES ? 2 : 1;
    AT_ONCE.acquireUninterruptibly(share);
    try (JsonParser parser = new BoundedParser(Json.STRICT.createParser(body.stream()))) {
      RequestScan scan = new RequestScan(parser, body, betas);
      scan.object();
      return scan.result(endpoint);
    } catch (JsonProcessingException e) {
      long at = e.getLocation() == null ? -1 : e.getLocation().getByteOffset();
      throw refused(
          "the request body is not strict JSON at byte "
              + at
              + ": a syntax error, a name that stands there twice, or more nesting, names or text in"
              + " one place than any request needs");
    } catch (IOException e) {
      throw refused("the request body cannot be read as JSON");
    } finally {
      AT_ONCE.release(share);
    }
  }

  private ModelRequest result(Endpoint endpoint) throws Refusal {
    if (model.isEmpty() || !messages) {
      throw refused("model and messages are required");
    }
    if (endpoint == Endpoint.MESSAGES && maxTokens < 0) {
      throw refused("max_tokens is required: a call without it has no bounded cost");
    }
    return new ModelRequest(model, Math.max(maxTokens, 0), content.images(), hashes.newest());
  }

  private void object() throws IOException, Refusal {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw refused("the request body must be a JSON object");
    }
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      JsonToken value = parser.nextToken();
      int from = Json.offset(parser);
      member(name, value);
      if (!name.equals("messages")
          && !name.equals("cache_control")
          && !OUTSIDE_PROMPT.contains(name)) {
        hashes.member(name, from, Json.end(parser, hashes.body()));
      }
    }
    if (parser.nextToken() != null) {
      throw refused("something follows the JSON object of the request body");
    }
  }

  private void member(String name, JsonToken value) throws IOException, Refusal {
    switch (name) {
      case "model" -> model = model(value);
      case "max_tokens" -> maxTokens = tokens(value);
      case "stream" -> {
        if (!value.isBoolean()) {
          throw refused("stream must be true or false");
        }
      }
      case "messages" -> {
        content.messages(value);
        messages = true;
      }
      case "system" -> content.textOrBlocks(value);
      case "tools" -> tools(value);
      case "context_management" -> contextManagement(value);
      case "service_tier" -> only(name, value, "auto", "standard_only");
      case "speed" -> only(name, value, "standard");
      case "inference_geo" -> only(name, value, "global");
      case "mcp_servers" -> {
        if (value != JsonToken.START_ARRAY || parser.nextToken() != JsonToken.END_ARRAY) {
          throw refused(
              "mcp_servers is refused: tools that the upstream runs have no bounded cost");
        }
      }
      case "container",
          "fallbacks",
          "fallback_model",
          "fallback_models",
          "fallback_credit_token" -> {
        if (value != JsonToken.VALUE_NULL) {
          throw refused(name + " is refused: its cost is not bounded by the request");
        }
      }
      default -> parser.skipChildren();
    }
  }

  private String model(JsonToken value) throws IOException, Refusal {
    if (value != JsonToken.VALUE_STRING || !MODEL.matcher(parser.getText()).matches()) {
      throw refused("model must be a plain model name");
    }
    return parser.getText();
  }

  private int tokens(JsonToken value) throws IOException, Refusal {
    // The text is compared, because a number such as -0 or 1e3 is not the same to every reader.
    boolean digits =
        value == JsonToken.VALUE_NUMBER_INT && parser.getText().matches("[1-9][0-9]{0,7}");
    if (!digits || parser.getIntValue() > MAX_OUTPUT_TOKENS) {
      throw refused("max_tokens must be a whole number from 1 to " + MAX_OUTPUT_TOKENS);
    }
    return parser.getIntValue();
  }

  private void only(String name, JsonToken value, String... allowed) throws IOException, Refusal {
    if (value == JsonToken.VALUE_NULL) {
      return;
    }
    String text = value == JsonToken.VALUE_STRING ? parser.getText() : "";
    for (String one : allowed) {
      if (one.equals(text)) {
        return;
      }
    }
    throw refused(name + " may be " + String.join(" or ", allowed) + " only: others cost more");
  }

  private void tools(JsonToken value) throws IOException, Refusal {
    if (value == JsonToken.VALUE_NULL) {
      return;
    }
    if (value != JsonToken.START_ARRAY) {
      throw refused("tools must be an array");
    }
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      content.inObject("a tool", this::toolMember);
    }
  }

  private void toolMember(String name, JsonToken value) throws IOException, Refusal {
    switch (name) {
      case "type" -> {
        boolean ours =
            value == JsonToken.VALUE_NULL
                || (value == JsonToken.VALUE_STRING
                    && CLIENT_TOOL.matcher(parser.getText()).matches());
        if (!ours) {
          throw refused("tools that the upstream runs are refused: they have no bounded cost");
        }
      }
      case "cache_control" -> content.mark(value);
      default -> parser.skipChildren();
    }
  }

  private void contextManagement(JsonToken value) throws IOException, Refusal {
    if (value != JsonToken.START_OBJECT) {
      parser.skipChildren();
      return;
    }
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      boolean edits = parser.currentName().equals("edits");
      if (parser.nextToken() != JsonToken.START_ARRAY || !edits) {
        parser.skipChildren();
        continue;
      }
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        content.inObject("a context edit", this::editMember);
      }
    }
  }

  private void editMember(String name, JsonToken value) throws IOException, Refusal {
    if (name.equals("type")
        && (value != JsonToken.VALUE_STRING || !parser.getText().startsWith("clear_"))) {
      throw refused("context edits other than clearing are refused: they cost a model call more");
    }
    parser.skipChildren();
  }

  static Refusal refused(String message) {
    return Refusal.of(400, message);
  }
}
