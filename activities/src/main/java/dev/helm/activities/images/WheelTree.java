package dev.helm.activities.images;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Packages of PyPI for the Python of the default image, from wheels only. */
final class WheelTree {
  /** The default image's: Debian bookworm. */
  static final String PYTHON = "3.11";

  private static final int OLDEST_GLIBC = 17;
  private static final int GLIBC = 36;
  private static final Pattern SCRIPT =
      Pattern.compile("([A-Za-z0-9._-]+) *= *([A-Za-z0-9_.]+) *: *([A-Za-z0-9_.]+) *(\\[.*])?");

  private final Path local;
  private final Path scratch;
  private final String architecture;

  WheelTree(Path local, Path scratch, String architecture) {
    this.local = local;
    this.scratch = scratch;
    this.architecture = architecture;
  }

  Map<String, List<String>> make(List<RecipePackage> packages)
      throws IOException, InterruptedException, ImageFailed {
    Path site = local.resolve("lib/python" + PYTHON + "/dist-packages");
    Files.createDirectories(site);
    List<String> command =
        new ArrayList<>(List.of("python3", "-m", "pip", "install", "--target", site.toString()));
    command.addAll(List.of("--only-binary=:all:", "--no-compile", "--quiet", "--no-input"));
    command.addAll(List.of("--disable-pip-version-check", "--no-warn-script-location"));
    command.addAll(List.of("--cache-dir", scratch.resolve("pip").toString()));
    command.addAll(List.of("--python-version", PYTHON, "--implementation", "cp"));
    String machine = architecture.equals("aarch64") ? "aarch64" : "x86_64";
    for (int minor = GLIBC; minor >= OLDEST_GLIBC; minor--) {
      command.addAll(List.of("--platform", "manylinux_2_" + minor + "_" + machine));
    }
    command.addAll(List.of("--platform", "manylinux2014_" + machine));
    packages.forEach(each -> command.add(each.name() + "==" + each.version()));
    // As root it would warn that the result may not be usable by others; it is only packed.
    command.add("--root-user-action=ignore");
    Installer.run("pip", scratch, command);
    return programs(site, packages);
  }

  /** pip's own scripts name the host's Python; these name the image's. */
  private Map<String, List<String>> programs(Path site, List<RecipePackage> packages)
      throws IOException {
    Map<String, List<String>> byDistribution = new HashMap<>();
    Path bin = Files.createDirectories(local.resolve("bin"));
    try (DirectoryStream<Path> infos = Files.newDirectoryStream(site, "*.dist-info")) {
      for (Path info : infos) {
        Map<String, String> scripts = scripts(info.resolve("entry_points.txt"));
        for (Map.Entry<String, String> script : scripts.entrySet()) {
          Path path = bin.resolve(script.getKey());
          Files.writeString(path, script.getValue());
          if (!path.toFile().setExecutable(true, false)) {
            throw new IOException("the mode of " + path + " cannot be set");
          }
        }
        String name = info.getFileName().toString().replaceFirst("-[^-]*\\.dist-info$", "");
        byDistribution.put(normal(name), new ArrayList<>(scripts.keySet()));
      }
    }
    delete(site.resolve("bin"));
    Map<String, List<String>> programs = new HashMap<>();
    for (RecipePackage each : packages) {
      List<String> names = byDistribution.getOrDefault(normal(each.name()), new ArrayList<>());
      names.sort((a, b) -> Boolean.compare(same(b, each), same(a, each)));
      programs.put(each.toString(), names);
    }
    return programs;
  }

  private static boolean same(String program, RecipePackage of) {
    return normal(program).equals(normal(of.name()));
  }

  private static String normal(String name) {
    return name.toLowerCase(Locale.ROOT).replaceAll("[-_.]+", "-");
  }

  private static Map<String, String> scripts(Path entryPoints) throws IOException {
    Map<String, String> scripts = new TreeMap<>();
    if (!Files.isRegularFile(entryPoints)) {
      return scripts;
    }
    boolean here = false;
    for (String line : Files.readAllLines(entryPoints)) {
      String text = line.strip();
      if (text.startsWith("[")) {
        here = text.equals("[console_scripts]");
      }
      Matcher script = SCRIPT.matcher(text);
      if (here && script.matches()) {
        scripts.put(script.group(1), wrapper(script.group(2), script.group(3)));
      }
    }
    return scripts;
  }

  private static String wrapper(String module, String function) {
    String top = function.contains(".") ? function.substring(0, function.indexOf('.')) : function;
    return "#!/usr/bin/python3\nimport sys\nfrom "
        + module
        + " import "
        + top
        + "\nsys.exit("
        + function
        + "())\n";
  }

  private static void delete(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        Files.delete(entry);
      }
    }
    Files.delete(directory);
  }
}
