package dev.helm.service;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.helm.api.rest.Bodies;
import dev.helm.service.audit.Audit;
import dev.helm.service.audit.RunPatch;
import dev.helm.service.auth.FirstOwner;
import dev.helm.service.auth.Front;
import dev.helm.service.auth.JwtKey;
import dev.helm.service.auth.LogIn;
import dev.helm.service.auth.LoginLimits;
import dev.helm.service.auth.Passwords;
import dev.helm.service.auth.Tokens;
import dev.helm.service.rest.Backend;
import dev.helm.service.rest.CommitWaiter;
import dev.helm.service.rest.ConnectionGuard;
import dev.helm.service.rest.RequestJson;
import dev.helm.service.rest.RestInterface;
import dev.helm.service.rest.StreamDoor;
import dev.helm.service.run.LiveBackend;
import dev.helm.service.search.SearchIndex;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreHealth;
import dev.helm.service.stream.StreamHub;
import io.dropwizard.configuration.ResourceConfigurationSourceProvider;
import io.dropwizard.configuration.SubstitutingSourceProvider;
import io.dropwizard.configuration.YamlConfigurationFactory;
import io.dropwizard.core.Application;
import io.dropwizard.core.cli.Cli;
import io.dropwizard.core.setup.Bootstrap;
import io.dropwizard.core.setup.Environment;
import io.dropwizard.jackson.Jackson;
import io.dropwizard.lifecycle.AutoCloseableManager;
import io.dropwizard.util.JarLocation;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.BindException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import org.apache.commons.text.StringSubstitutor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The composition root: every part is made here, in order, and nowhere else. */
public final class HelmService extends Application<HelmConfiguration> {
  /** The version that status and the OpenAPI document name. */
  public static final String VERSION = "0.1.0";

  private static final Logger LOG = LoggerFactory.getLogger(HelmService.class);

  private final Settings settings;
  private final Clock clock;
  private final BackendFactory backends;

  /** With its settings, and what makes the part behind REST and the log. */
  public HelmService(Settings settings, Clock clock, BackendFactory backends) {
    this.settings = settings;
    this.clock = clock;
    this.backends = backends;
  }

  /** Makes the workflow engine's client, its worker, the sandbox and the ledger's socket. */
  @FunctionalInterface
  public interface BackendFactory {
    /** Must not wait for what may be down; {@link Backend#start} begins the work. */
    Backend open(Settings settings, Store store, StreamHub hub);
  }

  /** Starts the service; it ends with a signal. */
  public static void main(String[] args) {
    Settings settings;
    try {
      settings = Settings.of(System.getenv());
    } catch (IllegalArgumentException e) {
      System.err.println("helm service: " + e.getMessage());
      System.exit(2);
      return;
    }
    new HelmService(settings, Clock.systemUTC(), LiveBackend::open).run("server", "helm.yml");
  }

  @Override
  public String getName() {
    return "helm";
  }

  @Override
  public void initialize(Bootstrap<HelmConfiguration> bootstrap) {
    bootstrap.setConfigurationSourceProvider(
        new SubstitutingSourceProvider(
            new ResourceConfigurationSourceProvider(),
            new StringSubstitutor(settings.placeholders())));
    bootstrap.setConfigurationFactoryFactory(
        (type, validator, _, prefix) ->
            new YamlConfigurationFactory<>(
                type, validator, Jackson.newMinimalObjectMapper(), prefix));
    bootstrap.setObjectMapper(RequestJson.mapper());
  }

  @Override
  public void run(HelmConfiguration configuration, Environment environment) throws IOException {
    Store store = Store.open(settings.home(), clock);
    environment.lifecycle().manage(new AutoCloseableManager(store));
    CommitWaiter commits = new CommitWaiter();
    store.onCommit(commits);
    StreamHub hub = new StreamHub(store);
    SearchIndex search = SearchIndex.start(settings.home(), store);
    environment.lifecycle().manage(new AutoCloseableManager(search));

    Passwords passwords = new Passwords();
    firstOwner(store, passwords);
    Tokens tokens = tokens(store);

    Backend backend = backends.open(settings, store, hub);
    Audit audit =
        Audit.open(
            settings.home(),
            store,
            clock,
            VERSION,
            backend.histories(),
            new RunPatch(store.files(), backend.snapshots()));
    environment.lifecycle().manage(new AutoCloseableManager(audit));
    audit.start();
    Front front = Front.read(settings.home(), settings.port());
    StreamDoor door = new StreamDoor(tokens, front, hub, audit.trail());
    rest(environment, store, tokens, passwords, front, backend, commits, door, audit, search)
        .mount(environment);
    door.mount(environment.getApplicationContext());
    environment.healthChecks().register("log", new LogHealth(store));
    environment.lifecycle().manage(new AutoCloseableManager(door));
    environment.lifecycle().manage(new AutoCloseableManager(hub));
    ConnectionGuard guard = new ConnectionGuard(front);
    environment.lifecycle().manage(new AutoCloseableManager(guard));
    environment
        .lifecycle()
        .addServerLifecycleListener(server -> guard.watch(server, settings.port()));
    startWhenListening(environment, backend);
  }

  private void firstOwner(Store store, Passwords passwords) throws IOException {
    if (FirstOwner.ensure(settings.home(), store.users(), passwords)) {
      LOG.info("made the owner; the password is in owner.credentials in Helm's home");
    }
  }

  private Tokens tokens(Store store) throws IOException {
    return new Tokens(
        JwtKey.of(settings.home()),
        clock,
        store.users(),
        store.devices(),
        store.serviceTokens(),
        store.tokens(),
        store.tickets());
  }

  private RestInterface rest(
      Environment environment,
      Store store,
      Tokens tokens,
      Passwords passwords,
      Front front,
      Backend backend,
      CommitWaiter commits,
      StreamDoor door,
      Audit audit,
      SearchIndex search) {
    return new RestInterface(
        store,
        tokens,
        passwords,
        new LogIn(
            store.users(),
            store.devices(),
            passwords,
            tokens,
            new LoginLimits(clock),
            clock,
            settings.home()),
        front,
        clock,
        backend,
        commits,
        door,
        (JsonMapper) environment.getObjectMapper(),
        () -> logComponent(store.health()),
        VERSION,
        settings.practice(),
        audit,
        search);
  }

  private static Bodies.Component logComponent(StoreHealth health) {
    String well = health.detail() == null ? "healthy" : "degraded";
    return new Bodies.Component("log", health.writable() ? well : "down", health.detail());
  }

  private static void startWhenListening(Environment environment, Backend backend) {
    environment.lifecycle().manage(new AutoCloseableManager(backend));
    environment.lifecycle().addServerLifecycleListener(_ -> backend.start());
    // What only the start needed, a third of the heap, goes back to the machine.
    environment.lifecycle().addServerLifecycleListener(_ -> System.gc());
  }

  /** As the superclass does it, but a start that fails prints one line and no stack trace. */
  @Override
  public void run(String... arguments) {
    Bootstrap<HelmConfiguration> bootstrap = new Bootstrap<>(this);
    addDefaultCommands(bootstrap);
    initialize(bootstrap);
    bootstrap.registerMetrics();
    new Cli(
            new JarLocation(getClass()),
            bootstrap,
            System.out,
            new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))
        .run(arguments)
        .ifPresent(this::onFatalError);
  }

  @Override
  protected void onFatalError(Throwable error) {
    System.err.println("helm service: cannot start: " + reason(error));
    System.exit(1);
  }

  private String reason(Throwable error) {
    Throwable cause = error;
    while (cause.getCause() != null && cause.getCause() != cause) {
      cause = cause.getCause();
    }
    if (cause instanceof BindException) {
      return "port "
          + settings.port()
          + " or "
          + settings.adminPort()
          + " is taken; stop what listens there, or set HELM_PORT to another port";
    }
    return cause.getMessage() == null ? cause.toString() : cause.getMessage();
  }
}
