package dev.helm.service.store;

import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What exports are made of, read as it is stored and never mended. */
public interface BundleStore {
  /**
   * What a manifest says of a run.
   *
   * @param blueprintBody the blueprint as canonical JSON, whose SHA-256 the hash is
   */
  record About(
      String project,
      String blueprint,
      int version,
      String blueprintHash,
      String blueprintBody,
      int epoch) {}

  /** How much an export will hold. */
  record Size(long events, long bytes) {}

  /**
   * A stored history of a workflow's execution.
   *
   * @param bytes its length as JSON
   * @param sha256 its hash as JSON
   */
  record History(String workflow, String execution, String at, long bytes, String sha256) {}

  /** A workflow whose histories are archived, or lost for the reason given. */
  record Archived(String workflow, @Nullable String lost) {}

  /**
   * How the tables that people read compare with the log.
   *
   * @param toSeq the last event of the log that was read; 0 when it is too long to compare
   * @param differences the first of them, in words and without what stands there
   */
  record Tables(long toSeq, List<String> differences) {
    public Tables {
      differences = List.copyOf(differences);
    }
  }

  /** Makes a run's tables anew from its log and compares; takes seconds for a long log. */
  Tables tables(String run);

  /** What is known of a run, or null. */
  @Nullable About about(String run);

  /** The size of a chain up to a seq. */
  Size size(String run, long toSeq);

  /** Gives the lines of a chain's events, as clients read them, up to a seq. */
  void events(String run, long toSeq, Consumer<String> line);

  /** Length of a blob, or -1 if it is not there. */
  long blobBytes(String sha256);

  /** Histories of a run, oldest first. */
  List<History> histories(String run);

  /** A history as gzipped JSON, or null. */
  byte @Nullable [] history(String run, String workflow, String execution);

  /** Keeps a history, if it is new. */
  void keep(String run, History history, byte[] gzipped);

  /** Which workflows of a run are archived to their end. */
  List<Archived> archived(String run);

  /** Notes that a workflow is archived to its end, or lost. */
  void archived(String run, String workflow, @Nullable String lost);

  /** Runs that have ended and have an epoch whose workflow is not archived, after an id. */
  List<String> unarchived(String afterRun, int limit);
}
