package dev.helm.cli.launch;

import dev.helm.cli.launch.firewall.Attestation;
import java.nio.file.Path;

/**
 * The folder that holds all state of one installation, and the names in it.
 *
 * @param root absolute and normal; at most {@link #MAX_CHARS} characters, because socket paths
 *     below it must fit the kernel's 107 bytes
 */
public record HelmHome(Path root) {
  /** Longest accepted path. */
  public static final int MAX_CHARS = 60;

  /** Refuses a relative or too long path. */
  public HelmHome {
    if (!root.isAbsolute()) {
      throw new IllegalArgumentException("HELM_HOME must be an absolute path, not " + root);
    }
    root = root.normalize();
    if (root.toString().length() > MAX_CHARS) {
      throw new IllegalArgumentException(
          "HELM_HOME has %d characters and at most %d are possible, because socket paths have a limit: %s"
              .formatted(root.toString().length(), MAX_CHARS, root));
    }
  }

  /** Sockets, lock and state of the running processes. */
  public Path run() {
    return root.resolve("run");
  }

  /** Key files. */
  public Path keys() {
    return root.resolve("keys");
  }

  /** One log a process. */
  public Path logs() {
    return root.resolve("logs");
  }

  /** The jars that run. */
  public Path app() {
    return root.resolve("app");
  }

  /** Data of an engine that Helm started. */
  public Path engine() {
    return root.resolve("engine");
  }

  /** Temporal's database. */
  public Path temporalDb() {
    return root.resolve("temporal.db");
  }

  /** The owner's name and first password. */
  public Path ownerCredentials() {
    return root.resolve("owner.credentials");
  }

  /** Certificate of the demo site's authority, made at each start of the demo. */
  public Path demoAuthority() {
    return root.resolve("demo-ca.pem");
  }

  /** Scenario files of the operator's own for the practice model; may be missing. */
  public Path scenarios() {
    return root.resolve("scenarios");
  }

  /** Where the service listens for the key proxy. */
  public Path ledgerSocket() {
    return run().resolve("ledger.sock");
  }

  /** What the key proxy shows the service to be believed. */
  public Path ledgerSecret() {
    return keys().resolve("ledger.secret");
  }

  /** The model key's standard place. */
  public Path modelKey() {
    return keys().resolve("model.key");
  }

  /** Socket of an engine that Helm started. */
  public Path engineSocket() {
    return run().resolve("docker.sock");
  }

  /** What the root part says of chain HELM_EGRESS. */
  public Path egressChain() {
    return run().resolve(Attestation.FILE);
  }

  /** Held by the one launcher of this folder. */
  public Path lockFile() {
    return run().resolve("lock");
  }

  /** What runs: pids, start times, ports. */
  public Path stateFile() {
    return run().resolve("state.json");
  }

  /** The log of one process. */
  public Path log(String name) {
    return logs().resolve(name + ".log");
  }
}
