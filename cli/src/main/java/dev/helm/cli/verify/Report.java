package dev.helm.cli.verify;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What was checked, what was found, and where. */
public final class Report {
  /** Most faults that are told one by one. */
  public static final int FAULTS_MAX = 100;

  private static final int NOTES_MAX = 1_000;

  private final List<Fault> faults = new ArrayList<>();
  private final List<String> checked = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private final Map<String, Object> about = new LinkedHashMap<>();
  private long count;

  /**
   * Something that is not as it has to be.
   *
   * @param part {@code file manifest chain checkpoints blobs rules kept tables replay}
   * @param seq the event that it is about, 0 for none
   */
  public record Fault(String part, long seq, String text) {}

  void fault(String part, long seq, String text) {
    count++;
    if (faults.size() < FAULTS_MAX) {
      faults.add(new Fault(part, seq, text));
    }
  }

  void checked(String text) {
    checked.add(text);
  }

  void note(String text) {
    if (notes.size() < NOTES_MAX) {
      notes.add(text);
    }
  }

  void about(String name, Object value) {
    about.put(name, value);
  }

  /** Whether nothing was found. */
  public boolean verified() {
    return count == 0;
  }

  /** All faults, those beyond {@link #FAULTS_MAX} too. */
  public long count() {
    return count;
  }

  /** The first faults. */
  public List<Fault> faults() {
    return List.copyOf(faults);
  }

  /** What was checked, in words. */
  public List<String> checked() {
    return List.copyOf(checked);
  }

  /** What one should know, in words. */
  public List<String> notes() {
    return List.copyOf(notes);
  }

  /** What the bundle says of itself. */
  public Map<String, Object> about() {
    return about;
  }

  /** All of it as a tree. */
  public Map<String, Object> tree() {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("verified", verified());
    tree.put("about", about);
    tree.put("checked", checked);
    tree.put("notes", notes);
    tree.put("faultCount", count);
    tree.put("faults", faults.stream().map(Report::line).toList());
    return tree;
  }

  private static Map<String, Object> line(Fault fault) {
    return Map.of("part", fault.part(), "seq", fault.seq(), "text", fault.text());
  }
}
