package dev.helm.service.rest;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.type.LogicalType;
import dev.helm.api.rest.ErrorCode;
import dev.helm.api.rest.Problem;
import dev.helm.workflows.HelmJson;
import jakarta.ws.rs.ext.ReaderInterceptor;
import jakarta.ws.rs.ext.ReaderInterceptorContext;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads request bodies: unknown members are refused, nothing is coerced (a number is no text), and
 * a member that is not marked nullable has to be there.
 */
public final class RequestJson implements ReaderInterceptor {
  /** The mapper of REST. */
  public static JsonMapper mapper() {
    JsonMapper mapper = HelmJson.create();
    mapper.enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
    JsonMapper strict = mapper.rebuild().disable(MapperFeature.ALLOW_COERCION_OF_SCALARS).build();
    for (CoercionInputShape shape :
        List.of(CoercionInputShape.Integer, CoercionInputShape.Float, CoercionInputShape.Boolean)) {
      strict.coercionConfigFor(LogicalType.Textual).setCoercion(shape, CoercionAction.Fail);
    }
    return strict;
  }

  @Override
  public Object aroundReadFrom(ReaderInterceptorContext context) throws IOException {
    Object body = context.proceed();
    if (body == null) {
      throw ProblemException.of(ErrorCode.BAD_REQUEST, "the body is missing", "send a JSON object");
    }
    if (body instanceof Record members) {
      requireMembers(members);
    }
    return body;
  }

  private static void requireMembers(Record body) {
    List<Problem.Place> missing = new ArrayList<>();
    for (RecordComponent component : body.getClass().getRecordComponents()) {
      if (!component.getAnnotatedType().isAnnotationPresent(Nullable.class)
          && value(body, component) == null) {
        var renamed =
            component
                .getAccessor()
                .getAnnotation(com.fasterxml.jackson.annotation.JsonProperty.class);
        String name = renamed == null ? component.getName() : renamed.value();
        missing.add(new Problem.Place(0, 0, name, "\"" + name + "\" is missing", null));
      }
    }
    if (!missing.isEmpty()) {
      throw ProblemException.at(
          ErrorCode.INVALID_INPUT, missing.getFirst().message(), null, missing);
    }
  }

  private static @Nullable Object value(Record body, RecordComponent component) {
    try {
      return component.getAccessor().invoke(body);
    } catch (IllegalAccessException | InvocationTargetException e) {
      throw new IllegalStateException("a record's accessor is public and does not fail", e);
    }
  }
}
