package dev.helm.activities.foreign.claude;

import dev.helm.activities.images.ExtraFile;
import dev.helm.activities.images.ImageRecipe;
import dev.helm.activities.images.RecipePackage;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The image that the runtime lives in: its package, which is installed by name and never part of
 * Helm, and the second lock: a hook that no program can take away and that asks Helm.
 */
public final class ClaudeImage {
  /** The package; its control protocol is not published, so that the version is part of Helm. */
  public static final String PACKAGE = "npm:@anthropic-ai/claude-agent-sdk@0.3.330";

  /** What the package's program says of itself. */
  static final String CLI_VERSION = "2.1.330";

  /** Starts the runtime, wherever its package lies. */
  static final String PROGRAM = "/opt/helm/claude";

  private static final String SETTINGS = "/etc/claude-code/managed-settings.json";

  /** Would be read beside the settings, and could take from them; nothing may be there. */
  static final String MORE_SETTINGS = "/etc/claude-code/managed-settings.d";

  private static final String GATE = "/opt/helm/helm-gate";

  private ClaudeImage() {}

  /** The SDK's packages, each of which brings the runtime to a program. */
  private static final List<String> SDK =
      List.of("npm:@anthropic-ai/claude-agent-sdk@", "pypi:claude-agent-sdk@");

  /**
   * The recipe of an image for a program of the user's: its packages, the runtime if none of them
   * brings it, and the lock.
   */
  public static ImageRecipe ofProgram(List<String> packages) {
    boolean brings = packages.stream().anyMatch(each -> SDK.stream().anyMatch(each::startsWith));
    return brings
        ? new ImageRecipe(packages.stream().map(RecipePackage::parse).toList(), files(true))
        : recipe(packages, true);
  }

  /** The recipe of a blueprint's image: its own packages, the runtime, and the lock. */
  public static ImageRecipe recipe(List<String> packages) {
    return recipe(packages, false);
  }

  private static ImageRecipe recipe(List<String> packages, boolean program) {
    List<RecipePackage> all = new ArrayList<>(packages.stream().map(RecipePackage::parse).toList());
    RecipePackage runtime = RecipePackage.parse(PACKAGE);
    all.removeIf(
        each -> each.registry() == runtime.registry() && each.name().equals(runtime.name()));
    all.add(runtime);
    return new ImageRecipe(all, files(program));
  }

  /**
   * What Helm drives itself tells how its calls end; a program's runtime has hooks for that too.
   */
  private static Map<String, ExtraFile> files(boolean program) {
    Map<String, ExtraFile> files = new TreeMap<>();
    String settings = program ? "program-settings.json" : "managed-settings.json";
    files.put(SETTINGS, new ExtraFile(resource(settings), false));
    files.put(GATE, ExtraFile.program(resource("helm-gate.py")));
    files.put(PROGRAM, ExtraFile.program(resource("claude.sh")));
    return files;
  }

  /**
   * What {@code sha256sum -c} reads to say whether the lock is there as it was made; a start
   * without it fails.
   *
   * @param program whether a program of the user's starts the runtime
   */
  static String checksums(boolean program) {
    StringBuilder sums = new StringBuilder();
    files(program)
        .forEach(
            (path, file) ->
                sums.append(sha256(file.content())).append("  ").append(path).append('\n'));
    return sums.toString();
  }

  private static byte[] resource(String name) {
    try (InputStream in = ClaudeImage.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("Helm was built without " + name);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new IllegalStateException("Helm cannot read its own " + name, e);
    }
  }

  private static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
