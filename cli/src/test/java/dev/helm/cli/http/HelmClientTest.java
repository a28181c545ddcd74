package dev.helm.cli.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.api.rest.Bodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.testing.HttpHead;
import dev.helm.cli.testing.Terminal;
import dev.helm.cli.testing.TestService;
import dev.helm.cli.testing.TestService.Answer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class HelmClientTest {
  private static final String LOGIN =
      "{\"token\":\"fresh\",\"expiresAt\":\"2099-01-01T00:00:00Z\",\"user\":{\"id\":\"u1\",\"name\":\"owner\"}}";
  private static final String STATUS =
      "{\"backend\":\"healthy\",\"activeRuns\":2,\"version\":\"0.1.0\",\"practice\":false,\"components\":[]}";

  private final TestService service = new TestService();

  @TempDir Path home;

  @AfterEach
  void end() {
    service.close();
  }

  private Terminal terminal() {
    return new Terminal(home, service.url());
  }

  @Test
  void aLostAnswerIsAskedForAgainUnderTheSameKey() {
    AtomicInteger calls = new AtomicInteger();
    service.on(
        "POST /api/runs/4f3a/messages",
        _ ->
            calls.incrementAndGet() < 3
                ? new Answer(200, null)
                : TestService.json("{\"id\":\"m\",\"state\":\"queued\"}"));
    HelmClient.of(terminal().env()).message("4f3a", "hello", "next");
    assertThat(service.asked("POST /api/runs/4f3a/messages"))
        .extracting(request -> request.header("idempotency-key"))
        .hasSizeGreaterThanOrEqualTo(3)
        .doesNotContain("")
        .containsOnly(service.asked().getFirst().header("idempotency-key"));
  }

  @Test
  void eachInvocationHasItsOwnKey() {
    service.on("POST /api/runs/4f3a/pause", _ -> TestService.json("{}"));
    HelmClient client = HelmClient.of(terminal().env());
    client.control("4f3a", "pause");
    client.control("4f3a", "pause");
    assertThat(service.asked())
        .extracting(r -> r.header("idempotency-key"))
        .doesNotHaveDuplicates();
  }

  @Test
  void aRestartingServiceIsWaitedForByAPatientClient() {
    AtomicInteger calls = new AtomicInteger();
    service.on(
        "GET /api/status",
        _ ->
            calls.incrementAndGet() < 3
                ? TestService.problem(503, "log_unavailable", "no", "")
                : TestService.json(STATUS));
    assertThat(
            HelmClient.of(terminal().env(), 10_000).status().as(Bodies.Status.class).activeRuns())
        .isEqualTo(2);
    assertThat(calls).hasValue(3);
  }

  @Test
  void ownersFileLogsInOnceAndIsRemembered() throws IOException {
    Path helm = Files.createDirectories(home.resolve("helm"));
    Files.writeString(helm.resolve("owner.credentials"), "username: owner\npassword: s3 cret:=\n");
    service.on("POST /api/auth/login", _ -> TestService.json(LOGIN));
    service.on(
        "GET /api/status",
        r ->
            r.header("authorization").equals("Bearer fresh")
                ? TestService.json(STATUS)
                : new Answer(401, "{}"));
    HelmClient.of(terminal().without("HELM_TOKEN").env()).status();
    HelmClient again = HelmClient.of(terminal().without("HELM_TOKEN").env());
    again.status();
    assertThat(again.session().user()).isEqualTo("owner");
    assertThat(service.asked("POST /api/auth/login"))
        .hasSize(1)
        .first()
        .extracting(HttpHead::body)
        .isEqualTo("{\"password\":\"s3 cret:=\",\"username\":\"owner\"}");
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(helm.resolve("cli-token.json"))))
        .isEqualTo("rw-------");
  }

  @Test
  void aTokenThatNoLongerWorksGivesWayToTheOwnersFile() throws IOException {
    Path helm = Files.createDirectories(home.resolve("helm"));
    Files.writeString(helm.resolve("owner.credentials"), "username: owner\npassword: x\n");
    new TokenFile(home.resolve(".config/helm/token.json"))
        .write(service.url(), new TokenFile.Token("old", "2099-01-01T00:00:00Z", "owner"));
    service.on("POST /api/auth/login", _ -> TestService.json(LOGIN));
    service.on(
        "GET /api/status",
        r ->
            r.header("authorization").equals("Bearer fresh")
                ? TestService.json(STATUS)
                : new Answer(401, "{}"));
    assertThat(HelmClient.of(terminal().without("HELM_TOKEN").env()).status().status())
        .isEqualTo(200);
  }

  @Test
  void aTokenIsOnlySentWhereItCameFrom() {
    new TokenFile(home.resolve(".config/helm/token.json"))
        .write(
            "https://other.example", new TokenFile.Token("old", "2099-01-01T00:00:00Z", "owner"));
    service.on("GET /api/health", _ -> TestService.json("{}"));
    assertThatThrownBy(() -> HelmClient.of(terminal().without("HELM_TOKEN").env()).status())
        .isInstanceOfSatisfying(
            Failure.class, f -> assertThat(f.exit()).isEqualTo(ExitCode.NOT_LOGGED_IN));
    assertThat(service.asked()).extracting(r -> r.header("authorization")).containsOnly("");
  }

  @Test
  void passwordsGoToLoopbackOnly() throws IOException {
    assertThat(new Transport("http://127.0.0.1:1").loopback()).isTrue();
    assertThat(new Transport("http://[::1]:1").loopback()).isTrue();
    assertThat(new Transport("http://localhost:1").loopback()).isTrue();
    assertThat(new Transport("http://127.0.0.1.evil.test:1").loopback()).isFalse();
    assertThat(new Transport("https://helm.example").loopback()).isFalse();
  }

  @Test
  void whatAPersonTypesNeverBecomesAnotherPath() {
    HelmClient client = HelmClient.of(terminal().env());
    assertThatThrownBy(() -> client.run("../status")).isInstanceOf(Failure.class);
    assertThatThrownBy(() -> client.run("..")).isInstanceOf(Failure.class);
    assertThat(service.asked())
        .extracting(HttpHead::target)
        .containsExactly("/api/runs/..%2Fstatus");
  }

  @Test
  void recordsSurviveMissingAndUnknownMembers() {
    Bodies.Run run =
        new Reply(
                200,
                "{\"id\":\"x\",\"status\":\"paused\",\"new\":{\"a\":[1,null,2.5]},\"budgetUsd\":\"5.000000\"}")
            .as(Bodies.Run.class);
    assertThat(run.id()).isEqualTo("x");
    assertThat(run.name()).isEmpty();
    assertThat(run.finishedAt()).isNull();
    assertThat(run.budgetUsd().shown()).isEqualTo("$5.00");
    assertThatThrownBy(() -> new Reply(200, "<html>").as(Bodies.Run.class))
        .isInstanceOf(Failure.class);
    assertThatThrownBy(() -> new Reply(200, "{\"id\":\"a\",\"id\":\"b\"}").tree())
        .isInstanceOf(Failure.class);
  }
}
