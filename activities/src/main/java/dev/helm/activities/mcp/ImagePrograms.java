package dev.helm.activities.mcp;

import dev.helm.activities.images.BuiltImage;
import dev.helm.activities.images.ImageChoice;
import dev.helm.activities.images.ImageRecipe;
import dev.helm.activities.images.SandboxImages;
import dev.helm.activities.store.Runs;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.McpServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Programs of packages, of the operator's images, and of the run's own image. */
public final class ImagePrograms implements Programs {
  /** Longest wait for an image; what is not there by then is being made for the next call. */
  private static final long IMAGE_MINUTES_MAX = 10;

  private final SandboxImages images;

  /** From these images. */
  public ImagePrograms(SandboxImages images) {
    this.images = images;
  }

  @Override
  public Program of(Runs.Info run, McpServer server) {
    String recipe = server.recipe();
    List<String> argv = new ArrayList<>(server.command());
    BuiltImage image;
    if (recipe == null) {
      image = ready(choice(run.blueprint(), server));
    } else {
      image = ready(new ImageChoice.Recipe(ImageRecipe.of(List.of(recipe))));
      List<String> programs = image.programs().getOrDefault(recipe, List.of());
      if (programs.isEmpty()) {
        throw new IllegalStateException(recipe + " brings no program that could be started");
      }
      argv.add(programs.getFirst());
    }
    argv.addAll(server.args());
    return new Program(image.id(), argv, Map.of());
  }

  private static ImageChoice choice(Blueprint blueprint, McpServer server) {
    return server.image() == null
        ? ImageChoice.of(blueprint.sandbox().image(), blueprint.sandbox().packages())
        : ImageChoice.of(server.image(), List.of());
  }

  private BuiltImage ready(ImageChoice choice) {
    try {
      return images.prepare(choice).get(IMAGE_MINUTES_MAX, TimeUnit.MINUTES);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while its image was made", e);
    } catch (TimeoutException e) {
      throw new IllegalStateException("its image is still being made; try again later", e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new IllegalStateException(String.valueOf(cause.getMessage()), e);
    }
  }
}
