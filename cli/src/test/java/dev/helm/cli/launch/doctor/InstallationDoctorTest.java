package dev.helm.cli.launch.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import dev.helm.cli.launch.Account;
import dev.helm.cli.launch.Finding;
import dev.helm.cli.launch.Finding.Level;
import dev.helm.cli.launch.ProcessId;
import dev.helm.cli.launch.RunState;
import dev.helm.cli.launch.Settings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** The same for the engine, the processes, and the report as a whole. */
class InstallationDoctorTest extends PlantedMachine {
  // ---- installation and network ------------------------------------------------------------

  @Test
  void aTakenPort() throws Exception {
    try (var other = new java.net.ServerSocket()) {
      other.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
      int port = Math.min(other.getLocalPort(), 65_530);
      Finding found = of(new ProcessCheck(site(Map.of("HELM_PORT", "" + port))).look(), "port");
      assertThat(found.level()).isEqualTo(Level.WRONG);
      assertThat(found.text()).contains("pid " + ProcessHandle.current().pid());
    }
  }

  @Test
  void temporalThatIsNotThereAndCannotBeBuilt() throws Exception {
    Map<String, String> env = Map.of("HELM_TEMPORAL_BIN", folder + "/none");
    assertThat(of(new ProcessCheck(site(env)).look(), "Temporal").level()).isEqualTo(Level.WRONG);
    programs.put("go version", "go1.26");
    assertThat(of(new ProcessCheck(site(env)).look(), "Temporal").level()).isEqualTo(Level.NOTE);
    env = Map.of("TEMPORAL_ADDRESS", "127.0.0.1:1");
    assertThat(of(new ProcessCheck(site(env)).look(), "Temporal").level()).isEqualTo(Level.WRONG);
  }

  @Test
  void everyHostOutsideIsNamedAndNoPasswordIs() throws Exception {
    Files.createDirectory(home.resolve("keys"));
    Files.writeString(home.resolve("keys/model.key"), "k");
    Files.writeString(
        home.resolve("config.yml"),
        "egress:\n  targets:\n    - {host: crm.internal, port: 443, address: 10.1.2.3}\n");
    Site site =
        site(
            Map.of(
                "HELM_SMTP_URL", "smtps://me:secret@relay.example:465",
                "HELM_MODEL_UPSTREAM", "https://models.example/v1?key=hidden"));
    String all = new OutgoingCheck(site).look().toString();
    assertThat(all)
        .contains("models.example", "relay.example:465", "crm.internal at 10.1.2.3", "telemetry")
        .doesNotContain("secret", "hidden");
    assertThat(of(new OutgoingCheck(site).look(), "mail").level()).isEqualTo(Level.FINE);
    Files.writeString(home.resolve("config.yml"), "egress: [");
    assertThat(of(new OutgoingCheck(site).look(), "config.yml").level()).isEqualTo(Level.WRONG);
  }

  // ---- engine ------------------------------------------------------------------------------

  @Test
  void anEngineThatFiltersNothingOrIsRootless() throws Exception {
    String good =
        "{\"SecurityOptions\":[\"name=seccomp,profile=default\"],\"DefaultRuntime\":\"runc\","
            + "\"MemoryLimit\":true,\"PidsLimit\":true,\"CpuCfsQuota\":true,\"SwapLimit\":true}";
    assertThat(EngineCheck.info(json(good))).allMatch(f -> f.level() == Level.FINE);
    for (String[] defect :
        new String[][] {
          {"name=seccomp,profile=default", "name=seccomp,profile=unconfined", "engine's seccomp"},
          {"name=seccomp,profile=default\"", "name=seccomp\",\"name=rootless\"", "rootless engine"},
          {"\"runc\"", "\"runsc\"", "runtime"},
          {"\"PidsLimit\":true", "\"PidsLimit\":false", "limits"}
        }) {
      assertThat(of(EngineCheck.info(json(good.replace(defect[0], defect[1]))), defect[2]).level())
          .isEqualTo(Level.WRONG);
    }
  }

  private static JsonNode json(String text) throws IOException {
    return new ObjectMapper().readTree(text);
  }

  @Test
  void anEngineWhoseSocketIsOpenToEveryoneAndWhoseRuncIsOld() throws Exception {
    Path socket = folder.resolve("e.sock");
    try (ServerSocketChannel engine = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      engine.bind(UnixDomainSocketAddress.of(socket));
      Thread.startVirtualThread(() -> serve(engine));
      Site site = site(Map.of("HELM_ENGINE", "unix://" + socket));
      mode(socket, "rw-rw----");
      List<Finding> findings = new EngineCheck(site).look();
      assertThat(of(findings, "engine").level()).isEqualTo(Level.FINE);
      assertThat(of(findings, "engine's door").level()).isEqualTo(Level.FINE);
      assertThat(of(findings, "containerd escapes").level()).isEqualTo(Level.FINE);
      assertThat(of(findings, "runc escapes").level()).isEqualTo(Level.WRONG);
      assertThat(of(findings, "runc escapes").text()).contains("CVE-2024-21626");
      mode(socket, "rw-rw-rw-");
      assertThat(of(new EngineCheck(site).look(), "engine's door").level()).isEqualTo(Level.WRONG);
    }
    assertThat(
            of(new EngineCheck(site(Map.of("HELM_ENGINE", "unix://" + socket))).look(), "engine")
                .level())
        .as("nobody answers")
        .isEqualTo(Level.WRONG);
    assertThat(of(new EngineCheck(site(Map.of())).look(), "engine").repair()).contains("helm up");
  }

  private static void serve(ServerSocketChannel engine) {
    String version =
        "{\"Version\":\"28.5.0\",\"ApiVersion\":\"1.51\",\"Components\":["
            + "{\"Name\":\"containerd\",\"Version\":\"v1.7.29\"},"
            + "{\"Name\":\"runc\",\"Version\":\"1.1.11\"}]}";
    String info = "{\"SecurityOptions\":[\"name=seccomp\"],\"DefaultRuntime\":\"runc\"}";
    try {
      while (true) {
        try (SocketChannel call = engine.accept()) {
          ByteBuffer asked = ByteBuffer.allocate(1024);
          call.read(asked);
          String body =
              new String(asked.array(), StandardCharsets.UTF_8).contains("/info") ? info : version;
          call.write(
              ByteBuffer.wrap(("HTTP/1.0 200 OK\r\n\r\n" + body).getBytes(StandardCharsets.UTF_8)));
        }
      }
    } catch (IOException e) {
      // The test is over.
    }
  }

  // ---- while Helm runs ----------------------------------------------------------------------

  /** A Helm of which one child is this test, and another has died. */
  private RunState running(int port) {
    ProcessId self = ProcessId.self();
    return new RunState(
        "0",
        RunState.Phase.HEALTHY,
        ProcessId.boot(),
        self,
        port,
        "",
        false,
        true,
        List.of(
            new RunState.ChildState("service", self, 0),
            new RunState.ChildState("temporal", self, 3)));
  }

  @Test
  void aLogThatTakesNoEventsIsToldWithItsReason() throws Exception {
    HttpServer admin = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    AtomicReference<String> answer = new AtomicReference<>("{\"log\":{\"healthy\":true}}");
    admin.createContext(
        "/healthcheck",
        call -> {
          byte[] body = answer.get().getBytes(StandardCharsets.UTF_8);
          call.sendResponseHeaders(answer.get().contains("true") ? 200 : 500, body.length);
          call.getResponseBody().write(body);
          call.close();
        });
    admin.start();
    try {
      int port = admin.getAddress().getPort() - 1;
      org.junit.jupiter.api.Assumptions.assumeTrue(port <= 65_530);
      Site site = running(site(Map.of()), running(port));
      assertThat(of(new ProcessCheck(site).look(), "event log").level()).isEqualTo(Level.FINE);
      answer.set("{\"log\":{\"healthy\":false,\"message\":\"the disk is full\"}}");
      Finding found = of(new ProcessCheck(site).look(), "event log");
      assertThat(found.level()).isEqualTo(Level.WRONG);
      assertThat(found.text()).contains("the disk is full");
      assertThat(of(new ProcessCheck(site).look(), "process").level()).isEqualTo(Level.WARN);
      assertThat(of(new ProcessCheck(site).look(), "processes").text()).contains("service");
    } finally {
      admin.stop(0);
    }
    int closed = admin.getAddress().getPort() - 1;
    assertThat(
            of(new ProcessCheck(running(site(Map.of()), running(closed))).look(), "service")
                .level())
        .isEqualTo(Level.WRONG);
  }

  @Test
  void aChainThatWasAlteredIsToldToWhoIsNotRootToo() throws Exception {
    put("/proc/sys/kernel/random/boot_id", "b-1");
    put("/proc/uptime", "100.50 80.00");
    Path said = Files.createDirectory(home.resolve("run")).resolve("egress-chain.json");
    Site now = running(site(Map.of()), running(4356));
    Site site = new Site(now.settings(), now.running(), now.machine(), 12_345);
    String word = "{\"state\":\"%s\",\"why\":\"rule 2 is gone\",\"boot\":\"%s\",\"uptimeMs\":%d}";
    Files.writeString(said, word.formatted("intact", "b-1", 99_000));
    assertThat(chain(site)).isEqualTo(Level.FINE);
    Files.writeString(said, word.formatted("altered", "b-1", 99_000));
    assertThat(chain(site)).isEqualTo(Level.WRONG);
    Files.writeString(said, word.formatted("intact", "b-1", 20_000));
    assertThat(chain(site)).as("an old word").isEqualTo(Level.WRONG);
    Files.writeString(said, word.formatted("intact", "b-0", 99_000));
    assertThat(chain(site)).as("of another boot").isEqualTo(Level.WRONG);
    Files.writeString(said, "not JSON");
    assertThat(chain(site)).isEqualTo(Level.WARN);
    Files.delete(said);
    assertThat(chain(site)).isEqualTo(Level.NOTE);
  }

  private static Level chain(Site site) {
    return of(new BoundaryCheck(site).look(), "firewall").level();
  }

  private static Site running(Site site, RunState state) {
    return new Site(site.settings(), Optional.of(state), site.machine(), site.ownUid());
  }

  // ---- the whole ---------------------------------------------------------------------------

  @Test
  void theWholeReportOfThisMachineHasWordsForEverything() throws Exception {
    Report report =
        Report.of(
            new Site(
                Settings.read(Map.of("HELM_HOME", home.toString()), null, null),
                Optional.empty(),
                Machine.real(),
                Account.ownUid()));
    assertThat(report.sections()).hasSize(5);
    assertThat(report.exitStatus()).isEqualTo(report.count(Level.WRONG) == 0 ? 0 : 1);
    for (Report.Section section : report.sections()) {
      for (Finding finding : section.findings()) {
        assertThat(finding.text()).as(finding.toString()).isNotBlank();
        if (finding.level() == Level.WRONG || finding.level() == Level.WARN) {
          assertThat(finding.repair()).as(finding.toString()).isNotBlank();
        }
      }
    }
  }

  @Test
  void anOldTableIsToldToBeOld() throws Exception {
    Escapes escapes = Escapes.read();
    assertThat(new EscapeCheck(site(Map.of()), escapes, List.of(), escapes.asOf()).look())
        .isEmpty();
    LocalDate later = escapes.asOf().plusYears(2);
    assertThat(
            of(new EscapeCheck(site(Map.of()), escapes, List.of(), later).look(), "newer escapes"))
        .extracting(Finding::level)
        .isEqualTo(Level.WARN);
  }
}
