package dev.helm.service.blueprint;

import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.rest.Problem;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a blueprint from YAML or JSON and tells every mistake at once, each with line, column,
 * path, what was expected and the nearest right word. Pure: no file, no database, no clock.
 */
public final class BlueprintLoader {
  /** Largest source. */
  public static final int BYTES_MAX = 256 * 1024;

  static final int DEPTH_MAX = 40;
  static final int NODES_MAX = 20_000;

  private BlueprintLoader() {}

  /** How the source is written. */
  public enum Format {
    YAML,
    JSON
  }

  /** What came of reading. */
  public sealed interface Outcome {}

  /** A right blueprint with every default filled in. */
  public record Loaded(Blueprint blueprint) implements Outcome {}

  /** At least one mistake, in source order. */
  public record Refused(List<Problem.Place> mistakes) implements Outcome {
    public Refused {
      mistakes = List.copyOf(mistakes);
    }
  }

  /** Reads UTF-8 bytes. */
  public static Outcome load(byte[] source, Format format) {
    Mistakes mistakes = new Mistakes();
    Blueprint blueprint = read(source, format, mistakes);
    if (blueprint != null && mistakes.none()) {
      return new Loaded(blueprint);
    }
    return new Refused(mistakes.inOrder());
  }

  /** Reads text. */
  public static Outcome load(String source, Format format) {
    return load(source.getBytes(StandardCharsets.UTF_8), format);
  }

  private static @Nullable Blueprint read(byte[] source, Format format, Mistakes mistakes) {
    Tree.Pos start = new Tree.Pos(1, 1, 0);
    if (source.length > BYTES_MAX) {
      mistakes.add(start, "", "a blueprint has at most " + BYTES_MAX / 1024 + " KiB");
      return null;
    }
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(source)).toString();
    } catch (CharacterCodingException e) {
      mistakes.add(start, "", "this is not UTF-8 text", "save the file as UTF-8");
      return null;
    }
    Tree tree =
        switch (format) {
          case YAML -> YamlTree.read(text, mistakes);
          case JSON -> JsonTree.read(text, mistakes);
        };
    if (tree == null) {
      return null;
    }
    if (!(tree instanceof Tree.Obj root)) {
      mistakes.add(
          tree.at(), "", "expected a blueprint's members, found " + tree.described(), "name: …");
      return null;
    }
    return new BlueprintReader(root, text, mistakes).read();
  }
}
