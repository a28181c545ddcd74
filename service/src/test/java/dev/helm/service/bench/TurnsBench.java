package dev.helm.service.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.helm.service.Settings;
import dev.helm.service.rest.Backend;
import dev.helm.service.run.LiveBackend;
import dev.helm.service.run.LongRun;
import dev.helm.service.store.Store;
import dev.helm.service.stream.StreamHub;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * P10: whether late turns of a long run cost more than early ones. The real backend (Temporal,
 * store, worker, model client) plays a run whose every turn asks for a command that a rule denies;
 * the model is a server that takes the request in and answers at once. A turn lasts from one
 * request's arrival to the next one's; the time in which the model reads and answers is left out.
 *
 * <p>Prints one JSON object; milliseconds. Argument: turns. Needs HELM_TEST_TEMPORAL.
 */
public final class TurnsBench {
  private static final int EDGE = 100;

  private TurnsBench() {}

  public static void main(String[] args) throws Exception {
    Stats.quietLogs();
    int turns = args.length > 0 ? Integer.parseInt(args[0]) : 1_000;
    Path home = Files.createTempDirectory(Path.of("/tmp"), "ht");
    Files.createDirectories(home.resolve("keys"));
    Files.createDirectories(home.resolve("run"));
    Files.writeString(home.resolve("keys").resolve("ledger.secret"), "0".repeat(64));
    Map<String, Object> found = new LinkedHashMap<>();
    try (AtOnce model = new AtOnce(turns);
        DevServer temporal = DevServer.tuned(Path.of(System.getenv("HELM_TEST_TEMPORAL")), home);
        Store store = Store.open(home, Clock.systemUTC());
        StreamHub hub = new StreamHub(store)) {
      Backend backend =
          LiveBackend.open(
              new Settings(
                  home,
                  "127.0.0.1",
                  4356,
                  temporal.address(),
                  "",
                  "http://127.0.0.1:" + model.port(),
                  true,
                  "",
                  ""),
              store,
              hub);
      backend.start();
      String run = LongRun.create(store, turns + 1);
      backend.control().start(run);
      while (LongRun.status(store, run).active()) {
        TimeUnit.MILLISECONDS.sleep(200);
      }
      backend.close();
      List<Double> helm = model.betweenMs();
      found.put("turns", helm.size() + 1);
      found.put("status", LongRun.status(store, run).word());
      found.put("first", summary(helm.subList(EDGE / 10, EDGE / 10 + EDGE)));
      found.put("last", summary(helm.subList(helm.size() - EDGE, helm.size())));
      found.put("firstBodyBytes", model.bodies.getFirst());
      found.put("lastBodyBytes", model.bodies.getLast());
    } finally {
      Folders.delete(home);
    }
    System.out.println(new ObjectMapper().writeValueAsString(found));
    System.exit(0); // the SDK's idle threads
  }

  private static Map<String, Object> summary(List<Double> values) {
    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("p50", Stats.median(values));
    summary.put("p90", Stats.percentile(values, 90));
    summary.put("mean", values.stream().mapToDouble(Double::doubleValue).average().orElse(0));
    return summary;
  }

  /** A model that asks for the same refused command again and again. */
  private static final class AtOnce implements AutoCloseable {
    final List<Long> bodies = new ArrayList<>();
    private final List<long[]> spans = new ArrayList<>();
    private final int turns;
    private final HttpServer server;

    AtOnce(int turns) throws IOException {
      this.turns = turns;
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.createContext("/", this::handle);
      server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
      server.start();
    }

    int port() {
      return server.getAddress().getPort();
    }

    private synchronized void handle(HttpExchange exchange) throws IOException {
      long came = System.nanoTime();
      long bytes = exchange.getRequestBody().readAllBytes().length;
      bodies.add(bytes);
      int turn = bodies.size();
      exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
      byte[] answer = answer(turn).getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(200, answer.length);
      exchange.getResponseBody().write(answer);
      exchange.close();
      spans.add(new long[] {came, System.nanoTime()});
    }

    private String answer(int turn) {
      String head =
          line(
              "message_start",
              "\"message\":{\"id\":\"msg_"
                  + turn
                  + "\",\"model\":\"claude-sonnet-4-5\",\"usage\":{\"input_tokens\":11,"
                  + "\"output_tokens\":1}}");
      String body =
          turn < turns
              ? line(
                      "content_block_start",
                      "\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_"
                          + turn
                          + "\",\"name\":\"Bash\"}")
                  + line(
                      "content_block_delta",
                      "\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":"
                          + "\"{\\\"command\\\":\\\"forbidden "
                          + turn
                          + "\\\"}\"}")
              : line("content_block_start", "\"index\":0,\"content_block\":{\"type\":\"text\"}")
                  + line(
                      "content_block_delta",
                      "\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"The end.\"}");
      return head
          + body
          + line("content_block_stop", "\"index\":0")
          + line(
              "message_delta",
              "\"delta\":{\"stop_reason\":\""
                  + (turn < turns ? "tool_use" : "end_turn")
                  + "\"},\"usage\":{\"output_tokens\":7}")
          + line("message_stop", "\"x\":0");
    }

    private static String line(String type, String members) {
      return "event: " + type + "\ndata: {\"type\":\"" + type + "\"," + members + "}\n\n";
    }

    synchronized List<Double> betweenMs() {
      List<Double> between = new ArrayList<>();
      for (int i = 1; i < spans.size(); i++) {
        between.add((spans.get(i)[0] - spans.get(i - 1)[1]) / 1e6);
      }
      return between;
    }

    @Override
    public void close() {
      server.stop(0);
    }
  }
}
