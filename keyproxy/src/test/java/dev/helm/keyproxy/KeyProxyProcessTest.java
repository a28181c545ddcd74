package dev.helm.keyproxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The process itself: its start, its end, and a kill in the middle of a call. */
class KeyProxyProcessTest {
  @TempDir private Path folder;

  @Test
  void startsServesAndStops() throws Exception {
    try (Rig rig = new Rig((request, socket, out) -> Sse.send(out));
        KeyProxyProcess one = start(rig)) {
      System.out.println("ready after " + one.readyMs + " ms");
      try (RawClient client = new RawClient(one.port)) {
        assertThat(client.send(RawClient.post(RawClient.BODY)).read().text())
            .isEqualTo(Sse.whole(3));
      }
      Path fd0 = Path.of("/proc/" + one.pid() + "/fd/0");
      if (Files.isSymbolicLink(fd0)) {
        assertThat(Files.readSymbolicLink(fd0)).isEqualTo(Path.of("/dev/null"));
      }
      Path commandLine = Path.of("/proc/" + one.pid() + "/cmdline");
      if (Files.exists(commandLine)) {
        assertThat(Files.readString(commandLine)).doesNotContain(Rig.KEY, FakeLedger.SECRET);
      }
      assertThat(one.stop()).isTrue();
    }
  }

  /** Each body alone fits, all of them together would not fit into the heap. */
  @Test
  void manyLargeBodiesDoNotEndTheProcess() throws Exception {
    byte[] request =
        Sse.bytes(RawClient.post(RawClient.BODY.replace("hello", "x".repeat(15 << 20))));
    try (Rig rig = new Rig((call, socket, out) -> Sse.send(out));
        KeyProxyProcess one = start(rig);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Integer>> statuses = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        statuses.add(
            threads.submit(
                () -> {
                  try (RawClient client = new RawClient(one.port)) {
                    return client.sendAnyway(request).read().status();
                  }
                }));
      }
      for (Future<Integer> status : statuses) {
        // A client that is still sending when it is refused may see a reset in place of the 529.
        assertThat(status.get()).isIn(200, 529, 0);
      }
      try (RawClient client = new RawClient(one.port)) {
        assertThat(client.send(request).read().status()).isEqualTo(200);
      }
    }
  }

  @Test
  void aKillMidStreamIsChargedByTheNextBoot() throws Exception {
    try (Rig rig =
        new Rig(
            (request, socket, out) -> {
              out.write(Sse.bytes(Sse.HEAD));
              Sse.chunk(out, Sse.start());
              FakeUpstream.awaitClose(socket);
            })) {
      try (KeyProxyProcess first = start(rig);
          RawClient client = new RawClient(first.port)) {
        client.send(RawClient.post(RawClient.BODY));
        assertThat(client.in.read()).isEqualTo('H');
        assertThat(rig.ledger.open).hasSize(1);
        first.kill();
        assertThat(restOf(client)).doesNotContain("\r\n0\r\n");
      }
      assertThat(rig.ledger.open).hasSize(1);
      try (KeyProxyProcess second = start(rig)) {
        assertThat(second.readyMs).isPositive();
        assertThat(rig.ledger.open).isEmpty();
        assertThat(
                rig.ledger.of("hello").stream().map(line -> line.members().get("boot")).distinct())
            .hasSize(3);
      }
    }
  }

  @Test
  void refusesToStartWithoutWhatItNeeds() throws Exception {
    Path secret = Files.writeString(folder.resolve("secret"), "too short");
    String[] good = {
      "--upstream",
      "http://127.0.0.1:1",
      "--listen",
      "tcp:127.0.0.1:0",
      "--ledger",
      "/nowhere",
      "--secret-file",
      secret.toString()
    };
    assertThat(exit("", good)).isEqualTo(2);
    assertThat(exit("a key of several words", good)).isEqualTo(2);
    assertThat(exit(Rig.KEY, good)).isEqualTo(2);
    assertThat(exit(Rig.KEY, "--upstream", "http://example.test")).isEqualTo(2);
    assertThat(exit(Rig.KEY, "--what", "x")).isEqualTo(2);
    assertThat(exit(Rig.KEY)).isEqualTo(2);
  }

  private static int exit(String key, String... args) throws Exception {
    Process process = KeyProxyProcess.launch(key, args);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }

  private static String restOf(RawClient client) throws Exception {
    StringBuilder rest = new StringBuilder();
    try {
      for (int c = client.in.read(); c >= 0; c = client.in.read()) {
        rest.append((char) c);
      }
    } catch (java.net.SocketException e) {
      // A reset ends the answer as well.
    }
    return rest.toString();
  }

  private KeyProxyProcess start(Rig rig) throws Exception {
    return KeyProxyProcess.start(
        "http://127.0.0.1:" + rig.upstream.port(),
        rig.folder.resolve("l.sock"),
        rig.folder.resolve("secret"));
  }
}
