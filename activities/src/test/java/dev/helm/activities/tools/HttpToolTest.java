package dev.helm.activities.tools;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.egress.HostResolver;
import dev.helm.activities.egress.OperatorTarget;
import dev.helm.activities.egress.Outgoing;
import dev.helm.activities.http.StandIn;
import dev.helm.activities.run.Plans;
import dev.helm.activities.secret.Scrubber;
import dev.helm.activities.secret.Secrets;
import dev.helm.api.Secret;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.CustomTool;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests that Helm makes for a run: the secret goes to one host and comes back nowhere. */
@Timeout(60)
class HttpToolTest {
  private static final String TOKEN = "xoxb-1234567890-secret";
  private static final String SEARCH = "api.search.test";

  private StandIn server;

  @BeforeEach
  void begin() throws IOException {
    server = new StandIn();
  }

  @AfterEach
  void end() throws IOException {
    server.close();
  }

  private static CustomTool tool(
      String method, String url, Map<String, String> headers, @Nullable String body, boolean out) {
    Map<String, Object> properties = new LinkedHashMap<>();
    for (String name : List.of("query", "channel", "text")) {
      properties.put(name, Map.of("type", "string"));
    }
    properties.put("count", Map.of("type", "integer"));
    return new CustomTool(
        "A request",
        Map.of("type", "object", "properties", properties),
        List.of(),
        Map.of(),
        // What both reads with a secret and acts would be asked by the Rule of Two.
        new CustomTool.Http(
            method, url, headers, body, out && headers.toString().contains("secret:")),
        2_000,
        out,
        null);
  }

  private static CustomTool search(boolean outward) {
    return tool(
        "GET",
        "http://" + SEARCH + "/v1?q=${query}",
        Map.of("Authorization", "Bearer ${secret:TOKEN}"),
        null,
        outward);
  }

  private ToolRig rig(CustomTool tool, String arguments) throws IOException {
    return rig(tool, arguments, List.of(server.target(SEARCH, 80)), host -> List.of());
  }

  private ToolRig rig(
      CustomTool tool, String arguments, List<OperatorTarget> targets, HostResolver resolver)
      throws IOException {
    Blueprint plan =
        Plans.with(Plans.rules(List.of(), List.of(), List.of("Call")), Map.of("Call", tool));
    Secret token = Secret.of(TOKEN);
    Scrubber scrubber = Scrubber.of(Map.of("TOKEN", List.of(token)));
    Secrets secrets =
        new Secrets() {
          @Override
          public @Nullable Secret get(String project, String name) {
            return project.equals("default") && name.equals("TOKEN") ? token : null;
          }

          @Override
          public Scrubber scrubber(String project) {
            return scrubber;
          }

          @Override
          public void hide(String project, String name, Secret value, long untilMs) {
            throw new IllegalStateException("no tokens here");
          }
        };
    return new ToolRig(
        plan,
        "Call",
        arguments,
        null,
        new Elsewhere(
            RunTools.NATIVE,
            secrets,
            new Outgoing(resolver, targets, List.of()),
            dev.helm.activities.hook.HookRunner.none()));
  }

  private static String ok(String type, String body) {
    return "HTTP/1.1 200 OK\r\nContent-Type: "
        + type
        + "\r\nContent-Length: "
        + body.getBytes(StandardCharsets.UTF_8).length
        + "\r\n\r\n"
        + body;
  }

  /** The call's end; where the Rule of Two asks, a person allows it. */
  private static Reply made(ToolRig rig) {
    Reply reply = rig.stepUntilDone(new Phase.Asked());
    return reply instanceof Reply.Waits waits && waits.reason().equals("permission")
        ? rig.stepUntilDone(rig.allow(reply, rig.hash()))
        : reply;
  }

  /** All that a run keeps. */
  private static String kept(ToolRig rig) {
    return rig.store.everything();
  }

  @Test
  void aWebSearchIsMadeWithTheSecretAndToldWithoutIt() throws IOException {
    server.answers(
        ok(
            "application/json",
            "{\"web\":{\"results\":[{\"title\":\"Näh\"}]},\"you\":\"Bearer "
                + TOKEN
                + "\",\"b64\":\""
                + Base64.getEncoder()
                    .encodeToString(("u:" + TOKEN).getBytes(StandardCharsets.UTF_8))
                + "\"}"));
    try (ToolRig rig = rig(search(false), "{\"query\":\"a b&q=c#/../ä\"}")) {
      Reply reply = made(rig);
      assertThat(rig.told(reply))
          .contains("\"title\":\"Näh\"", "Bearer [secret TOKEN]")
          .doesNotContain(TOKEN);
      assertThat(server.requests).hasSize(1);
      assertThat(server.requests.getFirst())
          .startsWith("GET /v1?q=a%20b%26q%3Dc%23%2F..%2F%C3%A4 HTTP/1.1\r\nHost: " + SEARCH)
          .contains("Authorization: Bearer " + TOKEN + "\r\n");
      assertThat(rig.store.types())
          .containsExactly("tool.requested", "tool.started", "egress.allowed", "tool.finished");
      assertThat(kept(rig)).doesNotContain(TOKEN, "eG94Yi0xMjM0NTY3ODkwLXNlY3Jld");
      assertThat(made(rig)).isEqualTo(reply);
      assertThat(server.requests).hasSize(1);
    }
  }

  @Test
  void whatReadsWithASecretAndActsIsAskedWhateverARuleAllows() throws IOException {
    CustomTool both =
        new CustomTool(
            "Both",
            Map.of("type", "object"),
            List.of(),
            Map.of(),
            new CustomTool.Http(
                "POST", "http://" + SEARCH + "/", Map.of("X", "${secret:TOKEN}"), null),
            2_000,
            true,
            null);
    try (ToolRig rig = rig(both, "{}")) {
      assertThat(rig.step(new Phase.Asked())).isInstanceOf(Reply.Waits.class);
      RunEvent.PermissionRequested asked =
          rig.store.all(RunEvent.PermissionRequested.class).getFirst();
      assertThat(asked.rule()).isEqualTo("Rule of Two");
      assertThat(asked.because()).contains("untrusted input", "private data", "Call is outward");
      assertThat(asked.remember()).isNull();
      assertThat(server.requests).isEmpty();
    }
  }

  @Test
  void slackIsPostedToWithEveryArgumentInItsPlace() throws IOException {
    server.answers(ok("application/json", "{\"ok\":true,\"ts\":\"1503435956.000247\"}"));
    CustomTool slack =
        tool(
            "POST",
            "http://" + SEARCH + "/api/chat.postMessage",
            Map.of("Authorization", "Bearer ${secret:TOKEN}", "Content-Type", "application/json"),
            "{\"channel\":\"${channel}\",\"text\":\"${text}\",\"n\":${count},\"raw\":${text}}",
            true);
    try (ToolRig rig =
        rig(
            slack,
            "{\"channel\":\"#a\",\"text\":\"x\\\"},\\\"evil\\\":{\\\"y\\n${secret:TOKEN}\"}")) {
      assertThat(rig.told(made(rig))).contains("HTTP 200").doesNotContain("ok\":true");
      String body = server.requests.getFirst().split("\r\n\r\n", 2)[1];
      assertThat(body)
          .isEqualTo(
              "{\"channel\":\"#a\",\"text\":\"x\\\"},\\\"evil\\\":{\\\"y\\n${secret:TOKEN}\","
                  + "\"n\":null,\"raw\":\"x\\\"},\\\"evil\\\":{\\\"y\\n${secret:TOKEN}\"}");
    }
  }

  @Test
  void withoutABodyTheArgumentsAreIt() throws IOException {
    server.answers(
        "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    try (ToolRig rig =
        rig(tool("POST", "http://" + SEARCH + "/x", Map.of(), null, true), "{\"text\":\"t\"}")) {
      assertThat(rig.told(made(rig))).isEqualTo("abcde");
      assertThat(server.requests.getFirst())
          .contains("Content-Type: application/json\r\n")
          .endsWith("{\"text\":\"t\"}");
    }
  }

  @Test
  void aRedirectIsNotFollowed() throws IOException {
    server.answers(
        "HTTP/1.1 302 Found\r\nLocation: http://evil.test/\r\nContent-Length: 0\r\n\r\n");
    try (ToolRig rig = rig(search(false), "{\"query\":\"x\"}")) {
      assertThat(rig.told(made(rig))).contains("redirect", "not followed");
      assertThat(server.requests).hasSize(1);
    }
  }

  @Test
  void whatCannotStandWhereItIsWantedIsNotSent() throws IOException {
    String path = "http://" + SEARCH + "/items/${query}/x";
    CustomTool header =
        tool("GET", "http://" + SEARCH + "/", Map.of("X-Q", "${query}"), null, false);
    CustomTool missing =
        tool("GET", "http://" + SEARCH + "/", Map.of("X-Q", "${secret:NONE}"), null, false);
    Map<String, CustomTool> wrong = new LinkedHashMap<>();
    wrong.put("a\\r\\nX-Evil: 1", header);
    for (String climbs : List.of("..", ".", "", "../admin", "a/b", "..\\\\admin", "a\\u0000")) {
      wrong.put(climbs, tool("GET", path, Map.of(), null, false));
    }
    wrong.put("x", missing);
    for (Map.Entry<String, CustomTool> each : wrong.entrySet()) {
      try (ToolRig rig = rig(each.getValue(), "{\"query\":\"" + each.getKey() + "\"}")) {
        assertThat(rig.told(made(rig))).startsWith("Not sent: ");
        assertThat(rig.store.types()).doesNotContain("egress.allowed");
      }
    }
    assertThat(server.requests).isEmpty();
  }

  @Test
  void onlyThePublicInternetAndTheOperatorsTargetsAreReached() throws IOException {
    CustomTool secure = tool("GET", "https://" + SEARCH + "/", Map.of(), null, false);
    CustomTool port = tool("GET", "https://" + SEARCH + ":8443/", Map.of(), null, false);
    for (CustomTool each : List.of(secure, port, search(false))) {
      try (ToolRig rig =
          rig(
              each,
              "{\"query\":\"x\"}",
              List.of(),
              host -> List.of(InetAddress.getByName("127.0.0.1")))) {
        assertThat(rig.told(made(rig))).startsWith("Not sent: ");
        assertThat(rig.store.types()).contains("egress.denied").doesNotContain("egress.allowed");
      }
    }
    assertThat(server.requests).isEmpty();
  }

  @Test
  void anAnswerThatIsNotSeenIsUnknownWhereItMatters() throws IOException {
    for (String answer :
        List.of("", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "garbage\r\n\r\n")) {
      server.answers(answer);
      try (ToolRig rig = rig(search(true), "{\"query\":\"x\"}")) {
        assertThat(made(rig)).isInstanceOf(Reply.Waits.class);
        assertThat(rig.store.types()).contains("tool.unknown");
        int sent = server.requests.size();
        made(rig);
        assertThat(server.requests).hasSize(sent);
      }
      try (ToolRig rig = rig(search(false), "{\"query\":\"x\"}")) {
        assertThat(rig.told(made(rig))).contains("got no answer");
      }
    }
  }

  @Test
  void aServerThatFailsMayHaveDoneIt() throws IOException {
    server.answers("HTTP/1.1 503 busy\r\nContent-Length: 0\r\n\r\n");
    try (ToolRig rig = rig(search(true), "{\"query\":\"x\"}")) {
      assertThat(made(rig)).isInstanceOf(Reply.Waits.class);
      assertThat(rig.store.all(RunEvent.ToolUnknown.class).getFirst().reason())
          .contains("then failed, HTTP 503");
    }
    try (ToolRig rig = rig(search(false), "{\"query\":\"x\"}")) {
      assertThat(rig.told(made(rig))).contains("error, HTTP 503");
    }
  }

  @Test
  void aServiceThatDiedWhileItWasSentSendsNothingAgain() throws IOException {
    server.answers(ok("text/plain", "hello"));
    boolean died = true;
    for (int point = 1; died; point++) {
      server.requests.clear();
      try (ToolRig rig = rig(search(true), "{\"query\":\"x\"}")) {
        rig.store.crashes.at(point);
        Reply reply = made(rig);
        died = !rig.store.crashes.pending();
        assertThat(server.requests).as("died at " + point).hasSizeLessThanOrEqualTo(1);
        if (reply instanceof Reply.Done) {
          assertThat(server.requests).as("died at " + point).hasSize(1);
        }
      }
    }
  }

  @Test
  void anAnswerWithoutEndIsGivenUpInTime() throws IOException {
    CountDownLatch over = new CountDownLatch(1);
    server.answers(
        (request, out) -> {
          out.write("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
          while (over.getCount() > 0) {
            out.write('x');
            out.flush();
            boolean unused = over.await(100, java.util.concurrent.TimeUnit.MILLISECONDS);
          }
        });
    try (ToolRig rig = rig(search(false), "{\"query\":\"x\"}")) {
      assertThat(rig.told(made(rig))).contains("no answer within 2 s");
      assertThat(rig.store.all(RunEvent.ToolFinished.class).getFirst().outcome())
          .isEqualTo("timedOut");
    } finally {
      over.countDown();
    }
  }

  @Test
  void aHugeAnswerIsReadToItsLimitOnly() throws IOException {
    server.answers(
        (request, out) -> {
          out.write("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
          flood(out);
        });
    try (ToolRig rig = rig(search(false), "{\"query\":\"x\"}")) {
      String told = rig.told(made(rig));
      assertThat(told.length()).isLessThan(31_000);
      assertThat(told).contains("the rest of the answer was not read");
    }
  }

  private static void flood(OutputStream out) throws IOException {
    byte[] piece = "[31m0123456789".repeat(1000).getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i < 10_000; i++) {
      out.write(piece);
    }
  }
}
