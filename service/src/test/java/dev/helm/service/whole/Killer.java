package dev.helm.service.whole;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Chooses whom to kill and when, kills, and measures how long everything takes to come back. */
final class Killer {
  /** Everything that a run needs; {@code container} is the one that the run works in. */
  static final List<String> VICTIMS =
      List.of("service", "temporal", "keyproxy", "practice", "engine", "container");

  private static final int AIMED_PERCENT = 40;
  private static final int IMPATIENT_PERCENT = 30;
  private static final long BACK_MS = 60_000;

  /**
   * One kill.
   *
   * @param backMs until the part answered again; -1 while or where not known
   */
  static final class Kill {
    final String victim;
    final String run;
    final Instant at;
    final long atNs;
    volatile long backMs = -1;

    Kill(String victim, String run) {
      this.victim = victim;
      this.run = run;
      this.at = Instant.now();
      this.atNs = System.nanoTime();
    }
  }

  private final Launched helm;
  private final Rest rest;
  private final Random random;
  private final List<Kill> kills = new ArrayList<>();
  private final List<String> bag = new ArrayList<>();

  Killer(Launched helm, Rest rest, Random random) {
    this.helm = helm;
    this.rest = rest;
    this.random = random;
  }

  List<Kill> kills() {
    return List.copyOf(kills);
  }

  /** Lets a random part of this time go by; false when the run ended in it. */
  boolean idle(Follower follower, int atMostMs) throws InterruptedException {
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(random.nextInt(atMostMs));
    while (System.nanoTime() < until && !follower.finished()) {
      Thread.sleep(5);
    }
    return !follower.finished();
  }

  /** Waits for a random moment and kills somebody; false when the run ended before. */
  boolean strike(Follower follower, String run) throws InterruptedException, IOException {
    if (random.nextInt(100) >= IMPATIENT_PERCENT && !kills.isEmpty()) {
      awaitHealthy(BACK_MS);
    }
    boolean aimed = random.nextInt(100) < AIMED_PERCENT;
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(aimed ? 10 : 0);
    while (follower.openCall() == null && !follower.finished() && System.nanoTime() < deadline) {
      Thread.sleep(5);
    }
    Thread.sleep(random.nextInt(aimed ? 1_000 : 2_500));
    if (follower.finished()) {
      return false;
    }
    String victim = next();
    Long pid = victim.equals("container") ? container() : helm.pid(victim);
    if (pid == null) {
      bag.addFirst(victim); // it is being started again, or the run holds no container yet
      return true;
    }
    Kill kill = new Kill(victim, run);
    ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    kills.add(kill);
    System.out.printf(
        "chaos: kill %d · %s · pid %d · %s%n",
        kills.size(), victim, pid, follower.openCall() == null ? "" : "in a call");
    Thread.ofVirtual().start(() -> measure(kill, pid));
    return true;
  }

  /** All victims come up equally often, in random order. */
  private String next() {
    if (bag.isEmpty()) {
      bag.addAll(VICTIMS);
      Collections.shuffle(bag, random);
    }
    return bag.removeFirst();
  }

  private @Nullable Long container() throws IOException {
    String slot = helm.busySlot();
    return slot == null ? null : helm.containers().get(slot);
  }

  private void measure(Kill kill, long pid) {
    try {
      long deadline = kill.atNs + TimeUnit.MILLISECONDS.toNanos(BACK_MS);
      while (System.nanoTime() < deadline) {
        Long now = kill.victim.equals("container") ? container() : helm.pid(kill.victim);
        if (now != null && now != pid && answers(kill.victim)) {
          kill.backMs = (System.nanoTime() - kill.atNs) / 1_000_000;
          return;
        }
        Thread.sleep(25);
      }
    } catch (InterruptedException | IOException e) {
      return;
    }
  }

  private boolean answers(String victim) throws InterruptedException {
    return switch (victim) {
      case "temporal" -> listens(helm.port + 2);
      case "practice" -> listens(helm.port + 3);
      case "keyproxy" -> listens(helm.port + 4);
      case "service" -> rest.tryGet("/api/health") != null;
      case "engine" -> engineListens();
      default -> true;
    };
  }

  private static boolean listens(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 200);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private boolean engineListens() {
    try (SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      socket.connect(UnixDomainSocketAddress.of(helm.home.resolve("run/docker.sock")));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Waits until the service says that every part is well. */
  boolean awaitHealthy(long waitMs) throws InterruptedException {
    long deadline = System.nanoTime() + waitMs * 1_000_000;
    while (System.nanoTime() < deadline) {
      Rest.Answer status = rest.tryGet("/api/status");
      if (status != null && status.body().path("backend").asText().equals("healthy")) {
        return true;
      }
      Thread.sleep(100);
    }
    return false;
  }

  /** A table: the part's own return, and the time until the killed run's log went on. */
  String table(Map<String, List<Follower.Arrived>> streams) {
    StringBuilder table =
        new StringBuilder("killed     n   back p50 ms   max   next event p50 ms   max\n");
    for (String victim : VICTIMS) {
      List<Long> back = new ArrayList<>();
      List<Long> moved = new ArrayList<>();
      for (Kill kill : kills) {
        if (kill.victim.equals(victim)) {
          if (kill.backMs >= 0) {
            back.add(kill.backMs);
          }
          streams.getOrDefault(kill.run, List.of()).stream()
              .filter(event -> event.atNs() > kill.atNs && !event.type().equals("message.queued"))
              .findFirst()
              .ifPresent(event -> moved.add((event.atNs() - kill.atNs) / 1_000_000));
        }
      }
      Map<String, List<Long>> columns = new LinkedHashMap<>();
      columns.put("back", back);
      columns.put("moved", moved);
      long count = kills.stream().filter(kill -> kill.victim.equals(victim)).count();
      table.append("%-9s %2d".formatted(victim, count));
      columns.values().forEach(values -> table.append(middleAndWorst(values)));
      table.append('\n');
    }
    return table.toString();
  }

  private static String middleAndWorst(List<Long> values) {
    List<Long> sorted = values.stream().sorted().toList();
    return sorted.isEmpty()
        ? "%14s %6s".formatted("-", "-")
        : "%14d %6d".formatted(sorted.get(sorted.size() / 2), sorted.getLast());
  }
}
