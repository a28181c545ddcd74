package dev.helm.service.blueprint;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.path.PathType;
import com.networknt.schema.regex.RegularExpression;
import dev.helm.api.rest.Problem;
import dev.helm.workflows.HelmJson;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The inputs of a blueprint as one JSON Schema (2020-12) that a run's input has to fit. */
public final class InputSchema {
  /** Longest input of a run as JSON, in characters. */
  public static final int INPUT_CHARS_MAX = 64 * 1024;

  private static final SchemaRegistry REGISTRY =
      SchemaRegistry.withDefaultDialect(
          SpecificationVersion.DRAFT_2020_12,
          builder ->
              builder
                  .schemaCacheEnabled(false)
                  .schemaRegistryConfig(
                      SchemaRegistryConfig.builder()
                          .locale(Locale.ENGLISH)
                          .pathType(PathType.JSON_POINTER)
                          .formatAssertionsEnabled(true)
                          .regularExpressionFactory(InputSchema::boundedExpression)
                          .build()));

  private final Map<String, Map<String, Object>> inputs;

  private InputSchema(Map<String, Map<String, Object>> inputs) {
    this.inputs = inputs;
  }

  /** The schema of a blueprint's {@code inputs}. */
  public static InputSchema of(Map<String, Map<String, Object>> inputs) {
    return new InputSchema(inputs);
  }

  /** The input with every default that it leaves out. */
  public Map<String, Object> withDefaults(Map<String, Object> input) {
    Map<String, Object> full = new LinkedHashMap<>();
    inputs.forEach(
        (name, schema) -> {
          Object value = input.containsKey(name) ? input.get(name) : schema.get("default");
          if (value != null) {
            full.put(name, value);
          }
        });
    return full;
  }

  /**
   * What is wrong with an input; an input without a default is required, and no other members are
   * allowed. Empty when it fits.
   */
  public List<Problem.Place> check(Map<String, Object> input) {
    List<Problem.Place> places = new ArrayList<>();
    for (String name : input.keySet()) {
      if (!inputs.containsKey(name)) {
        places.add(place("input." + name, "is no input", Nearest.hint(name, inputs.keySet())));
      }
    }
    for (var entry : inputs.entrySet()) {
      if (!entry.getValue().containsKey("default") && input.get(entry.getKey()) == null) {
        places.add(place("input." + entry.getKey(), "is missing and has no default", null));
      }
    }
    if (places.isEmpty()) {
      validate(input, places);
    }
    return places;
  }

  private void validate(Map<String, Object> input, List<Problem.Place> places) {
    String json = HelmJson.write(input);
    if (json.length() > INPUT_CHARS_MAX) {
      places.add(place("input", "has more than " + INPUT_CHARS_MAX + " characters", null));
      return;
    }
    Map<String, Object> schema = new LinkedHashMap<>();
    schema.put("type", "object");
    schema.put("properties", inputs);
    try {
      Schema compiled = REGISTRY.getSchema(HelmJson.write(schema), InputFormat.JSON);
      for (Error error : compiled.validate(json, InputFormat.JSON)) {
        places.add(place(path(error), message(error), null));
      }
    } catch (TooMuchWork e) {
      places.add(place("input", "took too long to match a pattern of the blueprint", null));
    }
  }

  private static String path(Error error) {
    return "input" + error.getInstanceLocation().toString().replace('/', '.');
  }

  /** The library's message begins with the place, which stands in the path already. */
  private static String message(Error error) {
    String message = error.getMessage();
    String location = error.getInstanceLocation() + ": ";
    return message.startsWith(location) ? message.substring(location.length()) : message;
  }

  private static Problem.Place place(String path, String message, @Nullable String hint) {
    return new Problem.Place(0, 0, path, message, hint);
  }

  /** A pattern of a blueprint could backtrack for ever on a hostile input; steps are counted. */
  private static RegularExpression boundedExpression(String regex) {
    Pattern pattern = Pattern.compile(regex);
    return value -> pattern.matcher(new Counted(value, new int[] {2_000_000})).find();
  }

  private record Counted(CharSequence text, int[] left) implements CharSequence {
    @Override
    public int length() {
      return text.length();
    }

    @Override
    public char charAt(int index) {
      if (--left[0] < 0) {
        throw new TooMuchWork();
      }
      return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return new Counted(text.subSequence(start, end), left);
    }

    @Override
    public String toString() {
      return text.toString();
    }
  }

  private static final class TooMuchWork extends RuntimeException {
    private static final long serialVersionUID = 1;

    TooMuchWork() {
      super("too much work", null, false, false);
    }
  }
}
