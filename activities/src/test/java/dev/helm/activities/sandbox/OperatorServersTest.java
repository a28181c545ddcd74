package dev.helm.activities.sandbox;

import static dev.helm.activities.sandbox.TestEngine.bash;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.helm.activities.egress.EgressAttempt;
import dev.helm.activities.egress.EgressGrants;
import dev.helm.activities.egress.EgressLimits;
import dev.helm.activities.egress.EgressProxy;
import dev.helm.activities.egress.HostName;
import dev.helm.activities.egress.HostResolver;
import dev.helm.activities.egress.OperatorTarget;
import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A real SSH server and a real PostgreSQL on loopback, from Bash in a real container. */
@Tag("engine")
@Timeout(180)
final class OperatorServersTest {
  private static final String PASSWORD = "a1-b2-c3-d4";
  private final EgressGrants grants = new EgressGrants();
  private final List<EgressAttempt> attempts = new CopyOnWriteArrayList<>();

  private EgressProxy proxy(String host, int port, RealServer server) throws Exception {
    return new EgressProxy(
        grants,
        HostResolver.system(),
        List.of(
            new OperatorTarget(
                HostName.parse(host),
                port,
                OperatorTarget.Protocol.TCP,
                InetAddress.getByName("127.0.0.1"),
                server.port)),
        attempts::add,
        EgressLimits.DEFAULT);
  }

  /** An image of before has none of it; CI makes it anew. */
  private static void requires(DockerSandbox sandbox, Slot slot, String program) throws Exception {
    boolean there = bash(sandbox, slot, "has-" + program, "command -v " + program, 30).length() > 0;
    assertThat(there || !"true".equals(System.getenv("CI")))
        .as("the image has " + program)
        .isTrue();
    assumeTrue(there, "the image of HELM_TEST_IMAGE has no " + program + "; build it anew");
  }

  @Test
  void sshReachesTheOperatorsServerWhileItIsGranted() throws Exception {
    try (RealServer server = RealServer.ssh();
        TestEngine machine = TestEngine.open(0, List.of());
        EgressProxy proxy = proxy("ssh.internal", 22, server);
        DockerSandbox sandbox = machine.sandbox(machine.store(), proxy)) {
      Slot slot = sandbox.claim(TestEngine.newRun());
      requires(sandbox, slot, "ssh");
      server.letIn(
          bash(
              sandbox,
              slot,
              "key",
              "ssh-keygen -q -t ed25519 -N '' -f /tmp/key && cat /tmp/key.pub",
              30));
      String ssh =
          "ssh -i /tmp/key -o BatchMode=yes -o StrictHostKeyChecking=accept-new "
              + RealServer.user()
              + "@ssh.internal ";
      String work = ssh + "'echo I am $(id -un)'";

      assertThat(bash(sandbox, slot, "1", work + " 2>&1", 60))
          .contains("no running tool call is granted web access");
      AutoCloseable grant = grants.grant(slot.id(), "call", List.of("ssh.internal"));
      assertThat(bash(sandbox, slot, "2", work, 60)).contains("I am " + RealServer.user());
      // Bytes of every value go both ways whole.
      assertThat(
              bash(
                  sandbox,
                  slot,
                  "3",
                  "head -c 3000000 /dev/urandom > /tmp/a; "
                      + ssh
                      + "cat < /tmp/a | cmp - /tmp/a && echo same",
                  60))
          .contains("same");
      assertThat(bash(sandbox, slot, "4", ssh.replace("ssh -i", "ssh -p 23 -i") + "id 2>&1", 60))
          .contains("port 23 is not let out");
      assertThat(bash(sandbox, slot, "5", ssh.replace("@ssh.", "@db.") + "id 2>&1", 60))
          .contains("db.internal is not among the hosts granted");
      grant.close();
      assertThat(bash(sandbox, slot, "6", work + " 2>&1", 60)).doesNotContain("I am");
      assertThat(attempts.stream().filter(EgressAttempt::allowed)).hasSize(2);
    }
  }

  @Test
  void psqlReachesTheOperatorsDatabaseAndEndsWithItsGrant() throws Exception {
    try (RealServer server = RealServer.postgres(PASSWORD);
        TestEngine machine = TestEngine.open(0, List.of());
        EgressProxy proxy = proxy("db.internal", 5432, server);
        DockerSandbox sandbox = machine.sandbox(machine.store(), proxy)) {
      Slot slot = sandbox.claim(TestEngine.newRun());
      requires(sandbox, slot, "psql");
      String psql =
          "PGPASSWORD="
              + PASSWORD
              + " helm-executor connect -listen 127.0.0.1:5432 db.internal 5432 -- psql -h 127.0.0.1"
              + " -U helm -d postgres -v ON_ERROR_STOP=1 -Atc ";

      assertThat(bash(sandbox, slot, "1", psql + "'select 6*7' 2>&1", 60))
          .contains("no running tool call is granted web access");
      AutoCloseable grant = grants.grant(slot.id(), "call", List.of("db.internal"));
      assertThat(
              bash(
                  sandbox,
                  slot,
                  "2",
                  psql
                      + "'create table e(n int); insert into e select generate_series(1, 10000);"
                      + " select sum(n) from e'",
                  60))
          .endsWith("50005000\n");
      assertThat(bash(sandbox, slot, "3", psql.replace(PASSWORD, "no") + "'select 1' 2>&1", 60))
          .contains("password authentication failed");
      Collected output = new Collected(0);
      Execution sleeping =
          sandbox.execute(
              slot.run(),
              EffectAttempt.first("4", slot),
              ToolCommand.of(
                  "/bin/bash",
                  "-c",
                  psql
                      + "'select 1' -c \"\\\\echo begun\" -c 'select pg_sleep(100)' 2>&1; echo $?"),
              output);
      output.await("1\nbegun\n".length());
      grant.close();
      assertThat(sleeping.outcome().get(60, TimeUnit.SECONDS)).isNotNull();
      assertThat(output.text()).contains("closed the connection").endsWith("2\n");
      assertThat(attempts.stream().filter(EgressAttempt::allowed)).hasSize(3);
    }
  }
}
