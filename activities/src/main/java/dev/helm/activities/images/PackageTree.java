package dev.helm.activities.images;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.activities.images.RecipePackage.Registry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a recipe adds to the default image, as a directory of the host. The package managers only
 * download and unpack: no script of a package runs here ({@code --ignore-scripts}, wheels only).
 */
final class PackageTree {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String MODULES = "usr/local/lib/node_modules";

  private final Path root;
  private final Path scratch;
  private final String architecture;

  /**
   * @param root an empty directory that becomes the tree
   * @param scratch where package managers may keep what they downloaded
   * @param architecture the JVM's name for it: {@code amd64} or {@code aarch64}
   */
  PackageTree(Path root, Path scratch, String architecture) {
    this.root = root;
    this.scratch = scratch;
    this.architecture = architecture;
  }

  /** Makes the tree; returns each package's programs. */
  Map<String, List<String>> make(ImageRecipe recipe)
      throws IOException, InterruptedException, ImageFailed {
    Map<String, List<String>> programs = new HashMap<>();
    List<RecipePackage> npm = of(recipe, Registry.NPM);
    if (!npm.isEmpty()) {
      npm(npm);
      for (RecipePackage each : npm) {
        programs.put(each.toString(), npmPrograms(each));
      }
    }
    List<RecipePackage> pypi = of(recipe, Registry.PYPI);
    if (!pypi.isEmpty()) {
      programs.putAll(new WheelTree(root.resolve("usr/local"), scratch, architecture).make(pypi));
    }
    for (Map.Entry<String, ExtraFile> file : recipe.files().entrySet()) {
      Path path = root.resolve(file.getKey().substring(1));
      Files.createDirectories(path.getParent());
      // A package's link must not lead the file somewhere else.
      Files.deleteIfExists(path);
      Files.write(path, file.getValue().content());
      if (!path.toFile().setExecutable(file.getValue().executable(), false)) {
        throw new IOException("the mode of " + path + " cannot be set");
      }
    }
    return programs;
  }

  private static List<RecipePackage> of(ImageRecipe recipe, Registry registry) {
    return recipe.packages().stream().filter(each -> each.registry() == registry).toList();
  }

  private void npm(List<RecipePackage> packages)
      throws IOException, InterruptedException, ImageFailed {
    Path local = root.resolve("usr/local");
    Files.createDirectories(local.resolve("lib"));
    List<String> command =
        new ArrayList<>(List.of("npm", "install", "--global", "--prefix", local.toString()));
    command.addAll(
        List.of("--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"));
    command.addAll(List.of("--no-update-notifier", "--cache", scratch.resolve("npm").toString()));
    String cpu = ImageRecipe.nodeCpu(architecture);
    command.addAll(List.of("--os=linux", "--cpu=" + cpu, "--libc=glibc"));
    packages.forEach(each -> command.add(each.name() + "@" + each.version()));
    Installer.run("npm", scratch, command);
  }

  private List<String> npmPrograms(RecipePackage of) throws IOException, ImageFailed {
    Path description = root.resolve(MODULES).resolve(of.name()).resolve("package.json");
    if (!Files.isRegularFile(description)) {
      throw new ImageFailed("npm did not install " + of);
    }
    JsonNode bin = JSON.readTree(Files.readAllBytes(description)).path("bin");
    String last = of.name().substring(of.name().indexOf('/') + 1);
    if (bin.isTextual()) {
      return List.of(last);
    }
    List<String> names = new ArrayList<>();
    bin.fieldNames().forEachRemaining(names::add);
    names.removeIf(name -> !name.matches("[A-Za-z0-9._-]+"));
    names.sort(null);
    if (names.remove(last)) {
      names.addFirst(last);
    }
    return names;
  }
}
