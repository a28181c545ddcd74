package dev.helm.service.blueprint;

import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.Blueprint.Defaults;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The section {@code sandbox}. */
final class SandboxReader {
  static final int PACKAGES_MAX = 20;

  private final Mistakes mistakes;
  private final Parts parts;

  SandboxReader(Mistakes mistakes) {
    this.mistakes = mistakes;
    this.parts = new Parts(mistakes);
  }

  Blueprint.Sandbox read(Fields sandbox) {
    List<String> packages = packages(sandbox);
    String image = packages.isEmpty() ? image(sandbox) : null;
    String runtime = sandbox.text("runtime", 100);
    if (runtime != null && !runtime.equals("default")) {
      mistakes.notYet(sandbox.posOf("runtime"), "sandbox.runtime", "runtime " + runtime);
    }
    return new Blueprint.Sandbox(
        image == null ? Blueprint.Sandbox.DEFAULT_IMAGE : image,
        sandbox.memoryBytes("memory", 64L << 20, 256L << 30, Defaults.MEMORY_BYTES),
        sandbox.thousandths("cpus", 128_000, Defaults.MILLI_CPUS),
        sandbox.whole("pids", 16, 32_768, Defaults.PIDS),
        packages);
  }

  private @Nullable String image(Fields sandbox) {
    if (sandbox.get("image") instanceof Tree.Arr) {
      return null;
    }
    return parts.image(sandbox, "image");
  }

  /** {@code image: npm:…} or a list of such: what is put on top of the default image. */
  private List<String> packages(Fields sandbox) {
    Tree image = sandbox.get("image");
    List<Tree.Scalar> written = new ArrayList<>();
    if (image instanceof Tree.Arr list) {
      written = sandbox.texts("image", PACKAGES_MAX, 300);
      if (list.items().isEmpty()) {
        mistakes.add(image.at(), "sandbox.image", "expected at least one package");
      }
    } else if (image instanceof Tree.Scalar one
        && (one.text().startsWith("npm:") || one.text().startsWith("pypi:"))) {
      written.add(one);
    }
    return written.stream()
        .filter(recipe -> parts.recipe(recipe.text(), recipe.at(), "sandbox.image"))
        .map(Tree.Scalar::text)
        .toList();
  }
}
