package dev.helm.workflows;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.deser.std.UntypedObjectDeserializer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import dev.helm.api.event.RunEvent;
import dev.helm.api.event.SourceNumber;
import io.temporal.common.converter.DataConverter;
import io.temporal.common.converter.DefaultDataConverter;
import io.temporal.common.converter.JacksonJsonPayloadConverter;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The one place that makes JSON mappers, for Temporal's payloads, the store, REST and the stream.
 *
 * <p>Unknown members are kept out of the way instead of refused, since an older reader must survive
 * a newer writer; duplicate member names are refused; fractions keep their source text; nesting and
 * sizes are bounded because most of what is read here is foreign.
 */
public final class HelmJson {
  /** Longest JSON string that is read, in characters. */
  public static final int STRING_CHARS_MAX = 20_000_000;

  private static final TypeReference<Map<String, Object>> TREE = new TypeReference<>() {};
  private static final JsonMapper MAPPER = create();
  private static final ObjectReader SOURCE = source().readerFor(TREE);

  private HelmJson() {}

  /** The shared mapper; mappers are thread-safe once configured. */
  public static JsonMapper mapper() {
    return MAPPER;
  }

  /** A mapper of one's own to configure further. */
  public static JsonMapper create() {
    JsonMapper.Builder builder =
        JsonMapper.builder(
            com.fasterxml.jackson.core.JsonFactory.builder()
                .streamReadConstraints(
                    StreamReadConstraints.builder()
                        .maxStringLength(STRING_CHARS_MAX)
                        .maxNestingDepth(200)
                        .build())
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .build());
    return builder
        .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
        .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
        .addModule(events())
        .build();
  }

  /** How everything travels through Temporal. Client, worker and replay must all use this one. */
  public static DataConverter dataConverter() {
    return DefaultDataConverter.newDefaultInstance()
        .withPayloadConverterOverrides(new JacksonJsonPayloadConverter(MAPPER));
  }

  /** The members of an event's {@code data} as a plain tree. */
  public static Map<String, Object> dataOf(RunEvent event) {
    return event instanceof RunEvent.Unknown unknown
        ? unknown.data()
        : MAPPER.convertValue(event, TREE);
  }

  /** The typed event of a log entry; a type that this version does not know is kept as it is. */
  public static RunEvent event(String type, Map<String, Object> data) {
    Class<? extends RunEvent> known = RunEvent.TYPES.get(type);
    return known == null ? new RunEvent.Unknown(type, data) : MAPPER.convertValue(data, known);
  }

  /** Writes JSON; what Helm writes is always writable, so failure is a programming error. */
  public static String write(Object value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write " + value.getClass().getName(), e);
    }
  }

  /**
   * Reads JSON that Helm itself wrote.
   *
   * @throws IllegalStateException when it is not what was written
   */
  public static <T> T read(String json, Class<T> type) {
    try {
      return MAPPER.readValue(json, type);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("stored JSON is not a " + type.getSimpleName(), e);
    }
  }

  /**
   * Reads a JSON object from foreign text. Fractions are {@link SourceNumber}s.
   *
   * @throws IllegalArgumentException when it is no single JSON object; the message names the place
   */
  public static Map<String, Object> readObject(String json) {
    try {
      Map<String, Object> tree = SOURCE.readValue(json);
      if (tree == null) {
        throw new IllegalArgumentException("expected a JSON object, found null");
      }
      return tree;
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "not a JSON object: " + e.getOriginalMessage() + " at " + where(e), e);
    }
  }

  private static JsonMapper source() {
    SimpleModule module = new SimpleModule("helm-source-numbers");
    module.addDeserializer(Object.class, new SourceReader());
    return create().rebuild().addModule(module).build();
  }

  private static String where(JsonProcessingException e) {
    var location = e.getLocation();
    return location == null
        ? "an unknown place"
        : "line " + location.getLineNr() + ", column " + location.getColumnNr();
  }

  private static SimpleModule events() {
    SimpleModule module = new SimpleModule("helm-events");
    module.addSerializer(new FactWriter());
    module.addDeserializer(Fact.class, new FactReader());
    return module;
  }

  /** Reads as Jackson does, but for the text of fractions. */
  private static final class SourceReader extends UntypedObjectDeserializer {
    private static final long serialVersionUID = 1;

    SourceReader() {
      super((@Nullable JavaType) null, (@Nullable JavaType) null);
    }

    @Override
    public @Nullable Object deserialize(JsonParser parser, DeserializationContext context)
        throws IOException {
      return parser.hasToken(JsonToken.VALUE_NUMBER_FLOAT)
          ? new SourceNumber(parser.getText())
          : super.deserialize(parser, context);
    }
  }

  /** A sealed subtype has no type of its own in JSON, so a fact carries its event's type name. */
  private static final class FactWriter extends StdSerializer<Fact> {
    private static final long serialVersionUID = 1;

    FactWriter() {
      super(Fact.class);
    }

    @Override
    public void serialize(Fact fact, JsonGenerator out, SerializerProvider provider)
        throws IOException {
      Map<String, Object> tree = new LinkedHashMap<>();
      tree.put("key", fact.key());
      tree.put("agent", fact.agent());
      tree.put("type", fact.event().type());
      tree.put("data", dataOf(fact.event()));
      provider.defaultSerializeValue(tree, out);
    }
  }

  private static final class FactReader extends StdDeserializer<Fact> {
    private static final long serialVersionUID = 1;

    FactReader() {
      super(Fact.class);
    }

    @Override
    public Fact deserialize(JsonParser parser, DeserializationContext context) throws IOException {
      Map<String, Object> tree = context.readValue(parser, context.constructType(TREE.getType()));
      if (tree.get("key") instanceof String key
          && tree.get("agent") instanceof String agent
          && tree.get("type") instanceof String type
          && tree.get("data") instanceof Map<?, ?> data) {
        Map<String, Object> members = new LinkedHashMap<>();
        data.forEach((name, value) -> members.put((String) name, value));
        return new Fact(key, agent, event(type, members));
      }
      throw context.weirdStringException(String.valueOf(tree), Fact.class, "not a fact");
    }
  }
}
