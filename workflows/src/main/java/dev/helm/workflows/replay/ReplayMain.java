package dev.helm.workflows.replay;

import dev.helm.api.bundle.BundleFormat;
import dev.helm.workflows.AgentRunWorkflow;
import dev.helm.workflows.HelmJson;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.common.WorkflowExecutionHistory;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * The part of {@code helm verify --replay} that needs the workflow's code. It reads a bundle whose
 * sums and signatures {@code helm verify} has checked just before, and prints a JSON line for each
 * finding; the last has the kind {@code end}.
 */
public final class ReplayMain {
  private static final int HISTORY_BYTES_MAX = 256 << 20;

  private ReplayMain() {}

  /** Replays the bundle that is named. */
  public static void main(String[] args) throws IOException {
    PrintStream out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    if (args.length != 1) {
      System.err.println("usage: ReplayMain BUNDLE");
      System.exit(2);
    }
    System.exit(replay(Path.of(args[0]), out) ? 0 : 1);
  }

  /**
   * Replays a bundle.
   *
   * @param out gets the findings, a JSON line each
   * @return whether nothing was found
   */
  public static boolean replay(Path bundle, PrintStream out) throws IOException {
    Findings findings = new Findings(out);
    try (ZipFile zip = new ZipFile(bundle.toFile())) {
      replay(zip, findings);
    }
    findings.end();
    return findings.none();
  }

  private static void replay(ZipFile zip, Findings findings) throws IOException {
    Map<String, Object> manifest =
        HelmJson.readObject(text(zip, zip.getEntry(BundleFormat.MANIFEST)));
    LoggedFacts log = new LoggedFacts();
    try (BufferedReader events =
        new BufferedReader(
            new InputStreamReader(
                zip.getInputStream(zip.getEntry(BundleFormat.EVENTS)), StandardCharsets.UTF_8))) {
      log.read(events);
    }
    Map<String, ZipEntry> histories = new TreeMap<>();
    zip.stream()
        .filter(entry -> entry.getName().startsWith(BundleFormat.HISTORIES))
        .forEach(entry -> histories.put(entry.getName(), entry));
    Comparison comparison = new Comparison(log, findings);
    Set<String> children = new HashSet<>();
    Set<String> before = new HashSet<>();
    try (Rerun rerun = new Rerun()) {
      for (Map.Entry<String, ZipEntry> entry : histories.entrySet()) {
        WorkflowExecutionHistory history =
            WorkflowExecutionHistory.fromJson(text(zip, entry.getValue()));
        needs(history, children, before);
        comparison.take(entry.getKey(), history, rerun);
      }
    }
    boolean complete = complete(manifest, children, before);
    if (!complete) {
      findings.note(
          "The bundle does not have all histories of the run (one that goes on has its last one"
              + " not yet); what they lack was not compared.");
    }
    comparison.finish(complete);
  }

  /** A history leads to those of its children, and to the one that it continues. */
  private static void needs(
      WorkflowExecutionHistory history, Set<String> children, Set<String> before) {
    for (HistoryEvent event : history.getEvents()) {
      if (event.hasChildWorkflowExecutionStartedEventAttributes()) {
        children.add(
            event
                .getChildWorkflowExecutionStartedEventAttributes()
                .getWorkflowExecution()
                .getWorkflowId());
      }
    }
    String previous =
        history
            .getEvents()
            .getFirst()
            .getWorkflowExecutionStartedEventAttributes()
            .getContinuedExecutionRunId();
    if (!previous.isEmpty()) {
      before.add(previous);
    }
  }

  static boolean complete(
      Map<String, Object> manifest, Set<String> children, Set<String> before) {
    if (!(manifest.get("histories") instanceof Map<?, ?> histories)
        || !(histories.get("complete") instanceof List<?> complete)
        || !(histories.get("kept") instanceof List<?> kept)
        || !(histories.get("lost") instanceof Map<?, ?> lost)
        || !(manifest.get("epoch") instanceof Number epochs)) {
      return false;
    }
    String run = String.valueOf(manifest.get("run"));
    boolean all = lost.isEmpty() && complete.containsAll(children);
    Set<Object> executions = new HashSet<>();
    for (Object one : kept) {
      if (one instanceof Map<?, ?> map && map.get("execution") instanceof String execution) {
        executions.add(execution);
      }
    }
    all &= executions.containsAll(before);
    for (int epoch = 1; epoch <= epochs.intValue(); epoch++) {
      all &= complete.contains(AgentRunWorkflow.workflowId(run, epoch));
    }
    return all;
  }

  private static String text(ZipFile zip, ZipEntry entry) throws IOException {
    try (InputStream in = zip.getInputStream(entry)) {
      byte[] bytes = in.readNBytes(HISTORY_BYTES_MAX + 1);
      if (bytes.length > HISTORY_BYTES_MAX) {
        throw new IOException(entry.getName() + " is too large to replay");
      }
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }
}
