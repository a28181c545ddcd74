package dev.helm.activities.mcp;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The MCP conformance suite's scenarios for clients that apply: the suite speaks HTTP only, and
 * those of authorization codes need a browser, which no run has.
 */
@Tag("engine")
@Timeout(600)
class ConformanceTest {
  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "initialize",
        "tools_call",
        "elicitation-sep1034-client-defaults",
        "sse-retry",
        "auth/client-credentials-basic",
        "auth/resource-mismatch"
      })
  void theScenarioPasses(String scenario) throws Exception {
    Path npm = NpmServers.installed("@modelcontextprotocol/conformance@0.1.16", "node@22.23.3");
    Path words =
        Files.writeString(
            directory.resolve("java.args"),
            "-cp\n\"" + System.getProperty("java.class.path").replace("\\", "\\\\") + "\"\n");
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Path log = directory.resolve("log");
    Process suite =
        new ProcessBuilder(
                npm.resolve("node_modules/node/bin/node").toString(),
                npm.resolve("node_modules/@modelcontextprotocol/conformance/dist/index.js")
                    .toString(),
                "client",
                "--command",
                java
                    + " -XX:TieredStopAtLevel=1 @"
                    + words
                    + " "
                    + ConformanceClient.class.getName()
                    + " "
                    + scenario,
                "--scenario",
                scenario,
                "--timeout",
                "90000")
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    assertThat(suite.waitFor(3, TimeUnit.MINUTES)).isTrue();
    String said = Files.readString(log, StandardCharsets.UTF_8);
    assertThat(suite.exitValue()).as(said).isZero();
    assertThat(said).contains("Passed");
  }
}
