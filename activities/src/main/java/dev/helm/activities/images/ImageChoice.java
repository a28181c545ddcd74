package dev.helm.activities.images;

import java.util.List;

/** What a blueprint says of its image. */
public sealed interface ImageChoice {
  /** Helm's own. */
  record Default() implements ImageChoice {}

  /** Made by Helm from packages. */
  record Recipe(ImageRecipe recipe) implements ImageChoice {}

  /**
   * One that the operator's engine has.
   *
   * @param name as the engine knows it: {@code NAME:TAG}, {@code NAME@sha256:…} or an id
   */
  record Named(String name) implements ImageChoice {
    /** Checks that it can be asked for. */
    public Named {
      if (!name.matches("[A-Za-z0-9][A-Za-z0-9._/:@-]{0,254}")) {
        throw new IllegalArgumentException("\"" + name + "\" is no name of an image");
      }
    }
  }

  /**
   * Reads {@code sandbox.image}.
   *
   * @param image {@code default} or a name
   * @param packages what is put on top of the default image; only with {@code default}
   */
  static ImageChoice of(String image, List<String> packages) {
    if (!packages.isEmpty()) {
      return new Recipe(ImageRecipe.of(packages));
    }
    return image.equals("default") ? new Default() : new Named(image);
  }
}
