package dev.helm.cli;

import dev.helm.cli.render.Paint;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Runs the quick commands once against answers of its own, so that a class archive made at its exit
 * ({@code java -XX:ArchiveClassesAtExit=helm.jsa -cp helm-cli.jar dev.helm.cli.Training}) holds
 * what they need. Nothing outside this process is touched.
 */
public final class Training {
  private static final Map<String, String> ANSWERS =
      Map.of(
          "/api/status",
          "{\"backend\":\"healthy\",\"activeRuns\":1,\"version\":\"\",\"practice\":true,"
              + "\"components\":[{\"name\":\"temporal\",\"state\":\"healthy\"}]}",
          "/api/runs",
          "{\"items\":[{\"id\":\"4f3a0000000000000000000000000000\",\"name\":\"x\","
              + "\"status\":\"running\",\"budgetUsd\":\"5.000000\","
              + "\"createdAt\":\"2026-03-02T14:02:11.000Z\"}]}",
          "/api/inbox",
          "{\"items\":[]}");

  private static final String TOKEN =
      "{\"url\":\"%s\",\"token\":\"x\",\"user\":\"x\",\"expiresAt\":\"9999-01-01T00:00:00Z\"}";

  private Training() {}

  /** Plays every quick command once. */
  public static void main(String[] args) throws IOException {
    try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      Thread.ofPlatform().daemon().start(() -> answer(server));
      PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
      String url = "http://127.0.0.1:" + server.getLocalPort();
      Path home = Files.createTempDirectory("helm-training");
      Path token = Files.writeString(home.resolve("cli-token.json"), TOKEN.formatted(url));
      Env env = new Env(Map.of("HELM_URL", url, "HELM_HOME", home.toString()), home);
      Out out = new Out(nowhere, nowhere, Paint.NONE, Paint.NONE, 80, false);
      Context context = new Context(env, out, InputStream.nullInputStream());
      for (List<String> words :
          List.of(
              List.of("status"),
              List.of("runs"),
              List.of("inbox"),
              List.of("version"),
              List.of("help"),
              List.of("runs", "--status", "running"),
              List.of("watch", "--help"))) {
        Helm.run(words.toArray(String[]::new), context);
      }
      Out.ofProcess(Env.ofProcess());
      Files.delete(token);
      Files.delete(home);
    }
  }

  private static void answer(ServerSocket server) {
    while (!server.isClosed()) {
      try (Socket socket = server.accept()) {
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
        String first = String.valueOf(in.readLine());
        while (!String.valueOf(in.readLine()).isEmpty()) {
          // The headers do not matter.
        }
        String path = first.replaceFirst("^GET ", "").replaceFirst("[? ].*", "");
        String body = ANSWERS.getOrDefault(path, "{}");
        String head =
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + body.length() + "\r\n\r\n";
        socket.getOutputStream().write((head + body).getBytes(StandardCharsets.US_ASCII));
      } catch (IOException e) {
        return;
      }
    }
  }
}
