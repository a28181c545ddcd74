package dev.helm.service.blueprint;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.AliasEvent;
import org.yaml.snakeyaml.events.CollectionStartEvent;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.events.NodeEvent;
import org.yaml.snakeyaml.events.ScalarEvent;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.StreamReader;

/**
 * YAML into a {@link Tree}, straight from the parser's events: no tag is ever resolved to a class,
 * no alias is expanded, and plain scalars are typed as YAML 1.2 does ({@code no} is text).
 */
final class YamlTree {
  private static final Pattern NUMBER =
      Pattern.compile("-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?");

  private final ParserImpl parser;
  private final Mistakes mistakes;
  private int nodes;

  private YamlTree(String source, Mistakes mistakes) {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(BlueprintLoader.BYTES_MAX);
    options.setNestingDepthLimit(BlueprintLoader.DEPTH_MAX);
    this.parser = new ParserImpl(new StreamReader(source), options);
    this.mistakes = mistakes;
  }

  /** The one document of the source, or null when it cannot be read; mistakes say why. */
  static @Nullable Tree read(String source, Mistakes mistakes) {
    try {
      return new YamlTree(source, mistakes).document();
    } catch (Refused refused) {
      mistakes.add(refused.at, "", refused.what, refused.hint);
    } catch (MarkedYAMLException e) {
      mistakes.add(pos(e.getProblemMark()), "", syntax(e), tabHint(e));
    } catch (YAMLException e) {
      mistakes.add(
          new Tree.Pos(1, 1, 0),
          "",
          "this is not YAML: " + firstLine(e.getMessage()),
          "a blueprint is UTF-8 text");
    }
    return null;
  }

  private @Nullable Tree document() {
    parser.getEvent(); // stream start
    if (parser.checkEvent(Event.ID.StreamEnd)) {
      mistakes.add(new Tree.Pos(1, 1, 0), "", "the document is empty", "start with \"name:\"");
      return null;
    }
    parser.getEvent(); // document start
    Tree tree = node(0);
    parser.getEvent(); // document end
    if (!parser.checkEvent(Event.ID.StreamEnd)) {
      throw new Refused(
          pos(parser.peekEvent().getStartMark()),
          "a second document begins here",
          "one blueprint a file");
    }
    return tree;
  }

  private Tree node(int depth) {
    Event event = parser.getEvent();
    Tree.Pos at = pos(event.getStartMark());
    if (depth > BlueprintLoader.DEPTH_MAX || ++nodes > BlueprintLoader.NODES_MAX) {
      throw new Refused(at, "the document is nested too deeply or has too many parts", null);
    }
    if (event instanceof AliasEvent) {
      throw new Refused(at, "YAML aliases (*name) are not accepted", "write the value out");
    }
    if (event instanceof NodeEvent node && node.getAnchor() != null) {
      throw new Refused(at, "YAML anchors (&name) are not accepted", "write the value out");
    }
    return switch (event) {
      case ScalarEvent scalar -> scalar(at, scalar);
      case CollectionStartEvent start -> {
        refuseTag(at, start.getTag());
        yield event.is(Event.ID.MappingStart) ? mapping(at, depth) : sequence(at, depth);
      }
      default -> throw new Refused(at, "expected a value", null);
    };
  }

  private Tree mapping(Tree.Pos at, int depth) {
    List<Tree.Member> members = new ArrayList<>();
    while (!parser.checkEvent(Event.ID.MappingEnd)) {
      Tree key = node(depth + 1);
      if (!(key instanceof Tree.Scalar name)) {
        throw new Refused(key.at(), "a member's name is a word, not " + key.described(), null);
      }
      members.add(new Tree.Member(key.at(), name.text(), node(depth + 1)));
    }
    parser.getEvent();
    return new Tree.Obj(at, members);
  }

  private Tree sequence(Tree.Pos at, int depth) {
    List<Tree> items = new ArrayList<>();
    while (!parser.checkEvent(Event.ID.SequenceEnd)) {
      items.add(node(depth + 1));
    }
    parser.getEvent();
    return new Tree.Arr(at, items);
  }

  private static Tree scalar(Tree.Pos at, ScalarEvent event) {
    refuseTag(at, event.getTag());
    Tree.Kind kind = event.isPlain() ? plainKind(event.getValue()) : Tree.Kind.TEXT;
    return new Tree.Scalar(at, event.getValue(), kind);
  }

  private static void refuseTag(Tree.Pos at, @Nullable String tag) {
    if (tag != null) {
      throw new Refused(at, "YAML tags (!name) are not accepted", "leave the tag out");
    }
  }

  private static Tree.Kind plainKind(String text) {
    return switch (text) {
      case "", "~", "null", "Null", "NULL" -> Tree.Kind.NOTHING;
      case "true", "True", "TRUE", "false", "False", "FALSE" -> Tree.Kind.BOOL;
      default -> NUMBER.matcher(text).matches() ? Tree.Kind.NUMBER : Tree.Kind.TEXT;
    };
  }

  private static Tree.Pos pos(@Nullable Mark mark) {
    return mark == null
        ? new Tree.Pos(1, 1, 0)
        : new Tree.Pos(mark.getLine() + 1, mark.getColumn() + 1, mark.getIndex());
  }

  private static String syntax(MarkedYAMLException e) {
    String context = e.getContext() == null ? "" : e.getContext() + ", ";
    return "this is not YAML: " + firstLine(context + e.getProblem());
  }

  private static @Nullable String tabHint(MarkedYAMLException e) {
    return String.valueOf(e.getProblem()).contains("\\t") ? "indent with spaces, not tabs" : null;
  }

  private static String firstLine(@Nullable String text) {
    String line = text == null ? "unreadable" : text.lines().findFirst().orElse("unreadable");
    return line.length() > 200 ? line.substring(0, 200) + "…" : line;
  }

  /** Reading cannot go on after this one. */
  private static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient Tree.Pos at;
    private final String what;
    private final @Nullable String hint;

    Refused(Tree.Pos at, String what, @Nullable String hint) {
      super(what, null, false, false);
      this.at = at;
      this.what = what;
      this.hint = hint;
    }
  }
}
