package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.activities.egress.EgressAttempt;
import dev.helm.activities.egress.EgressGrants;
import dev.helm.activities.egress.EgressLimits;
import dev.helm.activities.egress.EgressProxy;
import dev.helm.activities.egress.HostName;
import dev.helm.activities.egress.HostResolver;
import dev.helm.activities.egress.OperatorTarget;
import dev.helm.activities.egress.TlsSite;
import dev.helm.activities.workspace.WorkspaceLimits;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Programs in boxes that mean no good, and boxes that end in odd ways. */
@Tag("engine")
@Timeout(180)
final class BoxesHostileTest {
  /** Tries every socket of a box that comes up, as fast as it can. */
  private static final String THIEF =
      """
      import glob, os, socket, sys, time
      if os.fork() or os.setsid() and os.fork(): time.sleep(3600)
      print("up", flush=True)
      tries = let_in = 0
      end = time.time() + 8
      while time.time() < end:
          for path in glob.glob("/run/helm/box-*.sock"):
              try:
                  s = socket.socket(socket.AF_UNIX); s.settimeout(1); s.connect(path)
                  s.sendall(b"0" * 64 + b"\\n")
                  tries += 1
                  let_in += s.recv(3) == b"ok\\n"
              except OSError: pass
      print(tries, let_in, flush=True)
      """;

  private final String run = TestEngine.newRun();

  @Test
  void anotherProcessDoesNotTakeAProgramsPlace() throws Exception {
    try (TestEngine machine = TestEngine.open(0, List.of());
        DockerSandbox sandbox = machine.sandbox(machine.store());
        Box thief =
            sandbox.boxes().open(BoxSpec.inRun(run, "thief", List.of("python3", "-c", THIEF)))) {
      BufferedReader stolen = reader(thief);
      assertThat(stolen.readLine()).isEqualTo("up");
      int opened = 0;
      for (int i = 0; i < 6; i++) {
        try (Box box = sandbox.boxes().open(BoxSpec.inRun(run, "b", sh("echo mine; cat")))) {
          assertThat(reader(box).readLine()).isEqualTo("mine");
          opened++;
        } catch (SandboxException e) {
          // It may be kept out by the crowd at the door; then the call fails and says so.
          assertThat(e).hasMessageContaining("did not let this pipe in");
        }
      }
      String[] counts = stolen.readLine().split(" ");
      assertThat(counts[1]).as("%s tries, %s opened", counts[0], opened).isEqualTo("0");
      assertThat(opened).isPositive();
    }
  }

  @Test
  void whatIsNotReadStopsTheProgramAndNotTheService() throws Exception {
    try (TestEngine machine = TestEngine.open(0, List.of());
        DockerSandbox sandbox = machine.sandbox(machine.store())) {
      for (BoxSpec spec :
          List.of(
              BoxSpec.inRun(run, "out", sh("yes")),
              BoxSpec.own(run, "out", sh("yes")),
              BoxSpec.inRun(run, "errors", sh("echo on; yes >&2")))) {
        Box box = sandbox.boxes().open(spec);
        assertThat(box.out().readNBytes(3)).hasSize(3);
        assertThat(box.end()).isNotDone();
        box.close();
        assertThat(box.end().get(60, TimeUnit.SECONDS).kind()).isEqualTo(BoxEnd.Kind.KILLED);
        assertThat(box.lastWords().length()).isLessThanOrEqualTo(8 << 10);
      }
      Slot slot = sandbox.claim(run);
      assertThat(TestEngine.bash(sandbox, slot, "k", "pgrep -c yes", 60)).isEqualTo("0\n");
    }
  }

  @Test
  void aContainerThatGoesAwayEndsItsBoxes() throws Exception {
    try (TestEngine machine = TestEngine.open(0, List.of());
        DockerSandbox sandbox = machine.sandbox(machine.store())) {
      Box inRun = sandbox.boxes().open(BoxSpec.inRun(run, "in", sh("cat")));
      Box own = sandbox.boxes().open(BoxSpec.own(run, "own", sh("cat")));
      machine.engine.list(machine.settings.installation()).keySet().forEach(machine.engine::remove);
      for (Box box : List.of(inRun, own)) {
        assertThat(box.end().get(60, TimeUnit.SECONDS).kind()).isEqualTo(BoxEnd.Kind.LOST);
        assertThat(box.out().read()).isEqualTo(-1);
        box.close();
      }
      try (Box anew = sandbox.boxes().open(BoxSpec.inRun(run, "in", sh("echo anew")))) {
        assertThat(reader(anew).readLine()).isEqualTo("anew");
      }
    }
  }

  @Test
  void manyAreOpenedAtOnce() throws Exception {
    try (TestEngine machine = TestEngine.open(0, List.of());
        DockerSandbox sandbox = machine.sandbox(machine.store());
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<String>> said = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        List<String> argv = sh("echo " + i);
        BoxSpec spec = i < 6 ? BoxSpec.inRun(run, "b", argv) : BoxSpec.ownReading(run, "b", argv);
        said.add(
            threads.submit(
                () -> {
                  try (Box box = sandbox.boxes().open(spec)) {
                    return reader(box).readLine();
                  }
                }));
      }
      for (int i = 0; i < said.size(); i++) {
        assertThat(said.get(i).get(120, TimeUnit.SECONDS)).isEqualTo(Integer.toString(i));
      }
    }
  }

  @Test
  void aReaderOfADiskLetsItGo() throws Exception {
    try (TestEngine machine =
        TestEngine.open(0, List.of(), true, WorkspaceLimits.ofConfig(128, 2000))) {
      DockerSandbox sandbox = machine.sandbox(machine.store());
      try {
        Files.writeString(machine.workspaces.create(run).resolve("in.txt"), "on a disk\n");
        Box box = sandbox.boxes().open(BoxSpec.ownReading(run, "r", sh("cat in.txt; cat; id")));
        assertThat(reader(box).readLine()).isEqualTo("on a disk");
        Box none = sandbox.boxes().open(BoxSpec.own(run, "o", sh("df /slot | tail -1; cat")));
        assertThat(reader(none).readLine()).doesNotContain("loop");
        sandbox.release(run);
        assertThat(box.end().get(60, TimeUnit.SECONDS).kind()).isEqualTo(BoxEnd.Kind.KILLED);
        assertThat(machine.workspaces.home(run).resolve("in.txt")).hasContent("on a disk\n");
        assertThat(machine.home.resolve("boxes")).isEmptyDirectory();
      } finally {
        sandbox.close();
      }
    }
  }

  @Test
  void aBoxReachesItsOwnHostsAndNoOthers(@TempDir Path directory) throws Exception {
    EgressGrants grants = new EgressGrants();
    List<EgressAttempt> attempts = new CopyOnWriteArrayList<>();
    try (TlsSite site = new TlsSite(directory);
        TestEngine machine = TestEngine.open(0, List.of(site.certificate()));
        EgressProxy proxy = proxy(site, grants, attempts);
        DockerSandbox sandbox = machine.sandbox(machine.store(), proxy)) {
      String url = "https://" + TlsSite.HOST + ":" + site.port() + "/";
      List<String> curl = sh("while read u; do curl -sS -m 10 -w ' %{http_code}\\n' $u; done");
      Box allowed =
          sandbox.boxes().open(BoxSpec.own(run, "github", curl).withEgress(List.of(TlsSite.HOST)));
      assertThat(ask(allowed, url)).isEqualTo("hello 200");
      assertThat(ask(allowed, "https://example.com/")).endsWith(" 000");
      try (Box other = sandbox.boxes().open(BoxSpec.own(run, "other", curl))) {
        assertThat(ask(other, url)).endsWith(" 000");
      }
      try (Box inRun = sandbox.boxes().open(BoxSpec.inRun(run, "agent", curl))) {
        assertThat(ask(inRun, url)).endsWith(" 000");
      }
      assertThat(attempts).filteredOn(EgressAttempt::allowed).hasSize(1);
      EgressAttempt first = attempts.getFirst();
      assertThat(first.callId()).isEqualTo("box/github");
      assertThat(sandbox.runOf(first.slot())).isEqualTo(run);
      allowed.close();
      assertThat(sandbox.runOf(first.slot())).isNull();
      assertThat(proxy.connections()).isZero();
      assertThatThrownBy(
              () ->
                  sandbox.boxes().open(BoxSpec.own(run, "x", curl).withEgress(List.of("no host"))))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(machine.engine.list(machine.settings.installation())).hasSize(1);
    }
  }

  private static EgressProxy proxy(
      TlsSite site, EgressGrants grants, List<EgressAttempt> attempts) {
    return new EgressProxy(
        grants,
        HostResolver.system(),
        List.of(
            new OperatorTarget(
                HostName.parse(TlsSite.HOST),
                site.port(),
                OperatorTarget.Protocol.TLS,
                InetAddress.getLoopbackAddress())),
        attempts::add,
        EgressLimits.DEFAULT);
  }

  private static String ask(Box box, String line) throws IOException {
    box.in().write((line + "\n").getBytes(StandardCharsets.UTF_8));
    return reader(box).readLine();
  }

  private static List<String> sh(String script) {
    return List.of("sh", "-c", script);
  }

  private static BufferedReader reader(Box box) {
    return new BufferedReader(new InputStreamReader(box.out(), StandardCharsets.UTF_8));
  }
}
