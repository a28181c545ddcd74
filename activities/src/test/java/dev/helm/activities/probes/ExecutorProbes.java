package dev.helm.activities.probes;

import dev.helm.activities.sandbox.EffectExit;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.regex.Pattern;

/** Attacks on the line between executor and host. */
final class ExecutorProbes {
  /** More than the handshakes that the host allows at once, and far fewer than a storm. */
  private static final int MOST_DESCRIPTORS = 64;

  private static final int MOST_LOG_LINES = 100;
  private static final String STORM = "executor.connect-storm";
  private static final Map<String, Object> STORM_GIVEN = Map.of("stormSeconds", 2);
  private static final String LOGGER = "dev.helm.activities.sandbox";

  private ExecutorProbes() {}

  static List<Probe> all() {
    return List.of(
        new Probe(
            "executor.forge-exit",
            "tells the host that another command has ended well",
            "admission: the peer's pid, the secret, the boot",
            Lacking.ADMISSION,
            "how the host saw that command end",
            Pattern.compile(
                "EXITED.*closed without a word|closed without a word.*code=7", Pattern.DOTALL),
            ExecutorProbes::forge,
            ExecutorProbes::forgeBelieved),
        new Probe(
            STORM,
            "connects thousands of times, silent or lying about lengths",
            "admission: 16 handshakes at once, 1 s each",
            Lacking.ADMISSION,
            "the host's open files and log lines",
            Pattern.compile("descriptors"),
            lab -> lab.whileNeighbourAnswers(lab.attacker(), () -> storm(lab.attacker())),
            lab -> {
              Fixture fixture = lab.fixture(Lacking.ADMISSION);
              try (NaiveHost host = new NaiveHost(fixture.sockets().resolve("x.sock"), false)) {
                String said = fixture.attack(STORM, STORM_GIVEN, 60_000);
                return Verdict.of(
                    host.most() > MOST_DESCRIPTORS, host.most() + " lines held; " + said);
              }
            }));
  }

  private static Verdict forge(Lab lab) throws Exception {
    SlotBox box = lab.attacker();
    String victim = SlotBox.newKey();
    SlotBox.Going going =
        box.start(
            victim,
            SlotBox.command(
                "echo on; while [ ! -e /tmp/go ]; do sleep 0.05; done; echo true end; exit 7",
                60_000));
    going.sink().await("on\n");
    String said = box.attack("executor.forge-exit", given(lab, victim), 60_000);
    boolean early = going.execution().outcome().isDone();
    box.bash("touch /tmp/go", 20_000);
    EffectExit exit = ResourceProbes.exit(going.end(60_000));
    boolean told =
        exit.reason() == EffectExit.Reason.EXITED
            && exit.code() == 7
            && going.sink().text().equals("on\ntrue end\n");
    return Verdict.of(early || !told || said.contains("REACHED"), said.strip() + "; " + exit);
  }

  private static Verdict forgeBelieved(Lab lab) throws Exception {
    Fixture fixture = lab.fixture(Lacking.ADMISSION);
    try (NaiveHost host = new NaiveHost(fixture.sockets().resolve("x.sock"), true)) {
      String said = fixture.attack("executor.forge-exit", given(lab, "victim"), 60_000);
      boolean believed = host.ended().contains("victim");
      return Verdict.of(believed && said.contains("REACHED"), said + "; believed: " + believed);
    }
  }

  private static Map<String, Object> given(Lab lab, String victim) {
    Map<String, Object> given = new HashMap<>(lab.given());
    given.put("victimKey", victim);
    return given;
  }

  private static Verdict storm(Box box) throws Exception {
    Counter lines = new Counter();
    Logger logger = Logger.getLogger(LOGGER);
    logger.addHandler(lines);
    try {
      int before = descriptors();
      CompletableFuture<String> said = new CompletableFuture<>();
      Thread.ofPlatform()
          .start(
              () -> {
                try {
                  said.complete(box.attack(STORM, STORM_GIVEN, 60_000));
                } catch (Throwable e) {
                  said.completeExceptionally(e);
                }
              });
      int most = before;
      while (!said.isDone()) {
        most = Math.max(most, descriptors());
        ResourceProbes.pause(20);
      }
      int logged = lines.count.get();
      String evidence =
          (most - before) + " descriptors more, " + logged + " log lines; " + said.get().strip();
      return Verdict.of(most - before > MOST_DESCRIPTORS || logged > MOST_LOG_LINES, evidence);
    } finally {
      logger.removeHandler(lines);
    }
  }

  private static int descriptors() throws IOException {
    int open = 0;
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path ignored : entries) {
        open++;
      }
    }
    return open;
  }

  private static final class Counter extends Handler {
    private final AtomicInteger count = new AtomicInteger();

    @Override
    public void publish(LogRecord message) {
      count.incrementAndGet();
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
