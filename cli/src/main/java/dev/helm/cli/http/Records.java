package dev.helm.cli.http;

import dev.helm.api.Role;
import dev.helm.api.RunStatus;
import dev.helm.api.Usd;
import dev.helm.api.blueprint.Overlap;
import dev.helm.api.event.Content;
import dev.helm.api.event.LoggedEvent;
import dev.helm.api.event.RunEvent;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads JSON trees into the records of {@code api}: members by component name, unknown ones left
 * alone, missing ones empty, so that an older terminal survives a newer service.
 */
public final class Records {
  private Records() {}

  /**
   * One record.
   *
   * @throws IllegalArgumentException when a member has another shape than the record says
   */
  public static <T extends Record> T read(Class<T> type, Map<String, Object> tree) {
    RecordComponent[] components = type.getRecordComponents();
    Class<?>[] types = new Class<?>[components.length];
    @Nullable Object[] values = new @Nullable Object[components.length];
    for (int i = 0; i < components.length; i++) {
      types[i] = components[i].getType();
      Object value = tree.get(components[i].getName());
      values[i] =
          value == null
              ? absent(components[i])
              : convert(components[i].getGenericType(), types[i], value);
    }
    try {
      return type.getDeclaredConstructor(types).newInstance(values);
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException("not a " + type.getSimpleName() + ": " + e.getCause(), e);
    }
  }

  /** The typed form of a log entry; what this version does not know stays as it is. */
  public static RunEvent event(LoggedEvent logged) {
    Class<? extends RunEvent> known = RunEvent.TYPES.get(logged.type());
    if (known == null || !known.isRecord()) {
      return new RunEvent.Unknown(logged.type(), logged.data());
    }
    try {
      return (RunEvent) read(known.asSubclass(Record.class), logged.data());
    } catch (IllegalArgumentException e) {
      return new RunEvent.Unknown(logged.type(), logged.data());
    }
  }

  private static Object convert(Type type, Class<?> raw, Object value) {
    if (raw == String.class) {
      return value instanceof String text ? text : String.valueOf(value);
    }
    if (raw == long.class || raw == Long.class) {
      return number(value).longValue();
    }
    if (raw == int.class || raw == Integer.class) {
      return Math.toIntExact(number(value).longValue());
    }
    if (raw == boolean.class || raw == Boolean.class) {
      return value instanceof Boolean bool ? bool : Boolean.FALSE;
    }
    return object(type, raw, value);
  }

  private static Object object(Type type, Class<?> raw, Object value) {
    if (raw == Usd.class) {
      return Usd.parse(String.valueOf(value));
    }
    if (raw == Content.class) {
      return Content.fromJson(value);
    }
    if (raw == Role.class) {
      return Role.of(String.valueOf(value));
    }
    if (raw == Overlap.class) {
      return Overlap.of(String.valueOf(value));
    }
    if (raw == RunStatus.class) {
      return RunStatus.of(String.valueOf(value));
    }
    if (raw == List.class && value instanceof List<?> items) {
      return list(type, items);
    }
    if (raw.isRecord() && value instanceof Map<?, ?> map) {
      return read(raw.asSubclass(Record.class), Json.members(map));
    }
    if (raw.isInstance(value)) {
      return value;
    }
    throw new IllegalArgumentException(
        "expected " + raw.getSimpleName() + ", found " + value.getClass().getSimpleName());
  }

  private static List<Object> list(Type type, List<?> items) {
    Type item = type instanceof ParameterizedType p ? p.getActualTypeArguments()[0] : Object.class;
    Class<?> raw = item instanceof Class<?> c ? c : Object.class;
    return items.stream().filter(Objects::nonNull).map(each -> convert(item, raw, each)).toList();
  }

  private static @Nullable Object absent(RecordComponent component) {
    Class<?> raw = component.getType();
    if (raw == long.class) {
      return 0L;
    }
    if (raw == int.class) {
      return 0;
    }
    if (raw == boolean.class) {
      return false;
    }
    if (component.getAnnotatedType().isAnnotationPresent(Nullable.class)) {
      return null;
    }
    return raw == String.class
        ? ""
        : raw == List.class
            ? List.of()
            : raw == Usd.class ? Usd.ZERO : raw == Content.class ? Content.text("") : null;
  }

  private static Number number(Object value) {
    if (value instanceof Number number) {
      return number;
    }
    throw new IllegalArgumentException("expected a number, found " + value);
  }
}
