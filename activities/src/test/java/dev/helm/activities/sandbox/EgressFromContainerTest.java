package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.egress.EgressAttempt;
import dev.helm.activities.egress.EgressGrants;
import dev.helm.activities.egress.EgressLimits;
import dev.helm.activities.egress.EgressProxy;
import dev.helm.activities.egress.HostName;
import dev.helm.activities.egress.HostResolver;
import dev.helm.activities.egress.OperatorTarget;
import dev.helm.activities.egress.TlsSite;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** curl in a real container, through the executor's forwarder and the proxy, to a real TLS site. */
@Tag("engine")
@Timeout(120)
final class EgressFromContainerTest {
  @TempDir private Path directory;

  @Test
  void curlReachesAGrantedHostAndNothingElse() throws Exception {
    EgressGrants grants = new EgressGrants();
    List<EgressAttempt> attempts = new CopyOnWriteArrayList<>();
    try (TlsSite site = new TlsSite(directory);
        TestEngine machine = TestEngine.open(0, List.of(site.certificate()));
        EgressProxy proxy =
            new EgressProxy(
                grants,
                HostResolver.system(),
                List.of(
                    new OperatorTarget(
                        HostName.parse(TlsSite.HOST),
                        site.port(),
                        OperatorTarget.Protocol.TLS,
                        InetAddress.getLoopbackAddress())),
                attempts::add,
                EgressLimits.DEFAULT);
        DockerSandbox sandbox = machine.sandbox(machine.store(), proxy)) {
      String run = TestEngine.newRun();
      Slot slot = sandbox.claim(run);
      assertThat(sandbox.runOf(slot.id())).isEqualTo(run);
      String url = "https://" + TlsSite.HOST + ":" + site.port() + "/";
      String curl = "curl -sS -m 10 -o - -w '%{http_connect} %{http_code}\\n' ";

      assertThat(bash(sandbox, slot, "1", curl + url)).contains("403 000");
      assertThat(site.accepted()).isZero();
      AutoCloseable grant = grants.grant(slot.id(), "call", List.of(TlsSite.HOST));
      assertThat(bash(sandbox, slot, "2", curl + url)).isEqualTo("hello200 200\n");
      assertThat(bash(sandbox, slot, "3", curl + "https://example.com/")).contains("403 000");
      assertThat(
              bash(
                  sandbox,
                  slot,
                  "4",
                  curl
                      + "--connect-to ::"
                      + TlsSite.HOST
                      + ":"
                      + site.port()
                      + " https://other.demo.test/"))
          .doesNotContain("hello");
      grant.close();
      assertThat(bash(sandbox, slot, "5", curl + url)).contains("403 000");
      assertThat(bash(sandbox, slot, "6", curl + "--noproxy '*' " + url)).contains("000 000");
      assertThat(site.accepted()).isEqualTo(1);
      assertThat(attempts.stream().filter(EgressAttempt::allowed)).hasSize(1);
      assertThat(attempts).hasSize(5).allMatch(attempt -> attempt.slot().equals(slot.id()));
    }
  }

  private static String bash(DockerSandbox sandbox, Slot slot, String key, String script)
      throws Exception {
    Collected output = new Collected(0);
    sandbox
        .execute(
            slot.run(),
            EffectAttempt.first(key, slot),
            ToolCommand.of("/bin/bash", "-c", script),
            output)
        .outcome()
        .get(30, TimeUnit.SECONDS);
    return output.text();
  }
}
