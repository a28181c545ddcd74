package dev.helm.service.store;

import dev.helm.activities.mcp.Pins;
import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.Conversations;
import dev.helm.activities.store.RunLog;
import dev.helm.activities.store.Runs;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Everything durable of one Helm home, over one database file and one writer. */
public final class Store implements AutoCloseable {
  private final Database database;
  private final ReadPool reads;
  private final LogWriter writer;
  private final SqliteRunLog log;
  private final SqliteBlobs blobs;
  private final SqliteConversations conversations;
  private final ModelTokens modelTokens;
  private final SqliteRuns runs;
  private final SqliteRunQueries queries;
  private final SqliteInbox inbox;
  private final SqliteRules rules;
  private final SqliteMessages messages;
  private final SqliteBlueprints blueprints;
  private final SqliteUsers users;
  private final SqliteDevices devices;
  private final SqliteServiceTokens serviceTokens;
  private final SqliteRevoked revoked;
  private final SqliteIdempotency idempotency;
  private final SqliteSlots slots;
  private final SqliteSecrets secrets;
  private final SqliteMcpPins mcpPins;
  private final ScheduleStore schedules;
  private final FireStore fires;
  private final FileStore files;
  private final EpochStore epochs;
  private final Moments moments;
  private final EndedCalls endedCalls;
  private final Clock clock;
  private final SqliteAudit audit;
  private final SqliteCheckpoints checkpoints;
  private final SqliteBundles bundles;

  private Store(Database database, Path home, Clock clock, HeadsFile heads) {
    this.database = database;
    this.reads = new ReadPool(database);
    this.writer = new LogWriter(database, reads, clock, heads);
    this.log = new SqliteRunLog(writer, reads);
    this.blobs = new SqliteBlobs(writer, reads);
    this.conversations = new SqliteConversations(writer, reads);
    this.modelTokens =
        new ModelTokens(Hmac.ofFile(home.resolve("keys").resolve("token.key")), reads);
    this.runs = new SqliteRuns(reads, blobs, modelTokens);
    this.queries = new SqliteRunQueries(writer, reads, blobs, clock);
    this.inbox = new SqliteInbox(reads, blobs);
    this.rules = new SqliteRules(writer, reads, clock);
    this.messages = new SqliteMessages(writer, reads, blobs);
    this.blueprints = new SqliteBlueprints(writer, reads);
    this.users = new SqliteUsers(writer, reads, clock);
    this.devices = new SqliteDevices(writer, reads, clock);
    this.serviceTokens = new SqliteServiceTokens(writer, reads, clock);
    this.revoked = new SqliteRevoked(writer, reads, clock);
    this.idempotency = new SqliteIdempotency(writer, clock);
    this.slots = new SqliteSlots(writer, reads);
    this.secrets =
        new SqliteSecrets(
            writer, reads, clock, Seal.ofFile(home.resolve("keys").resolve("secrets.key")));
    this.mcpPins = new SqliteMcpPins(writer, reads);
    this.schedules = new ScheduleStore(writer, reads);
    this.fires = new FireStore(writer, reads, blobs);
    this.files = new FileStore(reads);
    this.audit = new SqliteAudit(writer, reads);
    this.epochs = new EpochStore(writer, reads, blobs, clock, audit);
    this.moments = new Moments(reads, blobs);
    this.endedCalls = new EndedCalls(reads, blobs);
    this.clock = clock;
    this.checkpoints = new SqliteCheckpoints(writer, reads);
    this.bundles = new SqliteBundles(writer, reads, blobs);
  }

  /**
   * Opens the store of a home directory, and makes it at the first start.
   *
   * @throws StoreException when another process writes it, the database is damaged, or the signed
   *     heads know an event that the database lacks
   */
  public static Store open(Path home, Clock clock) {
    Database database = Database.open(home);
    try {
      HeadsFile heads =
          new HeadsFile(
              home.resolve("heads.log"), Hmac.ofFile(home.resolve("keys").resolve("heads.key")));
      try (Statements sql = new Statements(database.connect(true))) {
        heads.verify(sql);
      }
      Store store = new Store(database, home, clock, heads);
      store.writer.start();
      return store;
    } catch (SQLException e) {
      database.close();
      throw new StoreException("cannot open the store: " + Failures.text(e), e);
    } catch (RuntimeException e) {
      database.close();
      throw e;
    }
  }

  /** The log of all runs. */
  public RunLog log() {
    return log;
  }

  /** Content by hash. */
  public Blobs blobs() {
    return blobs;
  }

  /** Conversations by hash. */
  public Conversations conversations() {
    return conversations;
  }

  /** What activities ask of a run. */
  public Runs runs() {
    return runs;
  }

  /** Runs as REST reads them. */
  public RunQueries queries() {
    return queries;
  }

  /** What waits for a person. */
  public InboxStore inbox() {
    return inbox;
  }

  /** Rules that people had remembered. */
  public RuleStore rules() {
    return rules;
  }

  /** Steering messages. */
  public MessageStore messages() {
    return messages;
  }

  /** Blueprints. */
  public BlueprintStore blueprints() {
    return blueprints;
  }

  /** People. */
  public UserStore users() {
    return users;
  }

  /** Their devices. */
  public DeviceStore devices() {
    return devices;
  }

  /** Tokens of programs. */
  public ServiceTokenStore serviceTokens() {
    return serviceTokens;
  }

  /** Revoked tokens. */
  public TokenStore tokens() {
    return revoked;
  }

  /** Used tickets. */
  public TicketStore tickets() {
    return revoked;
  }

  /** Answers by Idempotency-Key. */
  public IdempotencyStore idempotency() {
    return idempotency;
  }

  /** Sandbox slots. */
  public SlotStore slots() {
    return slots;
  }

  /** Secrets of projects. */
  public SecretStore secrets() {
    return secrets;
  }

  /** Which tools of MCP servers are accepted. */
  public Pins mcpPins() {
    return mcpPins;
  }

  /** Schedules. */
  public ScheduleStore schedules() {
    return schedules;
  }

  /** What came of schedules' fires. */
  public FireStore fires() {
    return fires;
  }

  /** Who logged in, looked, decided and changed. */
  public AuditStore audit() {
    return audit;
  }

  /** Signed checkpoints. */
  public CheckpointStore checkpoints() {
    return checkpoints;
  }

  /** What exports are made of. */
  public BundleStore bundles() {
    return bundles;
  }

  /** Tokens that stand for the model key. */
  public ModelTokens modelTokens() {
    return modelTokens;
  }

  /** Snapshots, and who touched which file. */
  public FileStore files() {
    return files;
  }

  /** Rollbacks, restarts and forks. */
  public EpochStore epochs() {
    return epochs;
  }

  /** Calls that have ended. */
  public EndedCalls endedCalls() {
    return endedCalls;
  }

  /** What an agent knew at a step. */
  public Moments moments() {
    return moments;
  }

  /** The writer, for work that spans tables. */
  public LogWriter writer() {
    return writer;
  }

  /** Whether events can be stored now. */
  public StoreHealth health() {
    return writer.health();
  }

  /** Adds a listener for events on disk; call it before work starts. */
  public void onCommit(CommitListener listener) {
    writer.onCommit(listener);
  }

  /** The newest global position, 0 for an empty store. */
  public long lastPos() {
    return reads.read(sql -> sql.number("SELECT max(pos) FROM events", 0));
  }

  /** The beginning of a blob; null if it was never there or is erased. */
  public byte @Nullable [] blobHead(String sha256, int bytesMax) {
    return reads.read(
        sql ->
            sql.one(
                "SELECT substr(bytes, 1, ?) FROM blobs WHERE sha256 = ?",
                row -> row.getBytes(1),
                bytesMax,
                sha256));
  }

  /** Reservations of a run whose call cost more than was held for it. */
  public List<String> overdrawn(String run) {
    return reads.read(
        sql ->
            sql.list(
                "SELECT reservation FROM charges WHERE run = ? AND over = 1"
                    + " UNION SELECT x.reservation FROM corrections x JOIN charges c"
                    + " ON c.reservation = x.reservation WHERE c.run = ? AND x.over = 1",
                row -> row.getString(1),
                run,
                run));
  }

  /** Queries of one read. */
  @FunctionalInterface
  public interface Query<T extends @Nullable Object> {
    /** With a read-only connection. */
    T run(Statements sql) throws SQLException;
  }

  /** Reads what spans tables, as {@link #writer} writes it. */
  public <T extends @Nullable Object> T read(Query<T> query) {
    return reads.read(query::run);
  }

  /** The time of new transactions. */
  public Clock clock() {
    return clock;
  }

  /** Events of one run after a seq, as clients read them, oldest first; none if it is not seen. */
  public List<CommitListener.Committed> replay(
      Access access, String run, long afterSeq, int limit) {
    return reads.read(
        sql ->
            sql.list(
                EventJson.SELECT_ROWS
                    + access.condition("project")
                    + " AND run = ? AND seq > ? ORDER BY seq LIMIT ?",
                EventJson::row,
                access.with(run, afterSeq, limit)));
  }

  /** Events of all runs that are seen after a position, as clients read them, oldest first. */
  public List<CommitListener.Committed> replay(Access access, long afterPos, int limit) {
    return reads.read(
        sql ->
            sql.list(
                EventJson.SELECT_ROWS
                    + access.condition("project")
                    + " AND pos > ? ORDER BY pos LIMIT ?",
                EventJson::row,
                access.with(afterPos, limit)));
  }

  @Override
  public void close() {
    // No reader may keep the writer's last checkpoint from its end.
    reads.close();
    writer.close();
    database.close();
  }
}
