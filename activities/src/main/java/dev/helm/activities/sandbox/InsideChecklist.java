package dev.helm.activities.sandbox;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.sandbox.ContainerChecklist.Finding;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the executor sees from its inside, told before the first foreign command: later its word
 * would count for nothing. The host's users cannot see these things over a process that is not
 * dumpable.
 */
final class InsideChecklist {
  /** Effect key of the look; no tool call has one like it. */
  static final String KEY = "helm/look";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> OWN = List.of("cgroup", "ipc", "mnt", "net", "pid", "uts");
  private static final List<String> HOSTS = List.of("user");

  /** All that may lie in /dev. */
  private static final Set<String> DEVICES =
      Set.of(
          "core",
          "fd",
          "full c 1:7",
          "mqueue",
          "null c 1:3",
          "ptmx",
          "ptmx c 5:2",
          "pts",
          "random c 1:8",
          "shm",
          "stderr",
          "stdin",
          "stdout",
          "tty c 5:0",
          "urandom c 1:9",
          "zero c 1:5");

  private InsideChecklist() {}

  /** What the executor is asked. */
  static ToolCommand question() {
    return question(true);
  }

  /** Same, for a container that may not write {@code /slot} either. */
  static ToolCommand question(boolean boxWritable) {
    ObjectNode question = JSON.createObjectNode();
    ContainerPlan.MASKED.forEach(question.putArray("masked")::add);
    List<String> readOnly = new ArrayList<>(ContainerPlan.READ_ONLY);
    readOnly.addAll(ContainerPlan.WRITE_NEVER);
    if (!boxWritable) {
      readOnly.add(ContainerPlan.BOX_TARGET);
      readOnly.add(ContainerPlan.BOX_TARGET + "/workspace");
    }
    readOnly.forEach(question.putArray("readOnly")::add);
    return new ToolCommand(
        List.of(SandboxSettings.EXECUTOR, "look"),
        question.toString().getBytes(StandardCharsets.UTF_8),
        Map.of(),
        "/",
        10_000,
        1 << 16);
  }

  /** The service's own namespaces, by name. */
  static Map<String, String> ownNamespaces() throws IOException {
    Map<String, String> links = new HashMap<>();
    for (List<String> names : List.of(OWN, HOSTS)) {
      for (String name : names) {
        Path link = Path.of("/proc/self/ns", name);
        links.put(name, Files.readSymbolicLink(link).toString());
      }
    }
    return links;
  }

  /**
   * All findings, none if it is as it must be.
   *
   * @param answer what the executor said
   * @param host the service's own namespaces
   */
  static List<Finding> check(byte[] answer, Map<String, String> host) {
    JsonNode seen;
    try {
      seen = JSON.readTree(new String(answer, StandardCharsets.UTF_8));
    } catch (JsonProcessingException e) {
      return List.of(new Finding("the look inside", "an answer", "something else"));
    }
    List<Finding> findings = new ArrayList<>();
    JsonNode namespaces = seen.path("namespaces");
    for (String name : OWN) {
      // A shared namespace would show it the host's processes, mounts, network, names or queues.
      String link = namespaces.path(name).asText();
      if (!link.startsWith(name + ":[") || link.equals(host.get(name))) {
        findings.add(new Finding("namespace " + name, "its own", link));
      }
    }
    for (String name : HOSTS) {
      // Another mapping of users would give its files to somebody else on the host.
      String link = namespaces.path(name).asText();
      if (!link.equals(host.get(name))) {
        findings.add(new Finding("namespace " + name, String.valueOf(host.get(name)), link));
      }
    }
    only(findings, "device", seen.path("devices"), DEVICES);
    only(findings, "network interface", seen.path("interfaces"), Set.of("lo"));
    only(findings, "path that must be masked", seen.path("unmasked"), Set.of());
    only(findings, "path that must be read-only", seen.path("writable"), Set.of());
    only(findings, "system call that must be refused", seen.path("calls"), Set.of());
    return findings;
  }

  private static void only(
      List<Finding> findings, String what, JsonNode words, Set<String> allowed) {
    if (!words.isArray()) {
      findings.add(new Finding(what, "a list", words.toString()));
    }
    for (JsonNode word : words) {
      if (!allowed.contains(word.asText())) {
        findings.add(new Finding(what, allowed.isEmpty() ? "none" : "absent", word.asText()));
      }
    }
  }
}
