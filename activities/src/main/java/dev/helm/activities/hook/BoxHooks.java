package dev.helm.activities.hook;

import dev.helm.activities.images.SandboxImages;
import dev.helm.activities.sandbox.Box;
import dev.helm.activities.sandbox.BoxEnd;
import dev.helm.activities.sandbox.BoxSpec;
import dev.helm.activities.sandbox.Boxes;
import dev.helm.activities.sandbox.EngineUnavailable;
import dev.helm.activities.sandbox.SandboxException;
import dev.helm.activities.sandbox.SandboxRefused;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.Hook;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/**
 * Each run of a hook is a program in a hardened container that is not the agent's, with the image
 * of the run: the files of the blueprint's version and the workspace are there to read, nothing is
 * there to write but its temp, and there is no network.
 */
public final class BoxHooks implements HookRunner {
  private static final long LOOK_EVERY_MS = 200;

  private final Boxes boxes;

  /** With what opens containers. */
  public BoxHooks(Boxes boxes) {
    this.boxes = boxes;
  }

  @Override
  public Output run(
      String run, Blueprint blueprint, Hook hook, byte[] input, BooleanSupplier stopped) {
    Map<String, byte[]> files = new LinkedHashMap<>();
    blueprint
        .hookFiles()
        .forEach((name, text) -> files.put(name, text.getBytes(StandardCharsets.UTF_8)));
    List<String> argv = hook.command().stream().map(word -> ofFiles(word, files)).toList();
    return run(
        BoxSpec.ownReading(run, "hook", argv)
            .withFiles(files)
            .withEnv(Map.of("CLAUDE_PROJECT_DIR", "/workspace", "HELM_HOOK_FILES", BoxSpec.FILES)),
        hook.timeoutMs(),
        input,
        stopped);
  }

  @Override
  public Output read(
      String run,
      List<String> command,
      Map<String, String> env,
      long timeoutMs,
      byte[] input,
      BooleanSupplier stopped) {
    return run(BoxSpec.ownReading(run, "preview", command).withEnv(env), timeoutMs, input, stopped);
  }

  private Output run(BoxSpec spec, long timeoutMs, byte[] input, BooleanSupplier stopped) {
    try (Box box = boxes.open(spec)) {
      return talk(box, timeoutMs, input, stopped);
    } catch (EngineUnavailable e) {
      throw e;
    } catch (SandboxRefused e) {
      if (e.code().equals("full") || e.code().equals(SandboxImages.BUILDING)) {
        throw e;
      }
      return Output.broken(String.valueOf(e.getMessage()));
    } catch (SandboxException e) {
      return Output.broken(String.valueOf(e.getMessage()));
    }
  }

  /** {@code ./name} is the blueprint's own file, wherever the program works. */
  private static String ofFiles(String word, Map<String, byte[]> files) {
    return word.startsWith("./") && files.containsKey(word.substring(2))
        ? BoxSpec.FILES + "/" + word.substring(2)
        : word;
  }

  private static Output talk(Box box, long timeoutMs, byte[] input, BooleanSupplier stopped) {
    Thread.startVirtualThread(() -> write(box, input));
    CompletableFuture<byte[]> out =
        CompletableFuture.supplyAsync(() -> read(box), Thread::startVirtualThread);
    long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
    while (true) {
      try {
        byte[] bytes = out.get(LOOK_EVERY_MS, TimeUnit.MILLISECONDS);
        if (bytes.length > OUTPUT_BYTES_MAX) {
          return Output.broken("it printed more than " + OUTPUT_BYTES_MAX / 1024 + " KiB");
        }
        BoxEnd end = box.end().get(LOOK_EVERY_MS, TimeUnit.MILLISECONDS);
        return end.kind() == BoxEnd.Kind.EXITED
            ? new Output(end.code(), bytes, box.lastWords(), null)
            : Output.broken(
                "its container was lost" + (end.why().isEmpty() ? "" : ": " + end.why()));
      } catch (TimeoutException e) {
        if (stopped.getAsBoolean()) {
          return Output.broken("a person interrupted while it ran");
        }
        if (System.nanoTime() - endNs > 0) {
          return Output.broken("it took longer than " + timeoutMs / 1000 + " s");
        }
      } catch (ExecutionException e) {
        return Output.broken(
            e.getCause() instanceof UncheckedIOException
                ? "what it printed could not be read"
                : "its container was lost");
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return Output.broken("the service ends");
      }
    }
  }

  private static void write(Box box, byte[] input) {
    try (OutputStream in = box.in()) {
      in.write(input);
    } catch (IOException e) {
      // It does not read to the end; it may answer nevertheless.
    }
  }

  private static byte[] read(Box box) {
    try {
      return box.out().readNBytes(OUTPUT_BYTES_MAX + 1);
    } catch (IOException e) {
      // What is not read to its end is no answer, not an empty one.
      throw new UncheckedIOException(e);
    }
  }
}
