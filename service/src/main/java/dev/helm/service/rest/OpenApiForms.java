package dev.helm.service.rest;

import dev.helm.service.auth.LogIn;
import dev.helm.service.auth.Passwords;
import dev.helm.service.store.RunQueries;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.SpecVersion;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.Schema;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The forms of single members and parameters, which the classes' types do not tell. */
final class OpenApiForms {
  private static final String HASH = "^[0-9a-f]{64}$";
  private static final String NAME = "^[a-z0-9][a-z0-9._-]{0,31}$";
  private static final String PROJECT = "^([a-z0-9-]{1,64}|[*])$";

  private OpenApiForms() {}

  /** Members of requests by schema and name. */
  private static Map<String, Schema<?>> members() {
    return Map.ofEntries(
        Map.entry("LoginRequest.device", text(1, 64)),
        Map.entry(
            "ChangePassword.newPassword", text(LogIn.PASSWORD_CHARS_MIN, Passwords.CHARS_MAX)),
        Map.entry("ChallengeRequest.device", text(1, 64)),
        Map.entry("TicketRequest.for", words("stream", "download")),
        Map.entry("TicketRequest.path", text(5, 1_000)),
        Map.entry("StartRun.blueprint", text(1, 100)),
        Map.entry("StartRun.name", text(1, 100)),
        Map.entry("StartRun.prompt", text(1, 20_000)),
        Map.entry("StartFile.path", text(1, 1_000)),
        Map.entry("SendMessage.text", text(1, 10_000)),
        Map.entry("SendMessage.when", words("next", "now")),
        Map.entry("RollbackRequest.to", step()),
        Map.entry("ForkRequest.at", step()),
        Map.entry("ForkRequest.message", text(1, 10_000)),
        Map.entry("ForkRequest.blueprint", text(1, 100)),
        Map.entry("Decide.decision", words("allow", "deny")),
        Map.entry("Decide.argumentsHash", form(HASH)),
        Map.entry("Decide.reason", text(1, 1_000)),
        Map.entry("Remember.scope", words("run", "blueprint")),
        Map.entry("Remember.rule", text(1, 500)),
        Map.entry("AnswerQuestion.answer", text(1, 10_000)),
        Map.entry("NewSchedule.blueprint", text(1, 100)),
        Map.entry("NewSchedule.name", form("^[a-z0-9][a-z0-9-]{0,63}$")),
        Map.entry("NewSchedule.cron", text(9, 100)),
        Map.entry("NewSchedule.timeZone", text(3, 100)),
        Map.entry("NewSchedule.catchUpMs", number(60_000, 604_800_000)),
        Map.entry("NewSchedule.prompt", text(1, 20_000)),
        Map.entry("ChangeSchedule.cron", text(9, 100)),
        Map.entry("ChangeSchedule.timeZone", text(3, 100)),
        Map.entry("ChangeSchedule.catchUpMs", number(60_000, 604_800_000)),
        Map.entry("ChangeSchedule.prompt", text(1, 20_000)),
        Map.entry("ChangeSchedule.note", text(1, 200)),
        Map.entry("NewPerson.name", form(NAME)),
        Map.entry("NewDevice.name", text(1, 64)),
        Map.entry("NewDevice.publicKey", text(43, 44)),
        Map.entry("NewToken.name", form(NAME)),
        Map.entry("NewToken.project", form(PROJECT)),
        Map.entry("NewToken.role", words("viewer", "approver", "operator")),
        Map.entry("NewToken.days", number(1, 365)));
  }

  /** Parameters by name. */
  private static final Map<String, Schema<?>> PARAMETERS =
      Map.of(
          "limit",
          number(1, RunQueries.LIMIT_MAX),
          "after",
          number(0, 1L << 53),
          IdempotencyFilter.HEADER,
          form("^[!-~]{1,200}$"));

  private static Schema<?> typed(String type) {
    return new Schema<>(SpecVersion.V31).types(Set.of(type));
  }

  private static Schema<?> text(int charsMin, int charsMax) {
    return typed("string").minLength(charsMin).maxLength(charsMax);
  }

  private static Schema<?> form(String pattern) {
    return typed("string").pattern(pattern);
  }

  private static Schema<?> number(long least, long most) {
    return typed("integer").minimum(BigDecimal.valueOf(least)).maximum(BigDecimal.valueOf(most));
  }

  /** Now, start, a snapshot's id, or the number of an event. */
  private static Schema<?> step() {
    Schema<?> schema = new Schema<>(SpecVersion.V31);
    schema.setTypes(new LinkedHashSet<>(List.of("string", "integer")));
    return schema.minLength(1).maxLength(64).minimum(BigDecimal.ONE);
  }

  private static Schema<?> words(String... words) {
    Schema<Object> schema = new Schema<>(SpecVersion.V31);
    schema.setTypes(Set.of("string"));
    schema.setEnum(List.of((Object[]) words));
    return schema;
  }

  /** Writes all of it into the document. */
  static void apply(OpenAPI document, List<Class<?>> bodies) {
    Map<String, Schema> schemas = document.getComponents().getSchemas();
    members().forEach((place, form) -> member(schemas, place, form));
    document.getPaths().values().stream()
        .flatMap(path -> path.readOperations().stream())
        .forEach(
            operation -> {
              parameters(operation);
              nullable(operation, schemas, bodies);
            });
  }

  private static void member(Map<String, Schema> schemas, String place, Schema<?> form) {
    String type = place.substring(0, place.indexOf('.'));
    String name = place.substring(place.indexOf('.') + 1);
    Schema<?> schema = schemas.get(type);
    if (schema == null || !schema.getProperties().containsKey(name)) {
      throw new IllegalStateException("the document has no " + place);
    }
    schema.getProperties().put(name, form);
  }

  private static void parameters(Operation operation) {
    if (operation.getParameters() != null) {
      operation.getParameters().stream()
          .filter(parameter -> PARAMETERS.containsKey(parameter.getName()))
          .forEach(parameter -> parameter.setSchema(PARAMETERS.get(parameter.getName())));
    }
  }

  /** What may be absent from a request may be null in it too. */
  private static void nullable(
      Operation operation, Map<String, Schema> schemas, List<Class<?>> bodies) {
    MediaType json =
        operation.getRequestBody() == null
            ? null
            : operation.getRequestBody().getContent().get("application/json");
    String reference = json == null ? null : json.getSchema().get$ref();
    if (reference == null) {
      return;
    }
    String name = reference.substring(reference.lastIndexOf('/') + 1);
    Schema<?> schema = java.util.Objects.requireNonNull(schemas.get(name), name);
    operation.getRequestBody().setRequired(true);
    schema.setAdditionalProperties(false);
    for (Class<?> type : bodies) {
      if (type.getSimpleName().equals(name)) {
        Arrays.stream(type.getRecordComponents())
            .filter(part -> part.getAnnotatedType().isAnnotationPresent(Nullable.class))
            .map(RecordComponent::getName)
            .forEach(member -> orNull(schema.getProperties().get(member)));
      }
    }
  }

  @SuppressWarnings({"rawtypes", "unchecked"})
  private static void orNull(@Nullable Schema member) {
    if (member != null && member.getTypes() != null) {
      Set<String> types = new LinkedHashSet<>(member.getTypes());
      types.add("null");
      member.setTypes(types);
      if (member.getEnum() != null) {
        List<Object> words = new java.util.ArrayList<>(member.getEnum());
        words.add(null);
        member.setEnum(words);
      }
    }
  }
}
