package dev.helm.service.notify;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.store.RunLog;
import dev.helm.api.event.RunEvent;
import dev.helm.service.store.CommitListener;
import dev.helm.service.store.Hmac;
import dev.helm.workflows.AgentRunWorkflow;
import dev.helm.workflows.Fact;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the operator's webhook what waits for people or has stalled, and records in the run's log
 * whether it heard. It is told ids, times and a tool's name, never arguments or text of an agent.
 *
 * <p>Each request carries {@code Helm-Timestamp} (seconds) and {@code Helm-Signature: v1=HEX}, the
 * HMAC-SHA-256 of {@code TIMESTAMP.BODY} under the key in {@code keys/webhook.key}. No redirect is
 * followed and nothing of the answer but its status is used.
 */
public final class Webhook implements CommitListener, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Webhook.class);
  private static final Set<String> TYPES =
      Set.of("run.stalled", "permission.requested", "permission.reminded", "question.asked");

  /** What of an event's data is told. */
  private static final List<String> MEMBERS =
      List.of("permissionId", "questionId", "toolUseId", "tool", "deadline", "stage", "since");

  /** Roles that a reminder is for. */
  private static final String TO = "to";

  private static final int QUEUE_MAX = 1_000;
  private static final int ATTEMPTS = 3;
  private static final Duration CONNECT = Duration.ofSeconds(5);
  private static final Duration ANSWER = Duration.ofSeconds(10);
  private static final long WAIT_MS = 2_000;

  private final WebhookAddress address;
  private final Hmac key;
  private final RunLog log;
  private final Clock clock;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .followRedirects(HttpClient.Redirect.NEVER)
          .connectTimeout(CONNECT)
          .build();
  private final BlockingQueue<Notice> queue = new ArrayBlockingQueue<>(QUEUE_MAX);
  private final Thread teller;
  private volatile boolean closed;

  /** Begins to listen once it is registered with the store. */
  public Webhook(WebhookAddress address, Hmac key, RunLog log, Clock clock) {
    this.address = address;
    this.key = key;
    this.log = log;
    this.clock = clock;
    this.teller = Thread.ofVirtual().name("webhook").start(this::work);
  }

  @Override
  public void committed(List<Committed> events) {
    for (Committed event : events) {
      if (TYPES.contains(event.type())
          && !offer(() -> body(event), failure -> record(event, failure))) {
        LOG.warn("the webhook is far behind; {} of {} is not told", event.type(), event.run());
      }
    }
  }

  /**
   * Has the address told what belongs to no run's log.
   *
   * @param heard is told in the end why it was not heard, or null when it was
   * @return false when too much waits: not told
   */
  public boolean offer(Supplier<String> body, Consumer<@Nullable String> heard) {
    return queue.offer(new Notice(body, heard));
  }

  private record Notice(Supplier<String> body, Consumer<@Nullable String> heard) {}

  private void work() {
    try {
      while (!closed) {
        tell(queue.take());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void tell(Notice notice) throws InterruptedException {
    String body = notice.body().get();
    String failure = null;
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      failure = send(body);
      if (failure == null) {
        break;
      }
      if (attempt < ATTEMPTS) {
        TimeUnit.MILLISECONDS.sleep(WAIT_MS * attempt);
      }
    }
    try {
      notice.heard().accept(failure);
    } catch (RuntimeException e) {
      LOG.warn("whether a notification was heard could not be recorded: {}", e.toString());
    }
  }

  /** Why it was not heard, or null when it was. */
  private @Nullable String send(String body) throws InterruptedException {
    String at = String.valueOf(clock.instant().getEpochSecond());
    HttpRequest request =
        HttpRequest.newBuilder(address.uri())
            .timeout(ANSWER)
            .header("Content-Type", "application/json")
            .header("User-Agent", "Helm")
            .header("Helm-Timestamp", at)
            .header("Helm-Signature", "v1=" + key.of(at + "." + body))
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    try {
      HttpResponse<Void> answer = http.send(request, ignored -> new StatusOnly());
      return answer.statusCode() / 100 == 2 ? null : "it answered " + answer.statusCode();
    } catch (IOException e) {
      // Only the kind of failure: a message may hold the address.
      return "it could not be reached (" + e.getClass().getSimpleName() + ")";
    }
  }

  private static String body(Committed event) {
    JsonNode data = HelmJson.read(event.json(), JsonNode.class).path("data");
    ObjectNode body = HelmJson.mapper().createObjectNode();
    body.put("id", event.run() + "-" + event.seq());
    body.put("type", event.type()).put("run", event.run()).put("seq", event.seq());
    body.put("project", event.project());
    for (String member : MEMBERS) {
      if (data.path(member).isTextual()) {
        body.put(member, data.path(member).asText());
      }
    }
    if (data.path(TO).isArray()) {
      body.set(TO, data.path(TO));
    }
    return body.toString();
  }

  private void record(Committed event, @Nullable String failure) {
    RunEvent.NotificationSent sent =
        new RunEvent.NotificationSent(
            "webhook",
            address.shown(),
            event.type() + " " + event.seq(),
            failure == null ? "sent" : "failed",
            failure);
    log.append(
        event.run(),
        List.of(new Fact("notified/webhook/" + event.seq(), AgentRunWorkflow.MAIN, sent)));
  }

  @Override
  public void close() {
    closed = true;
    teller.interrupt();
    http.shutdownNow();
  }

  /** Attack: an answer without an end. The connection is closed once the status is there. */
  private static final class StatusOnly implements HttpResponse.BodySubscriber<Void> {
    private final java.util.concurrent.CompletableFuture<Void> done =
        java.util.concurrent.CompletableFuture.completedFuture(null);

    @Override
    public java.util.concurrent.CompletionStage<Void> getBody() {
      return done;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      subscription.cancel();
    }

    @Override
    public void onNext(List<java.nio.ByteBuffer> item) {}

    @Override
    public void onError(Throwable throwable) {}

    @Override
    public void onComplete() {}
  }
}
