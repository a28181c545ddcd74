package dev.helm.service.whole;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** An installation of its own, started by the launcher script as a person starts it. */
final class Launched implements AutoCloseable {
  private static final long UP_MS = 400_000;

  final Path home;
  final int port;
  private final Path checkout = checkout();
  private final Path words;
  private final String smtpUrl;
  private final Map<String, String> settings;

  private Launched(Path home, int port, String smtpUrl, Map<String, String> settings)
      throws IOException {
    this.home = home;
    this.port = port;
    this.smtpUrl = smtpUrl;
    this.settings = Map.copyOf(settings);
    Path logs = Files.createDirectories(Path.of("target", "whole"));
    this.words = logs.resolve("launcher.log").toAbsolutePath();
    Files.deleteIfExists(words);
  }

  /** A home that nothing is started in yet. */
  static Launched prepare(String smtpUrl) throws IOException {
    return prepare(smtpUrl, Map.of());
  }

  /** The same with further settings in the launcher's environment. */
  static Launched prepare(String smtpUrl, Map<String, String> settings) throws IOException {
    // Short, because socket paths below it have a fixed room.
    Path home = Files.createTempDirectory(Path.of("/tmp"), "hw");
    return new Launched(home, freePorts(), smtpUrl, settings);
  }

  /** A file that every process of Helm may read. */
  void put(String name, String text) throws IOException {
    Path file = home.resolve(name);
    Path folder = Objects.requireNonNull(file.getParent());
    Files.createDirectories(folder);
    Files.writeString(file, text);
    Files.setAttribute(file, "unix:mode", 0644);
    if (!folder.equals(home)) {
      Files.setAttribute(folder, "unix:mode", 0755);
    }
  }

  /** {@code helm up --detach}; returns when everything is ready. */
  void up() throws IOException, InterruptedException {
    Process process = launcher("up", "--detach", "--yes");
    if (!process.waitFor(UP_MS, TimeUnit.MILLISECONDS) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IllegalStateException("helm up failed:\n" + Files.readString(words));
    }
  }

  /** Another command; everything that the launcher has said so far. */
  String say(String... arguments) throws IOException, InterruptedException {
    launcher(arguments).waitFor();
    return Files.readString(words);
  }

  private Process launcher(String... arguments) throws IOException {
    List<String> line = new ArrayList<>(List.of(checkout.resolve("helm").toString()));
    line.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(line)
            .redirectErrorStream(true)
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(ProcessBuilder.Redirect.appendTo(words.toFile()));
    Map<String, String> env = builder.environment();
    env.keySet()
        .removeAll(
            List.of("TEMPORAL_ADDRESS", "HELM_MODEL_KEY_FILE", "HELM_MODEL_UPSTREAM", "HELM_URL"));
    env.put("HELM_HOME", home.toString());
    env.put("HELM_PORT", "" + port);
    env.put("HELM_SMTP_URL", smtpUrl);
    env.put("HELM_ENGINE", "own");
    env.putAll(settings);
    return builder.start();
  }

  /** The pid of a part, or of the launcher itself by the name {@code launcher}; null if none. */
  @Nullable Long pid(String name) {
    JsonNode state = state();
    if (name.equals("launcher")) {
      return state.at("/launcher/pid").isMissingNode() ? null : state.at("/launcher/pid").asLong();
    }
    for (JsonNode child : state.path("children")) {
      long pid = child.at("/process/pid").asLong();
      if (child.path("name").asText().equals(name) && ProcessHandle.of(pid).isPresent()) {
        return pid;
      }
    }
    return null;
  }

  private JsonNode state() {
    try {
      return HelmJson.read(Files.readString(home.resolve("run/state.json")), JsonNode.class);
    } catch (IOException | IllegalArgumentException e) {
      return HelmJson.mapper().createObjectNode();
    }
  }

  /** Pids of the executors of containers of this home, by slot. */
  Map<String, Long> containers() throws IOException {
    Map<String, Long> found = new java.util.TreeMap<>();
    try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
      for (Path process : processes.toList()) {
        String name = String.valueOf(process.getFileName());
        String slot = name.matches("[0-9]+") ? slotOf(process) : null;
        if (slot != null) {
          found.put(slot, Long.parseLong(name));
        }
      }
    }
    return found;
  }

  private @Nullable String slotOf(Path process) {
    try {
      if (!Files.readString(process.resolve("cmdline")).startsWith("/usr/local/bin/helm-executor")
          || !Files.readString(process.resolve("status")).contains("\nNSpid:")
          || !Files.readString(process.resolve("status")).matches("(?s).*\\nNSpid:.*\\t1\\n.*")) {
        return null;
      }
      String mark = home.getFileName() + "/slots/";
      String mounts = Files.readString(process.resolve("mountinfo"));
      int at = mounts.indexOf(mark);
      return at < 0 ? null : mounts.substring(at + mark.length(), at + mark.length() + 8);
    } catch (IOException e) {
      return null; // it ended meanwhile
    }
  }

  /** How many containers the engine knows, running or not; -1 when it does not answer. */
  int containersOfEngine() {
    String ask = "GET /containers/json?all=1 HTTP/1.0\r\nHost: engine\r\n\r\n";
    try (SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      socket.connect(UnixDomainSocketAddress.of(home.resolve("run/docker.sock")));
      socket.write(ByteBuffer.wrap(ask.getBytes(StandardCharsets.US_ASCII)));
      String answer =
          new String(Channels.newInputStream(socket).readAllBytes(), StandardCharsets.UTF_8);
      int body = answer.indexOf("\r\n\r\n");
      return HelmJson.read(answer.substring(body + 4), JsonNode.class).size();
    } catch (IOException | RuntimeException e) {
      return -1;
    }
  }

  /** The slot that a workspace was moved into last, or null. */
  @Nullable String busySlot() throws IOException {
    Path slots = home.resolve("slots");
    if (!Files.isDirectory(slots)) {
      return null;
    }
    try (Stream<Path> all = Files.list(slots)) {
      return all.filter(slot -> Files.exists(box(slot).resolve("workspace")))
          .max(Comparator.comparingLong(slot -> box(slot).toFile().lastModified()))
          .map(slot -> String.valueOf(slot.getFileName()))
          .orElse(null);
    }
  }

  /** A slot's own disk, if it has one. */
  private Path box(Path slot) {
    Path disk = home.resolve("boxes").resolve(slot.getFileName());
    return Files.exists(disk) ? disk : slot.resolve("box");
  }

  /** The lines of a file of this name in all workspaces, wherever they are now. */
  List<String> workspaceLines(String name) throws IOException {
    List<Path> workspaces = new ArrayList<>();
    for (Path each : entries("workspaces")) {
      // What begins with a dot is a copy on its way, or on its way out.
      if (!each.getFileName().toString().startsWith(".")) {
        workspaces.add(each);
      }
    }
    for (Path slot : entries("slots")) {
      // With one of these marks home is the truth.
      if (!Files.exists(slot.resolve("arriving")) && !Files.exists(slot.resolve("left"))) {
        workspaces.add(box(slot).resolve("workspace"));
      }
    }
    List<String> lines = new ArrayList<>();
    for (Path workspace : workspaces) {
      if (Files.exists(workspace.resolve(name))) {
        lines.addAll(Files.readAllLines(workspace.resolve(name)));
      }
    }
    return lines;
  }

  private List<Path> entries(String folder) throws IOException {
    if (!Files.isDirectory(home.resolve(folder))) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(home.resolve(folder))) {
      return all.toList();
    }
  }

  /** Ends everything, keeps the logs for who reads a failure, removes the rest. */
  @Override
  public void close() throws IOException, InterruptedException {
    Process down = launcher("down");
    if (!down.waitFor(120, TimeUnit.SECONDS)) {
      down.destroyForcibly();
    }
    Path kept = words.resolveSibling("logs");
    Files.createDirectories(kept);
    try (Stream<Path> logs = Files.list(home.resolve("logs"))) {
      for (Path log : logs.toList()) {
        Files.copy(log, kept.resolve(log.getFileName()), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    if (down.exitValue() != 0 || !home.startsWith("/tmp")) {
      throw new IllegalStateException("helm down failed:\n" + Files.readString(words));
    }
    try (Stream<Path> all = Files.walk(home, new FileVisitOption[0])) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }

  static Path checkout() {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      if (Files.isExecutable(at.resolve("helm"))) {
        return at;
      }
    }
    throw new IllegalStateException("no launcher script above " + Path.of("").toAbsolutePath());
  }

  static int freePorts() throws IOException {
    Random random = new Random();
    for (int tries = 0; tries < 100; tries++) {
      int base = 10_000 + random.nextInt(20_000);
      if (free(base)) {
        return base;
      }
    }
    throw new IOException("no six free ports side by side");
  }

  private static boolean free(int base) {
    for (int port = base; port < base + 6; port++) {
      try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        socket.setReuseAddress(true);
      } catch (IOException e) {
        return false;
      }
    }
    return true;
  }
}
