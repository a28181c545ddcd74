package dev.helm.service.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.bundle.Checkpoint;
import dev.helm.api.event.LoggedEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.api.rest.FileBodies;
import dev.helm.api.rest.MoneyBodies;
import dev.helm.api.rest.PeopleBodies;
import dev.helm.api.rest.Problem;
import dev.helm.api.rest.ScheduleBodies;
import io.swagger.v3.core.converter.ModelConverters;
import io.swagger.v3.core.util.Json31;
import io.swagger.v3.jaxrs2.Reader;
import io.swagger.v3.oas.integration.SwaggerConfiguration;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.PathItem;
import io.swagger.v3.oas.models.SpecVersion;
import io.swagger.v3.oas.models.info.Info;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.Schema;
import io.swagger.v3.oas.models.parameters.Parameter;
import io.swagger.v3.oas.models.responses.ApiResponse;
import io.swagger.v3.oas.models.security.SecurityRequirement;
import io.swagger.v3.oas.models.security.SecurityScheme;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The OpenAPI 3.1 document, made from the resource classes and their bodies. */
public final class OpenApiDocument {
  /** The resources that are described, and served. */
  static final List<Class<?>> RESOURCES =
      List.of(
          AuthResource.class,
          UsersResource.class,
          DevicesResource.class,
          TokensResource.class,
          SecretsResource.class,
          SystemResource.class,
          RunsResource.class,
          SearchResource.class,
          SteeringResource.class,
          FilesResource.class,
          DiffResource.class,
          RollbackResource.class,
          InboxResource.class,
          StopResource.class,
          PermissionsResource.class,
          RulesResource.class,
          BlueprintsResource.class,
          SchedulesResource.class,
          MoneyResource.class,
          AuditResource.class,
          AuditResource.OfRuns.class,
          StreamResource.class);

  private static final String BEARER = "bearer";

  private OpenApiDocument() {}

  /** The document as indented JSON, the same for the same code. */
  public static String json(String version) {
    OpenAPI document = new OpenAPI(SpecVersion.V31);
    document.setOpenapi("3.1.0");
    document.setInfo(
        new Info()
            .title("Helm")
            .version(version)
            .description(
                "Errors are RFC 9457 problems with a stable code; docs/rest.md tells more."));
    SwaggerConfiguration configuration =
        new SwaggerConfiguration().openAPI(document).openAPI31(true).sortOutput(true);
    Set<Class<?>> resources = new java.util.LinkedHashSet<>(RESOURCES);
    OpenAPI read = new Reader(configuration).read(resources);
    addProblem(read);
    addRequired(read);
    addContent(read);
    addSecurity(read);
    addIdempotencyKeys(read);
    OpenApiForms.apply(
        read,
        Stream.of(
                Bodies.class,
                DecisionBodies.class,
                FileBodies.class,
                MoneyBodies.class,
                PeopleBodies.class,
                ScheduleBodies.class)
            .<Class<?>>flatMap(outer -> Arrays.stream(outer.getDeclaredClasses()))
            .toList());
    try {
      return Json31.pretty()
              .writeValueAsString(
                  Json31.mapper().readTree(Json31.mapper().writeValueAsString(read)))
          + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("the OpenAPI document cannot be written", e);
    }
  }

  private static void addProblem(OpenAPI document) {
    ModelConverters.getInstance(true)
        .readAll(Problem.class)
        .forEach((name, schema) -> document.getComponents().addSchemas(name, schema));
    Content content =
        new Content()
            .addMediaType(
                ErrorMappers.PROBLEM_JSON,
                new MediaType()
                    .schema(new Schema<>(SpecVersion.V31).$ref("#/components/schemas/Problem")));
    operations(document)
        .map(Operation::getResponses)
        .forEach(
            responses -> {
              ApiResponse answer = responses.remove("default");
              if (answer != null && responses.isEmpty()) {
                responses.addApiResponse("200", answer.description("the answer"));
              }
              responses.addApiResponse(
                  "default", new ApiResponse().description("an error").content(content));
            });
  }

  /** Members that are not marked nullable are always there, in requests and in answers. */
  private static void addRequired(OpenAPI document) {
    Map<String, Schema> schemas = document.getComponents().getSchemas();
    Stream.of(
            Bodies.class,
            DecisionBodies.class,
            FileBodies.class,
            MoneyBodies.class,
            PeopleBodies.class,
            Problem.class,
            Blueprint.class,
            LoggedEvent.class,
            Checkpoint.class)
        .flatMap(
            outer -> Stream.concat(Stream.of(outer), Arrays.stream(outer.getDeclaredClasses())))
        .filter(Class::isRecord)
        .forEach(
            type -> {
              Schema<?> schema = schemas.get(type.getSimpleName());
              if (schema != null) {
                schema.setRequired(required(type, schema));
              }
            });
    schemas.forEach(
        (name, schema) -> {
          if (name.startsWith("Page")) {
            schema.setRequired(List.of("items"));
          }
        });
  }

  private static List<String> required(Class<?> type, Schema<?> schema) {
    return Arrays.stream(type.getRecordComponents())
        .filter(component -> !component.getAnnotatedType().isAnnotationPresent(Nullable.class))
        .filter(component -> !leftOutIfEmpty(component))
        .map(RecordComponent::getName)
        .map(name -> name.equals("purpose") ? "for" : name)
        .filter(schema.getProperties()::containsKey)
        .toList();
  }

  private static boolean leftOutIfEmpty(RecordComponent component) {
    JsonInclude include = component.getAccessor().getAnnotation(JsonInclude.class);
    return include != null && include.value() == JsonInclude.Include.NON_EMPTY;
  }

  /** A sealed pair that JSON tells apart by its kind, which the reader of classes cannot see. */
  private static void addContent(OpenAPI document) {
    Schema<?> text = new Schema<>(SpecVersion.V31).types(Set.of("string"));
    Schema<?> reference = new Schema<>(SpecVersion.V31).types(Set.of("object"));
    reference.addProperty("sha256", new Schema<>(SpecVersion.V31).types(Set.of("string")));
    reference.addProperty("bytes", new Schema<>(SpecVersion.V31).types(Set.of("integer")));
    reference.addProperty("mediaType", new Schema<>(SpecVersion.V31).types(Set.of("string")));
    reference.setRequired(List.of("bytes", "mediaType", "sha256"));
    document
        .getComponents()
        .addSchemas("Content", new Schema<>(SpecVersion.V31).oneOf(List.of(text, reference)));
  }

  private static void addSecurity(OpenAPI document) {
    document
        .getComponents()
        .addSecuritySchemes(
            BEARER,
            new SecurityScheme()
                .type(SecurityScheme.Type.HTTP)
                .scheme("bearer")
                .bearerFormat("JWT"));
    document.addSecurityItem(new SecurityRequirement().addList(BEARER));
    Set<String> open = annotated(Open.class);
    operations(document)
        .filter(operation -> open.contains(operation.getOperationId()))
        .forEach(operation -> operation.setSecurity(List.of()));
  }

  private static void addIdempotencyKeys(OpenAPI document) {
    Set<String> exempt = annotated(Open.class);
    exempt.addAll(annotated(NoIdempotencyKey.class));
    document.getPaths().values().stream()
        .map(PathItem::getPost)
        .filter(post -> post != null && !exempt.contains(post.getOperationId()))
        .forEach(
            post ->
                post.addParametersItem(
                    new Parameter()
                        .in("header")
                        .name(IdempotencyFilter.HEADER)
                        .required(true)
                        .description("the same key gives the same answer for 24 hours")
                        .schema(new Schema<>(SpecVersion.V31).types(Set.of("string")))));
  }

  private static java.util.stream.Stream<Operation> operations(OpenAPI document) {
    return document.getPaths().values().stream().flatMap(path -> path.readOperations().stream());
  }

  /** Operation ids are method names, which a test keeps unique. */
  private static Set<String> annotated(Class<? extends java.lang.annotation.Annotation> mark) {
    return RESOURCES.stream()
        .flatMap(resource -> Arrays.stream(resource.getDeclaredMethods()))
        .filter(method -> method.isAnnotationPresent(mark))
        .map(Method::getName)
        .collect(Collectors.toCollection(java.util.HashSet::new));
  }
}
