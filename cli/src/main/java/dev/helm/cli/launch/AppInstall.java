package dev.helm.cli.launch;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Copies the built jars to {@code HELM_HOME/app/BUILD}: the service's user need not read the
 * checkout, and a rebuild does not pull the jars from under a running service.
 */
final class AppInstall {
  private static final List<String> PARTS = List.of("service", "keyproxy");
  private static final String COMPLETE = "complete";

  private AppInstall() {}

  /** Installs this build unless it is there; removes others. Returns its folder. */
  static Path install(Settings settings) throws LaunchException {
    Path target = settings.home().app().resolve(settings.build());
    try {
      if (!Files.exists(target.resolve(COMPLETE)) || settings.build().equals("unknown")) {
        remove(target);
        for (String part : PARTS) {
          copyPart(settings.checkout().resolve(part).resolve("target"), target.resolve(part), part);
        }
        Files.createFile(target.resolve(COMPLETE));
      }
      // Not part of the build: what a person changed in them counts at the next start.
      copyTree(settings.checkout().resolve("examples"), examples(target));
      copyTree(settings.demoSite(), site(target));
      if (settings.demoSite() != null) {
        for (Path other : DemoConfig.otherSites(settings)) {
          addTree(other, site(target));
        }
      }
      removeOthers(settings.home().app(), target);
      open(target);
      return target;
    } catch (IOException e) {
      throw new LaunchException(
          "The programs could not be copied to %s: %s".formatted(target, e.getMessage()),
          "Build them with './helm build', and look at the free disk space.");
    }
  }

  /** The jar of one part. */
  static Path jar(Path installed, String part) {
    return installed.resolve(part).resolve("helm-" + part + ".jar");
  }

  /** The examples' scenarios, for the practice model. */
  static Path examples(Path installed) {
    return installed.resolve("examples");
  }

  /** The demo's site. */
  static Path site(Path installed) {
    return installed.resolve("site");
  }

  private static void copyTree(@Nullable Path from, Path to) throws IOException {
    remove(to);
    if (from == null || !Files.isDirectory(from)) {
      return;
    }
    addTree(from, to);
  }

  /** What is there already stays. */
  private static void addTree(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : all.toList()) {
        Path there = to.resolve(from.relativize(path).toString());
        if (!Files.exists(there)) {
          Files.copy(path, there);
        }
      }
    }
  }

  private static void copyPart(Path from, Path to, String part) throws IOException {
    Files.createDirectories(to.resolve("lib"));
    try (Stream<Path> jars = Files.list(from)) {
      Path jar =
          jars.filter(
                  path -> path.getFileName().toString().matches("helm-" + part + "-[0-9.]+\\.jar"))
              .findFirst()
              .orElseThrow(() -> new IOException("no jar of " + part + " in " + from));
      Files.copy(jar, to.resolve("helm-" + part + ".jar"));
    }
    try (DirectoryStream<Path> libs = Files.newDirectoryStream(from.resolve("lib"), "*.jar")) {
      for (Path lib : libs) {
        Files.copy(
            lib, to.resolve("lib").resolve(lib.getFileName()), StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  /** Readable for every user of the installation, writable for its owner only. */
  private static void open(Path target) throws IOException {
    try (Stream<Path> all = Files.walk(target)) {
      for (Path path : all.toList()) {
        Files.setAttribute(path, "unix:mode", Files.isDirectory(path) ? 0755 : 0644);
      }
    }
  }

  private static void removeOthers(Path app, Path keep) throws IOException {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(app)) {
      for (Path path : all) {
        if (!path.equals(keep)) {
          remove(path);
        }
      }
    }
  }

  private static void remove(Path path) throws IOException {
    if (!Files.exists(path, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (Stream<Path> all = Files.walk(path)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }
}
