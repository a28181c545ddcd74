package dev.helm.cli.launch.firewall;

import dev.helm.cli.launch.Account;
import dev.helm.cli.launch.Finding;
import dev.helm.cli.launch.ProcessId;
import dev.helm.cli.launch.Progress;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Keeps chain HELM_EGRESS as it has to be, and tells the service whether it is, as long as this
 * lives. One on a machine: who has the lock.
 */
public final class Firewall implements AutoCloseable {
  /** Where the egress proxy is for containers with an interface: the gateway of their network. */
  public static final String PROXY_ADDRESS = "10.219.87.1";

  /** The port beside it. */
  public static final int PROXY_PORT = 3128;

  private static final long LOOK_EVERY_MS = 2_000;
  private static final long PATIENCE_MS = 30_000;
  private static final String SUBJECT = "firewall";

  private final Tables tables;
  private final Path file;
  private final Path locks;
  private final Progress progress;
  private final long everyMs;
  private final Thread watcher = Thread.ofPlatform().daemon().name("firewall").unstarted(this::run);
  private final CountDownLatch ending = new CountDownLatch(1);
  private @Nullable FileChannel lock;
  private String lastState = "";
  private long lastDropped;
  private boolean cut;

  /**
   * @param file where the attestation is written
   * @param locks folder of the lock
   * @param everyMs how long from one look to the next
   */
  Firewall(Tables tables, Path file, Path locks, Progress progress, long everyMs) {
    this.tables = tables;
    this.file = file;
    this.locks = locks;
    this.progress = progress;
    this.everyMs = everyMs;
  }

  /**
   * Installs the chain and watches it until {@link #close}. Where that cannot be (not root, no
   * iptables, another Helm has it) it says so in the attestation; ordinary runs need no chain.
   *
   * @param file {@code HELM_HOME/run/egress-chain.json}
   */
  public static Firewall start(Path file, Progress progress) throws InterruptedException {
    Firewall firewall = ofMachine(file, progress);
    firewall.begin();
    return firewall;
  }

  /** Takes away what a launcher that died has left; nothing of another Helm that lives. */
  public static void removeLeft(Path file, Progress progress) throws InterruptedException {
    if (Account.ownUid() != 0) {
      return;
    }
    Firewall left = ofMachine(file, progress);
    try {
      if (left.lockTaken()) {
        left.end();
      }
    } catch (IOException e) {
      progress.failed(SUBJECT + " · not removed · " + e.getMessage());
    }
  }

  /**
   * What doctor says of the chain; changes nothing.
   *
   * @param running whether Helm runs here now
   */
  public static Finding inspect(boolean running) throws InterruptedException {
    String unneeded = "only containers with a network interface are refused; runs have none";
    if (Account.ownUid() != 0) {
      return new Finding(
          Finding.Level.NOTE, SUBJECT, "not installed: Helm is not root here", unneeded);
    }
    if (!running) {
      return new Finding(Finding.Level.FINE, SUBJECT, "helm up installs " + ChainRules.CHAIN, "");
    }
    try {
      Tables.Look look = machineTables().look();
      return look.faults().isEmpty()
          ? new Finding(
              Finding.Level.FINE,
              SUBJECT,
              ChainRules.CHAIN + " is in place · packets dropped: " + look.dropped(),
              "")
          : new Finding(
              Finding.Level.WRONG,
              SUBJECT,
              String.join("; ", look.faults()),
              "the launcher puts it back; if this stays, see what else writes iptables rules");
    } catch (IOException e) {
      return new Finding(
          Finding.Level.NOTE,
          SUBJECT,
          "unavailable: " + e.getMessage(),
          "install iptables; until then " + unneeded);
    }
  }

  private static Firewall ofMachine(Path file, Progress progress) {
    return new Firewall(machineTables(), file, Path.of("/run"), progress, LOOK_EVERY_MS);
  }

  private static Tables machineTables() {
    return new Tables(new Machine(List.of()), PROXY_ADDRESS, PROXY_PORT);
  }

  void begin() throws InterruptedException {
    look();
    watcher.start();
  }

  private void run() {
    try {
      while (!ending.await(everyMs, TimeUnit.MILLISECONDS)) {
        look();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One round: look, withdraw and repair if need be, tell. */
  private synchronized void look() throws InterruptedException {
    try {
      if (Account.ownUid() != 0) {
        tellOrWithdraw(Attestation.UNAVAILABLE, "Helm was not started as root", NOTHING);
      } else if (!lockTaken()) {
        tellOrWithdraw(
            Attestation.UNAVAILABLE, "another Helm on this machine has the chain", NOTHING);
      } else {
        examine();
      }
    } catch (IOException | RuntimeException e) {
      // Attack: the tables cannot be read or mended while containers run. Safeguard: bridges that
      // are there are cut, and no good word of them is given; the next round comes anyhow.
      failed(String.valueOf(e.getMessage()));
    }
  }

  private static final Tables.Look NOTHING = new Tables.Look(List.of(), List.of(), 0);

  private void examine() throws IOException, InterruptedException {
    Tables.Look look = tables.look();
    if (!look.faults().isEmpty()) {
      String why = String.join("; ", look.faults());
      boolean first = !lastState.equals(Attestation.INTACT);
      // Attack: the disk is full, so that the word cannot be written. Safeguard: mend first, then
      // tell.
      repair(why);
      if (!first) {
        tellOrWithdraw(Attestation.ALTERED, why, look);
      }
      look = tables.look();
      if (!look.faults().isEmpty()) {
        failed(String.join("; ", look.faults()));
        return;
      }
      if (!first) {
        progress.failed(SUBJECT + " · was altered and put back · " + why);
      }
    } else if (look.dropped() < lastDropped) {
      progress.failed(SUBJECT + " · someone else made " + ChainRules.CHAIN + " anew");
    }
    lastDropped = look.dropped();
    if (cut) {
      tables.joinBridges();
      cut = false;
    }
    tellOrWithdraw(Attestation.INTACT, "", look);
  }

  private void repair(String why) throws IOException, InterruptedException {
    try {
      tables.repair();
    } catch (IOException e) {
      throw new IOException(why + " · not put back: " + e.getMessage(), e);
    }
  }

  private void failed(String why) throws InterruptedException {
    try {
      if (lock != null && !cut) {
        tables.cutBridges();
        cut = true;
      }
    } catch (IOException | RuntimeException e) {
      progress.failed(SUBJECT + " · bridges are not cut · " + e.getMessage());
    }
    boolean wasThere =
        lastState.equals(Attestation.INTACT) || lastState.equals(Attestation.ALTERED);
    tellOrWithdraw(wasThere ? Attestation.ALTERED : Attestation.UNAVAILABLE, why, NOTHING);
  }

  /** A word that cannot be given is no reason to stop guarding; the old one must not stay. */
  private void tellOrWithdraw(String state, String why, Tables.Look look) {
    try {
      tell(state, why, look);
    } catch (IOException | RuntimeException e) {
      progress.failed(SUBJECT + " · its state cannot be told · " + e.getMessage());
      withdraw();
    }
  }

  private void withdraw() {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      progress.failed(SUBJECT + " · " + e.getMessage()); // the service stops believing it soon
    }
  }

  private void tell(String state, String why, Tables.Look look) throws IOException {
    if (!state.equals(lastState)) {
      switch (state) {
        case Attestation.INTACT -> progress.done(SUBJECT + " · " + ChainRules.CHAIN + " in place");
        case Attestation.UNAVAILABLE ->
            progress.held(
                SUBJECT + " · " + why + " · only containers with an interface are refused");
        default -> progress.failed(SUBJECT + " · " + why);
      }
    }
    lastState = state;
    new Attestation(
            state,
            why,
            ProcessId.boot(),
            Attestation.uptime(),
            PROXY_ADDRESS + ":" + PROXY_PORT,
            look.bridges(),
            look.dropped())
        .write(file);
  }

  /** The kernel frees the lock when the launcher dies. */
  private synchronized boolean lockTaken() throws IOException, InterruptedException {
    if (lock != null) {
      return true;
    }
    String name = "helm-egress-" + tables.namespace().replaceAll("[^0-9]", "") + ".lock";
    FileChannel channel =
        FileChannel.open(locks.resolve(name), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (channel.tryLock() != null) {
        lock = channel;
        return true;
      }
    } catch (java.nio.channels.OverlappingFileLockException e) {
      channel.close();
      return false;
    }
    channel.close();
    return false;
  }

  private synchronized void end() throws IOException, InterruptedException {
    Files.deleteIfExists(file);
    FileChannel held = lock;
    if (held != null) {
      tables.remove();
      lock = null;
      held.close();
    }
  }

  /** Withdraws the attestation, then removes the chain if it is this one's. */
  @Override
  public void close() {
    ending.countDown();
    try {
      watcher.join(PATIENCE_MS);
      end();
    } catch (IOException e) {
      progress.failed(SUBJECT + " · not removed · " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
