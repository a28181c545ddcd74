package dev.helm.service.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** P12: what everything that {@code helm up} starts holds in memory while nothing happens. */
final class IdleMemory {
  private static final int IDLE_SECONDS = 20;
  private static final int SAMPLES = 3;
  private static final double GOAL_MB = 600;
  private static final Pattern NAMESPACE =
      Pattern.compile("--containerd-namespace=(helm-[0-9a-f]+)");

  private IdleMemory() {}

  static Row measure(LiveHelm helm) throws IOException, InterruptedException {
    Thread.sleep(IDLE_SECONDS * 1000L);
    List<Map<String, Long>> samples = new ArrayList<>();
    for (int i = 0; i < SAMPLES; i++) {
      samples.add(sample(helm));
      Thread.sleep(2000);
    }
    List<Double> sums =
        samples.stream()
            .map(one -> one.values().stream().mapToLong(Long::longValue).sum() / 1024.0)
            .toList();
    Map<String, Long> last = samples.getLast();
    StringBuilder parts = new StringBuilder();
    long foreign = 0;
    for (Map.Entry<String, Long> part : last.entrySet()) {
      parts.append(parts.isEmpty() ? "" : ", ").append(part.getKey()).append(' ');
      parts.append(part.getValue() / 1024);
      boolean ours = List.of("launcher", "service", "keyproxy", "practice").contains(part.getKey());
      foreign += ours ? 0 : part.getValue();
    }
    double sum = Stats.median(sums);
    List<Double> ratios = sums.stream().map(one -> one / GOAL_MB).toList();
    return new Row(
        "P12",
        "idle memory of all that `helm up` starts, resident after 20 s, shared files counted once",
        Stats.text("%.0f MB (%s)", sum, parts),
        Stats.text("Temporal, engine and container alone: %.0f MB", foreign / 1024.0),
        Stats.text("%.2f of 600 MB", sum / GOAL_MB),
        Stats.spread(ratios, "%.2f"),
        "≤ 600 MB",
        sum <= GOAL_MB,
        Map.of("samplesKb", samples));
  }

  /**
   * Kilobytes a process: its own (anonymous) pages, and each mapped file once, charged to whoever
   * holds most of it. Unlike PSS this does not shrink when a neighbour runs the same programs.
   */
  private static Map<String, Long> sample(LiveHelm helm) throws IOException {
    Map<Long, String> names = helm.processes();
    Map<Long, Long> parents = parents();
    String namespace = namespace(names);
    Map<String, Long> kb = new LinkedHashMap<>();
    Map<String, Long> mostOfFile = new HashMap<>();
    Map<String, String> holder = new HashMap<>();
    for (long pid : parents.keySet()) {
      String name = nameOf(pid, names, parents, namespace);
      if (!name.isEmpty()) {
        kb.merge(name, read(pid, name, mostOfFile, holder), Long::sum);
      }
    }
    mostOfFile.forEach((file, held) -> kb.merge(holder.getOrDefault(file, "?"), held, Long::sum));
    return kb;
  }

  /** Anonymous kilobytes of one process; what it maps of files goes into the maps. */
  private static long read(
      long pid, String name, Map<String, Long> mostOfFile, Map<String, String> holder) {
    long anonymous = 0;
    String mapping = "";
    long resident = 0;
    try {
      for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/smaps"))) {
        String[] words = line.split("\\s+", 6);
        if (!words[0].endsWith(":")) {
          mapping = words[4].equals("0") ? "" : words[3] + " " + words[4] + " " + words[2];
        } else if (words[0].equals("Rss:")) {
          resident = Long.parseLong(words[1]);
        } else if (words[0].equals("Anonymous:")) {
          long own = Long.parseLong(words[1]);
          anonymous += mapping.isEmpty() ? resident : own;
          if (!mapping.isEmpty() && resident - own > mostOfFile.getOrDefault(mapping, 0L)) {
            mostOfFile.put(mapping, resident - own);
            holder.put(mapping, name);
          }
        }
      }
    } catch (IOException e) {
      return anonymous; // gone meanwhile
    }
    return anonymous;
  }

  /** The nearest named ancestor; containers hang below a shim that belongs to nobody. */
  private static String nameOf(
      long pid, Map<Long, String> names, Map<Long, Long> parents, String namespace)
      throws IOException {
    for (long at = pid; at > 1; at = parents.getOrDefault(at, 0L)) {
      if (names.containsKey(at)) {
        return names.get(at);
      }
      if (!namespace.isEmpty() && commandLine(at).contains("-namespace " + namespace + " ")) {
        return "container";
      }
    }
    return "";
  }

  private static String namespace(Map<Long, String> names) throws IOException {
    for (Map.Entry<Long, String> one : names.entrySet()) {
      Matcher found = NAMESPACE.matcher(commandLine(one.getKey()));
      if (found.find()) {
        return found.group(1);
      }
    }
    return "";
  }

  private static Map<Long, Long> parents() {
    Map<Long, Long> parents = new LinkedHashMap<>();
    ProcessHandle.allProcesses()
        .forEach(one -> parents.put(one.pid(), one.parent().map(ProcessHandle::pid).orElse(0L)));
    return parents;
  }

  private static String commandLine(long pid) throws IOException {
    try {
      byte[] bytes = Files.readAllBytes(Path.of("/proc/" + pid + "/cmdline"));
      return new String(bytes, StandardCharsets.UTF_8).replace('\0', ' ');
    } catch (java.nio.file.NoSuchFileException e) {
      return "";
    }
  }
}
