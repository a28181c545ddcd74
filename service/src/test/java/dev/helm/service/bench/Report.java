package dev.helm.service.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;

/**
 * The newest measurement of every row, one JSON file each in {@code target/helm/bench}, and the
 * table made of them. A row measured alone later replaces its file only.
 */
final class Report {
  private static final String BEGIN = "<!-- bench:begin -->";
  private static final String END = "<!-- bench:end -->";
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final Path folder;

  Report(Path folder) throws IOException {
    this.folder = Files.createDirectories(folder);
  }

  /** Keeps a row with its time and the load before and after it. */
  void keep(Row row, double loadBefore, double loadAfter) throws IOException {
    ObjectNode tree = JSON.valueToTree(row);
    tree.put(
        "at",
        LocalDateTime.now(ZoneOffset.UTC).format(DateTimeFormatter.ISO_LOCAL_DATE)
            + " "
            + LocalDateTime.now(ZoneOffset.UTC).format(DateTimeFormatter.ofPattern("HH:mm")));
    tree.put(
        "load",
        Stats.text("%.1f–%.1f", Math.min(loadBefore, loadAfter), Math.max(loadBefore, loadAfter)));
    JSON.writeValue(folder.resolve(row.id() + ".json").toFile(), tree);
  }

  /** The one-minute load average; NaN where there is none. */
  static double load() {
    try {
      return Double.parseDouble(Files.readString(Path.of("/proc/loadavg")).split(" ", 2)[0]);
    } catch (IOException e) {
      return Double.NaN;
    }
  }

  /** The Markdown block. */
  String markdown(List<String> ids) throws IOException {
    StringBuilder text = new StringBuilder();
    text.append("Measured with `./helm bench`; one row again: `./helm bench p11`. ");
    text.append(machine()).append("\n\n");
    text.append(
        "| id | what | Helm | beside it, same run | ratio | spread over rounds | goal | met ");
    text.append("| UTC | load |\n|---|---|---|---|---|---|---|---|---|---|\n");
    for (String id : ids) {
      Path file = folder.resolve(id + ".json");
      if (Files.exists(file)) {
        text.append(line(JSON.readTree(file.toFile())));
      }
    }
    return text.toString();
  }

  private static String line(JsonNode row) {
    List<String> cells = new ArrayList<>();
    for (String name : List.of("id", "what", "helm", "peer", "ratio", "spread", "goal")) {
      cells.add(row.get(name).asText().replace("|", "\\|"));
    }
    cells.add(row.get("met").asBoolean() ? "yes" : "**no**");
    cells.add(row.get("at").asText());
    cells.add(row.get("load").asText());
    return "| " + String.join(" | ", cells) + " |\n";
  }

  private static String machine() throws IOException {
    String memory =
        Files.exists(Path.of("/proc/meminfo"))
            ? Files.readAllLines(Path.of("/proc/meminfo")).getFirst().replaceAll("[^0-9]", "")
            : "0";
    return Stats.text(
        "Machine: %d cores, %d GB, %s %s, JDK %s, files on %s.",
        Runtime.getRuntime().availableProcessors(),
        Math.round(Long.parseLong(memory) / 1e6),
        System.getProperty("os.name"),
        System.getProperty("os.version"),
        Runtime.version().feature(),
        Files.getFileStore(Path.of(System.getProperty("java.io.tmpdir"))).type());
  }

  /** Replaces the block between the marks of a document. */
  static void writeInto(Path document, String block) throws IOException {
    String text = Files.readString(document);
    int begin = text.indexOf(BEGIN);
    int end = text.indexOf(END);
    if (begin < 0 || end < begin) {
      throw new IOException(document + " has no marks " + BEGIN + " and " + END);
    }
    Files.writeString(
        document, text.substring(0, begin + BEGIN.length()) + "\n" + block + text.substring(end));
  }
}
