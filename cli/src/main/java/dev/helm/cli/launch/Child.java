package dev.helm.cli.launch;

import dev.helm.cli.launch.ProcessSpec.Input;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** One supervised process: started, logged, started again whenever it dies, until it is stopped. */
final class Child {
  static final long FIRST_BACKOFF_MS = 200;
  static final long MAX_BACKOFF_MS = 5_000;
  private static final long LONG_LIFE_MS = 20_000;
  private static final int EARLY_DEATHS = 3;
  private static final int MAX_LINE_CHARS = 16_384;
  private static final int SHOWN_LINES = 8;
  private static final int SHOWN_CHARS = 240;

  private final ProcessSpec spec;
  private final ExecutorService spawner;
  private final RotatingLog log;
  private final Progress progress;
  private final Runnable changed;
  private final CountDownLatch stopping = new CountDownLatch(1);
  private final CountDownLatch ended = new CountDownLatch(1);
  private final CompletableFuture<Duration> firstReady = new CompletableFuture<>();
  private volatile @Nullable ProcessId current;
  private volatile int restarts;

  /**
   * @param spawner one thread that outlives the process: the kernel's death signal follows the
   *     thread that forked
   * @param changed called whenever the process has another pid
   */
  Child(
      ProcessSpec spec,
      ExecutorService spawner,
      RotatingLog log,
      Progress progress,
      Runnable changed) {
    this.spec = spec;
    this.spawner = spawner;
    this.log = log;
    this.progress = progress;
    this.changed = changed;
  }

  ProcessSpec spec() {
    return spec;
  }

  @Nullable ProcessId current() {
    return current;
  }

  int restarts() {
    return restarts;
  }

  /** Begins the endless life; returns at once. */
  void start() {
    Thread.ofVirtual().name("child-" + spec.name()).start(this::live);
  }

  /**
   * How long it took to be ready for the first time; empty while it is not.
   *
   * @param waitedMs how long has been waited
   * @throws LaunchException when it died too often, or has had its time
   */
  Optional<Duration> ready(long waitedMs) throws LaunchException {
    return switch (firstReady.state()) {
      case SUCCESS -> Optional.of(firstReady.resultNow());
      case FAILED -> throw problem(String.valueOf(firstReady.exceptionNow().getMessage()));
      case CANCELLED -> Optional.empty();
      case RUNNING -> {
        if (waitedMs > spec.readyMs()) {
          throw problem("is not ready after " + spec.readyMs() / 1000 + " s");
        }
        yield Optional.empty();
      }
    };
  }

  /** Ends it: SIGTERM, time to finish, then SIGKILL. Returns when it is gone. */
  void stop() throws InterruptedException {
    stopping.countDown();
    ProcessId life = current;
    if (life != null) {
      life.end(false);
    }
    if (!ended.await(spec.graceMs(), TimeUnit.MILLISECONDS)) {
      log.line("-- helm: did not end within " + spec.graceMs() + " ms, killed");
      ProcessId left = current;
      if (left != null) {
        left.end(true);
      }
      ended.await(5, TimeUnit.SECONDS);
    }
    log.close();
  }

  private void live() {
    long backoffMs = FIRST_BACKOFF_MS;
    try {
      while (stopping.getCount() > 0) {
        long began = System.nanoTime();
        int code = oneLife(began);
        long livedMs = (System.nanoTime() - began) / 1_000_000;
        if (stopping.getCount() == 0) {
          return;
        }
        restarts++;
        failEarly(code);
        backoffMs = livedMs > LONG_LIFE_MS ? FIRST_BACKOFF_MS : backoffMs;
        String text =
            "%s · ended with %s after %.1f s · starts again in %.1f s"
                .formatted(spec.name(), exitText(code), livedMs / 1000.0, backoffMs / 1000.0);
        log.line("-- helm: " + text);
        progress.failed(text);
        if (stopping.await(backoffMs, TimeUnit.MILLISECONDS)) {
          return;
        }
        backoffMs = Math.min(MAX_BACKOFF_MS, backoffMs * 2);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      ended.countDown();
    }
  }

  private void failEarly(int code) {
    if (restarts >= EARLY_DEATHS && !firstReady.isDone()) {
      firstReady.completeExceptionally(
          new IllegalStateException(
              "ended " + restarts + " times, the last time with " + exitText(code)));
    }
  }

  private int oneLife(long began) throws InterruptedException {
    Process process;
    try {
      process = onSpawner(this::spawn);
    } catch (ExecutionException e) {
      log.line("-- helm: could not be started: " + e.getCause());
      return -1;
    }
    ProcessId life = ProcessId.of(process.pid()).orElse(new ProcessId(process.pid(), 0));
    current = life;
    changed.run();
    if (stopping.getCount() == 0) {
      life.end(false); // stop() came between its check and the start
    }
    CompletableFuture<Void> readyLine = new CompletableFuture<>();
    Thread pump = Thread.ofVirtual().start(() -> pump(process, readyLine));
    Thread watch = Thread.ofVirtual().start(() -> watchReady(process, readyLine, began));
    feed(process);
    int code = process.waitFor();
    watch.interrupt();
    // A grandchild may hold the pipe open; the log of a dead process is not worth waiting for.
    pump.join(Duration.ofMillis(500));
    current = null;
    return code;
  }

  private <T> T onSpawner(Callable<T> work) throws InterruptedException, ExecutionException {
    return spawner.submit(work).get();
  }

  private Process spawn() throws IOException, InterruptedException {
    for (Path leftover : spec.pidFiles()) {
      LeftoverPidFile.clear(leftover);
    }
    ProcessBuilder builder = new ProcessBuilder(spec.commandLine()).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().putAll(spec.env());
    switch (spec.input()) {
      case Input.Nothing none -> builder.redirectInput(Path.of("/dev/null").toFile());
      case Input.File file -> builder.redirectInput(file.path().toFile());
      case Input.Text text -> builder.redirectInput(ProcessBuilder.Redirect.PIPE);
    }
    return builder.start();
  }

  private void feed(Process process) {
    if (!(spec.input() instanceof Input.Text(String text))) {
      return;
    }
    try (OutputStream in = process.getOutputStream()) {
      in.write(text.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      log.line("-- helm: did not read its input");
    }
  }

  private void pump(Process process, CompletableFuture<Void> readyLine) {
    String wanted = spec.readiness() instanceof Readiness.OutputLine(String start) ? start : null;
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = LimitedLines.next(out, MAX_LINE_CHARS);
          line != null;
          line = LimitedLines.next(out, MAX_LINE_CHARS)) {
        log.line(line);
        if (wanted != null && line.startsWith(wanted)) {
          readyLine.complete(null);
        }
      }
    } catch (IOException e) {
      log.line("-- helm: its output ended: " + e.getMessage());
    }
  }

  private void watchReady(Process process, CompletableFuture<Void> readyLine, long began) {
    try {
      Probe.await(spec.readiness(), readyLine, process::isAlive);
    } catch (InterruptedException e) {
      return; // it died first
    }
    Duration took = Duration.ofNanos(System.nanoTime() - began);
    if (!firstReady.complete(took)) {
      progress.done("%s · ready again · %.1f s".formatted(spec.name(), took.toMillis() / 1000.0));
    }
  }

  private LaunchException problem(String what) {
    List<String> tail = log.tail();
    String end =
        tail.subList(Math.max(0, tail.size() - SHOWN_LINES), tail.size()).stream()
            .map(line -> "\n  " + line.substring(0, Math.min(line.length(), SHOWN_CHARS)))
            .collect(Collectors.joining());
    return new LaunchException(
        spec.name() + " " + what + (end.isEmpty() ? "." : ". Its last lines:" + end),
        "The whole log is logs/" + spec.name() + ".log; 'helm doctor' looks for usual causes.");
  }

  private static String exitText(int code) {
    return code < 0 ? "no start" : code > 128 ? "signal " + (code - 128) : "exit code " + code;
  }
}
