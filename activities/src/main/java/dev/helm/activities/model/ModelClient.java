package dev.helm.activities.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.api.Secret;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.decide.Shortage;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One streamed call to the key proxy. No retries here: Temporal retries, so that each attempt is
 * counted and logged. A stream that is silent for too long is closed.
 */
public final class ModelClient {
  private static final Duration CONNECT = Duration.ofSeconds(5);
  private static final Duration FIRST_BYTE = Duration.ofMinutes(5);
  private static final int ERROR_BYTES_MAX = 64 * 1024;
  private static final int LINE_CHARS_MAX = 8 << 20;

  private static final ScheduledExecutorService WATCH =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("helm-model-idle").factory());

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(CONNECT)
          .followRedirects(HttpClient.Redirect.NEVER)
          .executor(Executors.newVirtualThreadPerTaskExecutor())
          .build();
  private final URI messages;
  private final Duration idle;

  /**
   * A client of the key proxy.
   *
   * @param keyProxy its base URL
   * @param idle how long a stream may be silent
   */
  public ModelClient(URI keyProxy, Duration idle) {
    this.messages = keyProxy.resolve("/v1/messages");
    this.idle = idle;
  }

  /** How a call ended for good. */
  sealed interface Outcome {
    /** The whole answer. */
    record Whole(Answer answer) implements Outcome {}

    /**
     * A cap has no room; {@code affordableTokens} is 0 when not even a short answer fits, {@code
     * shortage} says which cap, if the ledger told it.
     */
    record OverBudget(String message, int affordableTokens, @Nullable Shortage shortage)
        implements Outcome {}

    /** The service refuses this request and would refuse it again. */
    record Refused(int status, String message) implements Outcome {}
  }

  /** Where a call can be ended from another thread. */
  static final class Line {
    private final AtomicReference<InputStream> open = new AtomicReference<>();
    private final AtomicReference<CompletableFuture<?>> asked = new AtomicReference<>();
    private volatile boolean cut;

    /** Ends the call; the key proxy sees it and ends the call upstream. */
    void cut() {
      cut = true;
      CompletableFuture<?> answer = asked.get();
      if (answer != null) {
        answer.cancel(true);
      }
      close(open.get());
    }

    private void asks(CompletableFuture<?> answer) {
      asked.set(answer);
      if (cut) {
        answer.cancel(true);
      }
    }

    private void opened(InputStream stream) {
      open.set(stream);
      if (cut) {
        close(stream);
      }
    }
  }

  /**
   * Makes the call.
   *
   * @throws ModelFault when it failed in a way that may pass
   */
  Outcome call(String body, Secret token, String callName, Line line, Consumer<String> onText) {
    HttpRequest request =
        HttpRequest.newBuilder(messages)
            .timeout(FIRST_BYTE)
            .header("content-type", "application/json")
            .header("anthropic-version", "2023-06-01")
            .header("x-api-key", token.reveal())
            .header("x-helm-call", callName)
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    try {
      HttpResponse<InputStream> response = send(request, line);
      try (InputStream stream = response.body()) {
        line.opened(stream);
        return response.statusCode() == 200
            ? read(stream, onText)
            : refused(
                response, new String(stream.readNBytes(ERROR_BYTES_MAX), StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      throw new ModelFault(
          line.cut
              ? "the call was cut"
              : "the key proxy does not answer: " + Words.of(String.valueOf(e.getMessage())),
          null,
          0);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ModelFault("the service is stopping", null, 0);
    }
  }

  /** Waits for the answer's head, which may take minutes; a cut ends that too. */
  private HttpResponse<InputStream> send(HttpRequest request, Line line)
      throws IOException, InterruptedException {
    CompletableFuture<HttpResponse<InputStream>> answer =
        http.sendAsync(request, HttpResponse.BodyHandlers.ofInputStream());
    line.asks(answer);
    try {
      return answer.get();
    } catch (CancellationException e) {
      throw new IOException("cut", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
    }
  }

  private Outcome read(InputStream stream, Consumer<String> onText) throws IOException {
    AtomicLong lastByte = new AtomicLong(System.nanoTime());
    ScheduledFuture<?> watch =
        WATCH.scheduleAtFixedRate(
            () -> {
              if (System.nanoTime() - lastByte.get() > idle.toNanos()) {
                close(stream);
              }
            },
            1,
            1,
            TimeUnit.SECONDS);
    try {
      AnswerBuilder builder = new AnswerBuilder(onText);
      BufferedReader reader =
          new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
      String line = reader.readLine();
      while (line != null && !builder.whole()) {
        lastByte.set(System.nanoTime());
        if (line.length() > LINE_CHARS_MAX) {
          throw new ModelFault("the model's stream has a line that is too long", 200, 0);
        }
        if (line.startsWith("data:")) {
          builder.take(json(line.substring(5)));
        }
        line = reader.readLine();
      }
      // To the stream's end: the key proxy ends it when the money is settled.
      while (line != null) {
        line = reader.readLine();
      }
      if (!builder.whole()) {
        throw new ModelFault("the model's stream was cut before its end", 200, 0);
      }
      return new Outcome.Whole(builder.build());
    } finally {
      watch.cancel(false);
    }
  }

  private static JsonNode json(String data) {
    try {
      return HelmJson.mapper().readTree(data);
    } catch (JsonProcessingException e) {
      throw new ModelFault("the model's stream holds something that is no JSON", 200, 0);
    }
  }

  private static Outcome refused(HttpResponse<InputStream> response, String body) {
    int status = response.statusCode();
    String message = Words.of(message(body));
    return switch (status) {
      case 402 ->
          new Outcome.OverBudget(
              message,
              header(response, "x-helm-affordable-tokens").map(ModelClient::number).orElse(0),
              Shortage.parse(header(response, "x-helm-budget").orElse(null)));
      case 400, 404, 405, 413, 415, 422 -> new Outcome.Refused(status, message);
      case 401, 403 ->
          throw new ModelFault(
              "the model's service refuses the key (" + status + "): " + message, status, 60_000);
      default ->
          throw new ModelFault(
              "the model's service answered " + status + ": " + message,
              status,
              header(response, "retry-after").map(ModelClient::number).orElse(0) * 1000L);
    };
  }

  private static java.util.Optional<String> header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name);
  }

  private static int number(String header) {
    return header.matches("[0-9]{1,9}") ? Integer.parseInt(header) : 0;
  }

  private static String message(String body) {
    try {
      JsonNode error = HelmJson.mapper().readTree(body).path("error");
      return error.path("type").asText("error") + ": " + error.path("message").asText(body);
    } catch (JsonProcessingException e) {
      return body;
    }
  }

  private static void close(@Nullable InputStream stream) {
    if (stream != null) {
      try {
        stream.close();
      } catch (IOException e) {
        // It is closed either way.
      }
    }
  }
}
