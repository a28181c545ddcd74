package dev.helm.activities.run;

import dev.helm.activities.hook.HookRunner;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.Hook;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** For tests alone: hooks as processes of this machine. */
public final class HostHooks implements HookRunner {
  /** What hooks were told, in order. */
  public final List<String> told = new CopyOnWriteArrayList<>();

  private final Path folder;

  public HostHooks(Path folder) {
    this.folder = folder;
  }

  @Override
  public Output run(
      String run, Blueprint blueprint, Hook hook, byte[] input, BooleanSupplier stopped) {
    long beganNs = System.nanoTime();
    told.add(new String(input, StandardCharsets.UTF_8));
    try {
      for (var file : blueprint.hookFiles().entrySet()) {
        Files.writeString(folder.resolve(file.getKey()), file.getValue());
        if (!folder.resolve(file.getKey()).toFile().setExecutable(true)) {
          throw new IOException("not made executable");
        }
      }
      Path words = folder.resolve("words");
      Process process =
          new ProcessBuilder(hook.command())
              .directory(folder.toFile())
              .redirectError(words.toFile())
              .start();
      try (OutputStream in = process.getOutputStream()) {
        in.write(input);
      } catch (IOException e) {
        // It does not read.
      }
      CompletableFuture.delayedExecutor(hook.timeoutMs(), TimeUnit.MILLISECONDS)
          .execute(
              () -> {
                if (process.isAlive()) {
                  process.descendants().forEach(ProcessHandle::destroyForcibly);
                  process.destroyForcibly();
                }
              });
      byte[] out = process.getInputStream().readNBytes(OUTPUT_BYTES_MAX + 1);
      if (out.length > OUTPUT_BYTES_MAX) {
        process.destroyForcibly();
        return Output.broken("it printed more than " + OUTPUT_BYTES_MAX / 1024 + " KiB");
      }
      if (process.waitFor() == 137 && System.nanoTime() - beganNs > hook.timeoutMs() * 1_000_000) {
        return Output.broken("it took longer than " + hook.timeoutMs() / 1000 + " s");
      }
      return new Output(process.exitValue(), out, Files.readString(words), null);
    } catch (IOException e) {
      return Output.broken(String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      throw new UncheckedIOException(new IOException(e));
    }
  }
}
