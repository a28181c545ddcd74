package dev.helm.cli.launch;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The two system users that a launcher started as root gives its processes.
 *
 * @param helm service, workspaces, containers, Temporal
 * @param helmKey the key proxy, and nothing else
 */
public record SystemUsers(Account helm, Account helmKey) {
  /** Owner of the service and its data. */
  public static final String HELM = "helm";

  /** User of the key proxy. */
  public static final String HELM_KEY = "helm-key";

  /** Finds the users, making those that are missing. Needs root. */
  public static SystemUsers ensure() throws LaunchException, InterruptedException {
    return new SystemUsers(ensure(HELM), ensure(HELM_KEY));
  }

  /** Both users when they are there already. */
  public static Optional<SystemUsers> existing() {
    return Account.find(HELM)
        .flatMap(helm -> Account.find(HELM_KEY).map(key -> new SystemUsers(helm, key)));
  }

  private static Account ensure(String name) throws LaunchException, InterruptedException {
    Optional<Account> there = Account.find(name);
    if (there.isPresent()) {
      return there.get();
    }
    List<String> line =
        new ArrayList<>(
            List.of("useradd", "--system", "--user-group", "--no-create-home", "--home-dir"));
    line.addAll(List.of("/nonexistent", "--shell", "/usr/sbin/nologin", name));
    String said = run(line);
    return Account.find(name)
        .orElseThrow(
            () ->
                new LaunchException(
                    "The system user " + name + " could not be made: " + said,
                    "Make it by hand: " + String.join(" ", line)));
  }

  private static String run(List<String> line) throws InterruptedException {
    try {
      Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
      String said =
          new String(
              process.getInputStream().readNBytes(4096), java.nio.charset.StandardCharsets.UTF_8);
      process.waitFor(30, TimeUnit.SECONDS);
      return said.strip();
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
  }
}
