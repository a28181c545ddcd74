package dev.helm.activities.images;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.activities.sandbox.EngineImages;
import dev.helm.activities.sandbox.SandboxException;
import dev.helm.activities.sandbox.SandboxRefused;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

  private static final String PROGRAMS = "dev.helm.programs";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long FAILURE_KEPT_MS = 30_000;
  private static final long SOON_MS = 500;
  private static final System.Logger LOG = System.getLogger(SandboxImages.class.getName());

  private final EngineImages engine;
  private final String defaultId;
  private final ImageList allowed;
  private final WorkDirectories work;
  private final ReentrantLock one = new ReentrantLock();
  private final Map<String, Build> builds = new ConcurrentHashMap<>();

  /** One image, made or in the making. */
  private record Build(CompletableFuture<BuiltImage> image, long sinceNanos) {
    long ms() {
      return (System.nanoTime() - sinceNanos) / 1_000_000;
    }
  }

  private interface Maker {
    BuiltImage make(String tag) throws IOException, InterruptedException, ImageFailed;
  }

  /**
   * @param home HELM_HOME
   * @param defaultId the default image, {@code sha256:…}
   * @param allowed the engine's images that may be asked for
   */
  public SandboxImages(Path home, EngineImages engine, String defaultId, ImageList allowed) {
    this.engine = engine;
    this.defaultId = defaultId;
    this.allowed = allowed;
    this.work = new WorkDirectories(home.resolve("images"));
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
              + "; the run goes on by itself when it is there",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SandboxRefused(BUILDING, "interrupted while an image was made", e);
    } catch (ExecutionException e) {
      Throwable inner = e.getCause();
      Throwable cause = inner == null ? e : inner;
      if (cause instanceof SandboxException known) {
        throw known;
      }
      throw new SandboxRefused("image", String.valueOf(cause.getMessage()), e);
    }
  }

  /** Same, and waits for it; fails as {@link #require} throws. */
  public CompletableFuture<BuiltImage> prepare(ImageChoice choice) {
    return build(choice).image().copy();
  }

  /**
   * The image's id if it is there; else what it is made from, and from now on it is being made.
   * Never waits for that.
   */
  public String begun(ImageChoice choice) {
    try {
      return require(choice).id();
    } catch (SandboxException e) {
      return told(choice) + " on " + defaultId;
    }
  }

  private Build build(ImageChoice choice) {
    return switch (choice) {
      case ImageChoice.Default _ ->
          new Build(CompletableFuture.completedFuture(new BuiltImage(defaultId, Map.of())), 0);
      case ImageChoice.Recipe(ImageRecipe recipe) ->
          started(tag(recipe), tag -> fromPackages(recipe, tag));
      case ImageChoice.Named(String name) -> named(name);
    };
  }

  private Build named(String name) {
    if (!allowed.allows(name)) {
      ImageList.Refused refused = new ImageList.Refused("image", name);
      throw new SandboxRefused("image", refused.why() + "; " + refused.hint());
    }
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
    return started(tag(id), tag -> fromImage(source, name, tag));
  }

  private Build started(String tag, Maker maker) {
    return builds.compute(
        tag,
        (same, known) -> {
          boolean again =
              known == null
                  || (known.image().isCompletedExceptionally() && known.ms() > FAILURE_KEPT_MS)
                  || gone(known);
          return again ? begin(tag, maker) : known;
        });
  }

  /** Somebody may have removed it from the engine. */
  private boolean gone(Build known) {
    return known.image().isDone()
        && !known.image().isCompletedExceptionally()
        && engine.inspect(known.image().join().id()) == null;
  }

  private Build begin(String tag, Maker maker) {
    CompletableFuture<BuiltImage> image = new CompletableFuture<>();
    Thread.ofVirtual()
        .name(tag)
        .start(
            () -> {
              one.lock();
              try {
                image.complete(found(tag, maker));
              } catch (SandboxException e) {
                image.completeExceptionally(e);
              } catch (ImageFailed e) {
                LOG.log(System.Logger.Level.WARNING, tag + ": " + e.getMessage());
                image.completeExceptionally(
                    new SandboxRefused("image", String.valueOf(e.getMessage()), e));
              } catch (IOException | InterruptedException | RuntimeException e) {
                LOG.log(System.Logger.Level.WARNING, tag + " could not be made", e);
                image.completeExceptionally(
                    new SandboxRefused("image", "the image could not be made: " + e, e));
              } finally {
                one.unlock();
              }
            });
    return new Build(image, System.nanoTime());
  }

  /** The engine itself remembers what was made; other tags than these are never looked at. */
  private BuiltImage found(String tag, Maker maker)
      throws IOException, InterruptedException, ImageFailed {
    JsonNode before = engine.inspect(tag);
    if (before != null) {
      return new BuiltImage(before.path("Id").asText(), programs(before));
    }
    long since = System.nanoTime();
    BuiltImage made = maker.make(tag);
    long ms = (System.nanoTime() - since) / 1_000_000;
    LOG.log(System.Logger.Level.INFO, tag + " is made in " + ms + " ms");
    return made;
  }

  private static Map<String, List<String>> programs(JsonNode image) throws IOException {
    String label = image.path("Config").path("Labels").path(PROGRAMS).asText("{}");
    return JSON.readValue(label, new TypeReference<Map<String, List<String>>>() {});
  }

  private BuiltImage fromPackages(ImageRecipe recipe, String tag)
      throws IOException, InterruptedException, ImageFailed {
    String architecture = System.getProperty("os.arch");
    ImageRecipe below = recipe.base(architecture);
    String base = below == null ? defaultId : found(tag(below), it -> fromPackages(below, it)).id();
    Path directory = work.make();
    try {
      Path tree = Files.createDirectory(directory.resolve("tree"));
      Map<String, List<String>> programs =
          new PackageTree(tree, work.downloads(), architecture).make(recipe);
      Path tar = directory.resolve("layer.tar");
      LayerTar.write(tree, tar);
      return new BuiltImage(
          engine.layer(base, tar, tag, Map.of(PROGRAMS, JSON.writeValueAsString(programs))),
          programs);
    } finally {
      work.clear(directory);
    }
  }

  private BuiltImage fromImage(JsonNode source, String name, String tag)
      throws IOException, ImageFailed {
    String ours = architecture(engine.inspect(defaultId));
    if (!architecture(source).equals(ours)) {
      throw new ImageFailed(
          "image " + name + " is for " + architecture(source) + ", this machine runs " + ours);
    }
    Path directory = work.make();
    try {
      String id = new ForeignImage(engine).derive(source, defaultId, directory, tag);
      return new BuiltImage(id, Map.of());
    } finally {
      work.clear(directory);
    }
  }

  private String tag(ImageRecipe recipe) {
    return "helm-recipe:" + recipe.key(defaultId);
  }

  private String tag(String imageId) {
    return "helm-image:" + ImageRecipe.hash("helm-image-1", imageId, defaultId);
  }

  private static String architecture(@Nullable JsonNode image) {
    return image == null
        ? "nothing"
        : image.path("Os").asText() + "/" + image.path("Architecture").asText();
  }

  private static String told(ImageChoice choice) {
    return switch (choice) {
      case ImageChoice.Default _ -> "nothing else";
      case ImageChoice.Recipe(ImageRecipe recipe) ->
          String.join(" ", recipe.packages().stream().map(RecipePackage::toString).toList());
      case ImageChoice.Named(String name) -> name;
    };
  }
}
