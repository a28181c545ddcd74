package dev.helm.activities.images;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.sandbox.EngineImages;
import dev.helm.activities.sandbox.SandboxException;
import dev.helm.activities.sandbox.SandboxRefused;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Images of blueprints: found where they were made before, else made in the background, one at a
 * time. docs/boxes.md tells how.
 */
public final class SandboxImages {
  /** The refusal that means: ask again, it is being made. */
  public static final String BUILDING = "image_building";

  private static final long FAILURE_KEPT_MS = 30_000;
  private static final long SOON_MS = 500;
  private static final System.Logger LOG = System.getLogger(SandboxImages.class.getName());

  private final EngineImages engine;
  private final String defaultId;
  private final ImageCache cache;
  private final ReentrantLock one = new ReentrantLock();
  private final Map<String, Build> builds = new ConcurrentHashMap<>();

  /** One image, made or in the making. */
  private record Build(CompletableFuture<BuiltImage> image, long sinceNanos) {
    long ms() {
      return (System.nanoTime() - sinceNanos) / 1_000_000;
    }
  }

  private interface Maker {
    BuiltImage make(String key) throws IOException, InterruptedException, ImageFailed;
  }

  /**
   * @param home HELM_HOME
   * @param defaultId the default image, {@code sha256:…}
   */
  public SandboxImages(Path home, EngineImages engine, String defaultId) {
    this.engine = engine;
    this.defaultId = defaultId;
    this.cache = new ImageCache(home.resolve("images"));
  }

  /**
   * The image, if it is there; else it is being made from now on. Takes half a second at most.
   *
   * @throws SandboxRefused {@link #BUILDING}: ask again; {@code image}: it cannot be made, and why;
   *     asked again half a minute later, it is tried again
   * @throws dev.helm.activities.sandbox.EngineUnavailable the engine does not answer
   */
  public BuiltImage require(ImageChoice choice) {
    Build build = build(choice);
    try {
      return build.image().get(SOON_MS, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new SandboxRefused(
          BUILDING,
          "the container's image is being made from "
              + told(choice)
              + ", for "
              + build.ms() / 1000
              + " s now; the run goes on by itself",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SandboxRefused(BUILDING, "interrupted while an image was made", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof SandboxException known) {
        throw known;
      }
      throw new SandboxRefused("image", String.valueOf(e.getCause().getMessage()), e);
    }
  }

  /** Same, and waits for it; fails as {@link #require} throws. */
  public CompletableFuture<BuiltImage> prepare(ImageChoice choice) {
    return build(choice).image().copy();
  }

  private Build build(ImageChoice choice) {
    return switch (choice) {
      case ImageChoice.Default _ ->
          new Build(
              CompletableFuture.completedFuture(new BuiltImage(defaultId, Map.of(), Map.of())), 0);
      case ImageChoice.Recipe(ImageRecipe recipe) ->
          started(recipe.key(defaultId), key -> fromPackages(recipe, key));
      case ImageChoice.Named(String name) -> named(name);
    };
  }

  private Build named(String name) {
    JsonNode source = engine.inspect(name);
    if (source == null) {
      throw new SandboxRefused(
          "image",
          "the container engine has no image "
              + name
              + "; fetch or build it there (docker pull, docker build), then go on");
    }
    String id = source.path("Id").asText();
    if (id.equals(defaultId)) {
      return build(new ImageChoice.Default());
    }
    return started(ImageCache.key(id, defaultId), key -> fromImage(source, name, key));
  }

  private Build started(String key, Maker maker) {
    return builds.compute(
        key,
        (same, known) -> {
          boolean again =
              known == null
                  || (known.image().isCompletedExceptionally() && known.ms() > FAILURE_KEPT_MS)
                  || gone(known);
          return again ? begin(key, maker) : known;
        });
  }

  /** Somebody may have removed it from the engine. */
  private boolean gone(Build known) {
    return known.image().isDone()
        && !known.image().isCompletedExceptionally()
        && engine.inspect(known.image().join().id()) == null;
  }

  private Build begin(String key, Maker maker) {
    CompletableFuture<BuiltImage> image = new CompletableFuture<>();
    Thread.ofVirtual()
        .name("image-" + key)
        .start(
            () -> {
              one.lock();
              try {
                image.complete(found(key, maker));
              } catch (SandboxException e) {
                image.completeExceptionally(e);
              } catch (ImageFailed e) {
                LOG.log(System.Logger.Level.WARNING, "image " + key + ": " + e.getMessage());
                image.completeExceptionally(
                    new SandboxRefused("image", String.valueOf(e.getMessage()), e));
              } catch (IOException | InterruptedException | RuntimeException e) {
                LOG.log(System.Logger.Level.WARNING, "image " + key + " could not be made", e);
                image.completeExceptionally(
                    new SandboxRefused("image", "the image could not be made: " + e, e));
              } finally {
                one.unlock();
              }
            });
    return new Build(image, System.nanoTime());
  }

  private BuiltImage found(String key, Maker maker)
      throws IOException, InterruptedException, ImageFailed {
    BuiltImage before = cache.get(key);
    if (before != null && engine.inspect(before.id()) != null) {
      return before;
    }
    long since = System.nanoTime();
    BuiltImage made = maker.make(key);
    cache.put(key, made);
    LOG.log(
        System.Logger.Level.INFO,
        "image " + key + " is made in " + (System.nanoTime() - since) / 1_000_000 + " ms");
    return made;
  }

  private BuiltImage fromPackages(ImageRecipe recipe, String key)
      throws IOException, InterruptedException, ImageFailed {
    Path work = cache.work();
    try {
      Path tree = Files.createDirectory(work.resolve("tree"));
      Map<String, List<String>> programs =
          new PackageTree(tree, cache.scratch(), System.getProperty("os.arch")).make(recipe);
      Path tar = work.resolve("layer.tar");
      LayerTar.write(tree, tar);
      return new BuiltImage(
          engine.layer(defaultId, tar, "helm-recipe:" + key), Map.of(), programs);
    } finally {
      cache.clear(work);
    }
  }

  private BuiltImage fromImage(JsonNode source, String name, String key)
      throws IOException, ImageFailed {
    String ours = architecture(engine.inspect(defaultId));
    if (!architecture(source).equals(ours)) {
      throw new ImageFailed(
          "image " + name + " is for " + architecture(source) + ", this machine runs " + ours);
    }
    Path work = cache.work();
    try {
      String id =
          new ForeignImage(engine)
              .derive(source.path("Id").asText(), defaultId, work, "helm-image:" + key);
      return new BuiltImage(id, environment(source), Map.of());
    } finally {
      cache.clear(work);
    }
  }

  private static String architecture(@Nullable JsonNode image) {
    return image == null
        ? "nothing"
        : image.path("Os").asText() + "/" + image.path("Architecture").asText();
  }

  private static Map<String, String> environment(JsonNode image) {
    Map<String, String> env = new HashMap<>();
    for (JsonNode each : image.path("Config").path("Env")) {
      String[] parts = each.asText().split("=", 2);
      if (parts.length == 2 && !parts[0].isEmpty()) {
        env.put(parts[0], parts[1]);
      }
    }
    return env;
  }

  private static String told(ImageChoice choice) {
    return switch (choice) {
      case ImageChoice.Default _ -> "nothing else";
      case ImageChoice.Recipe(ImageRecipe recipe) ->
          recipe.packages().size() == 1
              ? recipe.packages().getFirst().toString()
              : recipe.packages().size() + " packages";
      case ImageChoice.Named(String name) -> name;
    };
  }
}
