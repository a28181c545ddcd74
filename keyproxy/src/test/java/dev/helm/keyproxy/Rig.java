package dev.helm.keyproxy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/** A proxy between a fake upstream and a fake ledger, all on real sockets. */
final class Rig implements AutoCloseable {
  static final String KEY = "sk-real-key-0123456789";

  final FakeLedger ledger;
  final FakeUpstream upstream;
  final ProxyServer proxy;
  final Path folder;
  final ByteArrayOutputStream log = new ByteArrayOutputStream();

  Rig(FakeUpstream.Answer answer) throws Exception {
    this(answer, Limits.standard());
  }

  Rig(FakeUpstream.Answer answer, Limits limits) throws Exception {
    this(new FakeUpstream(answer), "http://127.0.0.1:", null, limits);
  }

  Rig(FakeUpstream upstream, String scheme, @Nullable SSLSocketFactory tls, Limits limits)
      throws Exception {
    folder = Files.createTempDirectory("kp");
    this.upstream = upstream;
    ledger = new FakeLedger(folder.resolve("l.sock"));
    Path secret = Files.writeString(folder.resolve("secret"), FakeLedger.SECRET);
    Options options =
        new Options(
            UpstreamAddress.parse(scheme + upstream.port()),
            List.of(Listener.address("tcp:127.0.0.1:0")),
            folder.resolve("l.sock"),
            secret);
    ModelKey key =
        ModelKey.read(new ByteArrayInputStream((KEY + "\n").getBytes(StandardCharsets.UTF_8)));
    CallLog calls = new CallLog(new PrintStream(log, true, StandardCharsets.UTF_8));
    proxy = ProxyServer.open(options, key, tls, limits, calls);
    if (!proxy.awaitLedger(10_000)) {
      throw new IOException("no ledger");
    }
  }

  /** Short times, so that time-outs can be seen. */
  static Limits shortTimes() {
    Limits all = Limits.standard();
    return new Limits(
        all.sizes(),
        new Limits.ClientTimes(3_000, 1_000, 1_000, 2_000, 500),
        new Limits.UpstreamTimes(2_000, 500, 500, 1_000, 20_000, 5_000),
        new Limits.LedgerTimes(600, 2_000, 300, 200));
  }

  RawClient client() throws IOException {
    return new RawClient(proxy.port());
  }

  RawClient.Answer exchange(String request) throws IOException {
    try (RawClient client = client()) {
      return client.send(request).read();
    }
  }

  /** Waits until something holds; fails when ten seconds are over. */
  static void until(BooleanSupplier condition) {
    long dueNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - dueNanos > 0) {
        throw new AssertionError("it did not come true within 10 s");
      }
      Thread.onSpinWait();
      java.util.concurrent.locks.LockSupport.parkNanos(200_000);
    }
  }

  String log() {
    return log.toString(StandardCharsets.UTF_8);
  }

  @Override
  public void close() throws IOException {
    proxy.close();
    upstream.close();
    ledger.close();
    try (var files = Files.list(folder)) {
      files.forEach(file -> file.toFile().delete());
    }
    Files.delete(folder);
  }
}
