package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.helm.api.Role;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Schemathesis makes requests from our OpenAPI document, valid ones and invalid ones, and holds the
 * answers against it. The service is whole but for the workflows.
 */
@Tag("engine")
class SchemathesisTest {
  private static final String CHECKS =
      "not_a_server_error,status_code_conformance,content_type_conformance,"
          + "response_headers_conformance,response_schema_conformance,negative_data_rejection,"
          + "missing_required_header,unsupported_method,allow_header_conformance,use_after_free,"
          + "ignored_auth";
  private static final String ENDS_ITS_TOKEN = "/api/auth/logout";

  @TempDir Path folder;

  private RunningService service;

  @BeforeEach
  void start() {
    service = RunningService.start();
  }

  @AfterEach
  void stop() {
    service.close();
  }

  private static @Nullable String program() {
    String program = System.getenv("HELM_TEST_SCHEMATHESIS");
    if (program == null || program.isBlank()) {
      assertThat(System.getenv("CI"))
          .as("in CI there has to be a schemathesis: ./helm test makes one where python3 is")
          .isNotEqualTo("true");
    }
    assumeTrue(
        program != null && !program.isBlank(),
        "HELM_TEST_SCHEMATHESIS names no schemathesis; ./helm test makes one with python3");
    return program;
  }

  @Test
  void everyAnswerIsAsTheDocumentSays() throws Exception {
    String program = program();
    String owner = service.person("boss", Map.of("*", Role.OWNER));
    service.as(owner);
    // Nobody else owns all, so no request can take the role or the account away.
    var users = service.store().users();
    users.change(
        Objects.requireNonNull(users.byName("owner")).id(), user -> user.withDisabled(true));
    String run = service.run();
    service.backend().ask(run, "p1");
    service.backend().question(run, "q1");
    String seconds =
        Objects.requireNonNullElse(System.getenv("HELM_TEST_SCHEMATHESIS_SECONDS"), "60");
    run(program, owner, "--exclude-path", ENDS_ITS_TOKEN, "--max-time", seconds);
    assertThat(service.get("/api/runs").status())
        .as("positive control: the token was good to the end")
        .isEqualTo(200);
  }

  @Test
  void soIsTheCallThatEndsItsToken() throws Exception {
    String program = program();
    String owner = service.person("boss", Map.of("*", Role.OWNER));
    run(program, owner, "--include-path", ENDS_ITS_TOKEN, "--max-examples", "5");
  }

  private void run(@Nullable String program, String token, String... options) throws Exception {
    Path out = folder.resolve("log");
    // The document is made when it is first asked for; a loaded machine takes its time for that.
    assertThat(service.get("/openapi.json").status()).isEqualTo(200);
    String seed = Long.toString(System.nanoTime() & 0xffff);
    List<String> command = new ArrayList<>();
    command.add(Objects.requireNonNull(program));
    command.addAll(
        List.of(
            "run",
            "http://127.0.0.1:" + service.port + "/openapi.json",
            "--header",
            "Authorization: Bearer " + token,
            "--checks",
            CHECKS,
            "--phases",
            "examples,coverage,fuzzing",
            "--seed",
            seed,
            "--continue-on-failure",
            "--suppress-health-check",
            "all",
            "--warnings",
            "off",
            "--request-timeout",
            "60",
            "--wait-for-schema",
            "60",
            "--no-color"));
    command.addAll(List.of(options));
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile())
            .start();
    boolean ended = process.waitFor(30, TimeUnit.MINUTES);
    if (!ended) {
      process.destroyForcibly();
    }
    String text = Files.readString(out);
    String tail = text.substring(Math.max(0, text.length() - 20_000));
    assertThat(ended).as(tail).isTrue();
    assertThat(process.exitValue()).as("seed " + seed + "\n" + tail).isZero();
    assertThat(text).as("it has asked").contains("passed");
  }
}
