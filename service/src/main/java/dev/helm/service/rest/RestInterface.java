package dev.helm.service.rest;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.helm.api.rest.Bodies;
import dev.helm.service.audit.Audit;
import dev.helm.service.auth.Front;
import dev.helm.service.auth.LogIn;
import dev.helm.service.auth.Passwords;
import dev.helm.service.auth.Tokens;
import dev.helm.service.ledger.Budgets;
import dev.helm.service.ledger.Days;
import dev.helm.service.ledger.UsageReport;
import dev.helm.service.search.SearchIndex;
import dev.helm.service.store.Store;
import io.dropwizard.core.setup.Environment;
import io.dropwizard.jersey.setup.JerseyEnvironment;
import jakarta.servlet.DispatcherType;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.EnumSet;
import java.util.List;
import java.util.function.Supplier;
import org.glassfish.jersey.server.ServerProperties;
import org.jspecify.annotations.Nullable;

/** Mounts the resources, the filters and the error mappers on a server. */
public final class RestInterface {
  private final Store store;
  private final Tokens tokens;
  private final Passwords passwords;
  private final LogIn logIn;
  private final Front front;
  private final Clock clock;
  private final Backend backend;
  private final CommitWaiter commits;
  private final StreamDoor door;
  private final JsonMapper mapper;
  private final Supplier<Bodies.Component> log;
  private final String version;
  private final boolean practice;
  private final Audit audit;
  private final SearchIndex search;

  /** With everything that the resources need. */
  public RestInterface(
      Store store,
      Tokens tokens,
      Passwords passwords,
      LogIn logIn,
      Front front,
      Clock clock,
      Backend backend,
      CommitWaiter commits,
      StreamDoor door,
      JsonMapper mapper,
      Supplier<Bodies.Component> log,
      String version,
      boolean practice,
      Audit audit,
      SearchIndex search) {
    this.store = store;
    this.tokens = tokens;
    this.passwords = passwords;
    this.logIn = logIn;
    this.front = front;
    this.clock = clock;
    this.backend = backend;
    this.commits = commits;
    this.door = door;
    this.mapper = mapper;
    this.log = log;
    this.version = version;
    this.practice = practice;
    this.audit = audit;
    this.search = search;
  }

  /** Mounts all of it. */
  public void mount(Environment environment) {
    JerseyEnvironment jersey = environment.jersey();
    jersey.property(ServerProperties.WADL_FEATURE_DISABLE, true);
    jersey.property(ServerProperties.RESPONSE_SET_STATUS_OVER_SEND_ERROR, true);
    filters().forEach(jersey::register);
    ErrorMappers.all().forEach(jersey::register);
    PeopleErrors.all().forEach(jersey::register);
    resources().forEach(jersey::register);
    errorsBelow(environment);
    adminReadsOnly(environment);
  }

  private List<Object> filters() {
    return List.of(
        new BodyLimit(),
        TokenFilter.of(tokens),
        new IdempotencyFilter(store.idempotency(), mapper),
        new AuditFilter(audit.trail()),
        new AuditFilter.AskedFilter(audit.trail()),
        new StatusFilter(),
        new RequestJson());
  }

  private List<Object> resources() {
    RunControl control = new AskedControl(backend.control());
    RunStarts starts =
        new RunStarts(store.blueprints(), backend::readOnlyBecause, backend::images, practice);
    Schedules schedules = new Schedules(store, starts, backend::schedulesChanged);
    return List.of(
        new AuthResource(logIn, tokens, door::closeEnded, audit.trail()),
        new UsersResource(store.users(), passwords, clock, door::closeEnded),
        new DevicesResource(store.devices(), store.users(), door::closeEnded),
        new TokensResource(store.serviceTokens(), clock, door::closeEnded),
        new SystemResource(
            log,
            audit::component,
            search::component,
            backend,
            store.queries()::activeRuns,
            version,
            practice),
        new RunsResource(store.queries(), starts, search, backend),
        new SchedulesResource(
            store, schedules, new ScheduleFires(store, starts, backend.control())),
        new SearchResource(store.queries(), search),
        new SteeringResource(store.queries(), store.messages(), control, backend),
        new FilesResource(store, backend),
        new DiffResource(store, backend),
        new RollbackResource(store, backend, practice),
        new StopResource(store.queries(), control),
        new InboxResource(store.inbox(), control, commits),
        new PermissionsResource(
            store.inbox(),
            control,
            commits,
            new DecisionCheck(store.runs(), store.blobs(), clock, backend.tools())),
        new RulesResource(store.rules(), store.queries()),
        new BlueprintsResource(
            store.blueprints(), schedules, backend.operatorHosts(), backend::images),
        new BlueprintSchemaResource(),
        money(),
        new SecretsResource(store.secrets()),
        new AuditResource(audit),
        new AuditResource.OfRuns(audit, store.queries()),
        new StreamResource(),
        new OpenApiResource(new Document(version)),
        new LaterResource());
  }

  private MoneyResource money() {
    Days days = new Days(backend.moneyZone());
    return new MoneyResource(
        new Budgets(store, days), new UsageReport(store, days), store.blueprints());
  }

  private void errorsBelow(Environment environment) {
    HttpProblems problems = new HttpProblems();
    environment.getApplicationContext().setErrorHandler(problems);
    environment.lifecycle().addServerLifecycleListener(server -> server.setErrorHandler(problems));
    environment
        .servlets()
        .addFilter("security-headers", new SecurityHeaders())
        .addMappingForUrlPatterns(EnumSet.allOf(DispatcherType.class), false, "/*");
    environment
        .servlets()
        .addFilter("front", new FrontFilter(front))
        .addMappingForUrlPatterns(EnumSet.of(DispatcherType.REQUEST), true, "/*");
  }

  private static void adminReadsOnly(Environment environment) {
    environment
        .admin()
        .addFilter("reads-only", new AdminReadsOnly())
        .addMappingForUrlPatterns(EnumSet.allOf(DispatcherType.class), false, "/*");
  }

  /** Made once, when first asked for: starting does not pay for it. */
  private static final class Document implements Supplier<byte[]> {
    private final String version;
    private byte @Nullable [] made;

    Document(String version) {
      this.version = version;
    }

    @Override
    public synchronized byte[] get() {
      byte[] document = made;
      if (document == null) {
        document = OpenApiDocument.json(version).getBytes(StandardCharsets.UTF_8);
        made = document;
      }
      return document;
    }
  }
}
