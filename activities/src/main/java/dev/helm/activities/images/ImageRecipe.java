package dev.helm.activities.images;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Packages and files on top of the default image.
 *
 * @param packages at most 32; with one of npm, Node comes too
 * @param files absolute path in the image to content, at most 256; not in the executor's place
 */
public record ImageRecipe(List<RecipePackage> packages, Map<String, ExtraFile> files) {
  /** The version of Node that comes with npm packages, from the registry too. */
  public static final String NODE_VERSION = "24.21.0";

  private static final String NODE = "node-linux-";

  /** Changes whenever the same recipe gives another image. */
  private static final String SCHEME = "helm-recipe-1";

  private static final int PACKAGES_MAX = 32;
  private static final int FILES_MAX = 256;
  private static final Pattern PATH = Pattern.compile("(/[A-Za-z0-9_@+-][A-Za-z0-9_.@+-]*){1,16}");
  private static final List<String> NOT_HERE =
      List.of("/run/", "/slot/", "/tmp/", "/proc/", "/sys/", "/dev/", "/workspace/");

  /** Checks numbers and paths. */
  public ImageRecipe {
    packages = packages.stream().distinct().toList();
    files = Collections.unmodifiableMap(new TreeMap<>(files));
    if (packages.size() > PACKAGES_MAX || files.size() > FILES_MAX) {
      throw new IllegalArgumentException(
          "a recipe has at most " + PACKAGES_MAX + " packages and " + FILES_MAX + " files");
    }
    for (String path : files.keySet()) {
      if (!PATH.matcher(path).matches()
          || NOT_HERE.stream().anyMatch(path::startsWith)
          || path.equals("/usr/local/bin/helm-executor")) {
        throw new IllegalArgumentException("a recipe cannot add a file at " + path);
      }
    }
  }

  /** Packages as a blueprint names them. */
  public static ImageRecipe of(List<String> packages) {
    return new ImageRecipe(packages.stream().map(RecipePackage::parse).toList(), Map.of());
  }

  /** Same with these files. */
  public ImageRecipe withFiles(Map<String, ExtraFile> added) {
    return new ImageRecipe(packages, added);
  }

  /** What has to be below this one: Node, where packages of npm come without it; or null. */
  @Nullable ImageRecipe base(String architecture) {
    boolean bare =
        packages.stream().anyMatch(each -> each.registry() == RecipePackage.Registry.NPM)
            && packages.stream().noneMatch(each -> each.name().startsWith(NODE));
    return bare ? of(List.of("npm:" + NODE + nodeCpu(architecture) + "@" + NODE_VERSION)) : null;
  }

  /** Node's name of a processor that the JVM calls {@code amd64} or {@code aarch64}. */
  static String nodeCpu(String architecture) {
    return architecture.equals("aarch64") ? "arm64" : "x64";
  }

  /** Names what this recipe gives on a base: 24 hex digits. */
  String key(String baseId) {
    List<String> parts = new ArrayList<>(List.of(SCHEME, baseId, NODE_VERSION));
    packages.stream().map(RecipePackage::toString).sorted().forEach(parts::add);
    files.forEach(
        (path, file) -> {
          parts.add(path + (file.executable() ? " x" : ""));
          parts.add(HexFormat.of().formatHex(file.content()));
        });
    return hash(parts.toArray(String[]::new));
  }

  /** Lengths go in first, so that no two different lists give the same bytes. */
  static String hash(String... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String part : parts) {
        byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
        digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
        digest.update(bytes);
      }
      return HexFormat.of().formatHex(digest.digest()).substring(0, 24);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
