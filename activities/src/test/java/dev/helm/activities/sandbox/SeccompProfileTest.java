package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.CreateContainerCmd;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The profile allows nothing that an engine's own default refuses: every call of ours is tried with
 * many arguments on both, evaluated as the engine's runtime builds the filter.
 */
final class SeccompProfileTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int DRAWS = 3_000;

  /** A call that is allowed when all the conditions hold. */
  private record Rule(String name, List<JsonNode> conditions) {
    boolean holds(long[] args) {
      return conditions.stream().allMatch(condition -> holds(condition, args));
    }

    private static boolean holds(JsonNode condition, long[] args) {
      long actual = args[condition.path("index").asInt()];
      long value = condition.path("value").longValue();
      return switch (condition.path("op").asText()) {
        case "SCMP_CMP_EQ" -> actual == value;
        case "SCMP_CMP_NE" -> actual != value;
        case "SCMP_CMP_LT" -> Long.compareUnsigned(actual, value) < 0;
        case "SCMP_CMP_GT" -> Long.compareUnsigned(actual, value) > 0;
        case "SCMP_CMP_MASKED_EQ" -> (actual & value) == condition.path("valueTwo").asLong(0);
        default -> throw new AssertionError(condition);
      };
    }
  }

  private static List<Rule> ours() throws Exception {
    List<Rule> rules = new ArrayList<>();
    for (JsonNode rule : JSON.readTree(SeccompProfile.json()).path("syscalls")) {
      if (rule.path("action").asText().equals("SCMP_ACT_ALLOW")) {
        add(rules, rule);
      }
    }
    return rules;
  }

  private static void add(List<Rule> rules, JsonNode rule) {
    List<JsonNode> conditions = new ArrayList<>();
    rule.path("args").forEach(conditions::add);
    rule.path("names").forEach(name -> rules.add(new Rule(name.asText(), conditions)));
  }

  @Test
  void whatItDoesNotNameIsRefusedAndNoOtherArchitectureIsLetIn() throws Exception {
    JsonNode profile = JSON.readTree(SeccompProfile.json());
    assertThat(profile.path("defaultAction").asText()).isEqualTo("SCMP_ACT_ERRNO");
    for (JsonNode architecture : profile.path("archMap")) {
      assertThat(architecture.path("subArchitectures")).isEmpty();
    }
    for (JsonNode rule : profile.path("syscalls")) {
      Set<Integer> indexes = new TreeSet<>();
      for (JsonNode condition : rule.path("args")) {
        // The runtime reads two conditions on one argument as either, not as both.
        assertThat(indexes.add(condition.path("index").asInt())).as(rule.toString()).isTrue();
      }
    }
    assertThat(ours().stream().map(Rule::name))
        .doesNotContain(
            "io_uring_setup",
            "userfaultfd",
            "bpf",
            "perf_event_open",
            "keyctl",
            "add_key",
            "request_key",
            "clone3",
            "unshare",
            "setns",
            "mount",
            "umount2",
            "move_mount",
            "open_tree",
            "fsopen",
            "mount_setattr",
            "pivot_root",
            "chroot",
            "ptrace",
            "process_vm_readv",
            "process_vm_writev",
            "kexec_load",
            "kexec_file_load",
            "init_module",
            "finit_module",
            "delete_module",
            "open_by_handle_at",
            "name_to_handle_at",
            "pidfd_getfd",
            "kcmp",
            "modify_ldt",
            "quotactl",
            "reboot",
            "swapon",
            "syslog",
            "memfd_secret");
  }

  @ParameterizedTest
  @ValueSource(strings = {"allowed-docker-20.10.24.json", "allowed-moby-profiles-0.2.3.json"})
  void itAllowsNothingThatAnEnginesDefaultRefuses(String facts) throws Exception {
    List<Rule> theirs = new ArrayList<>();
    try (InputStream in =
        Objects.requireNonNull(SeccompProfileTest.class.getResourceAsStream(facts))) {
      JsonNode default_ = JSON.readTree(in);
      default_.path("always").forEach(name -> theirs.add(new Rule(name.asText(), List.of())));
      for (JsonNode rule : default_.path("sometimes")) {
        List<JsonNode> conditions = new ArrayList<>();
        rule.path("args").forEach(conditions::add);
        theirs.add(new Rule(rule.path("name").asText(), conditions));
      }
    }
    assertSubset(theirs);
  }

  /** The engine of the test itself: its filter stands in the bundle of a started container. */
  @Test
  @Tag("engine")
  void itAllowsNothingThatThisEnginesDefaultRefuses() throws Exception {
    try (TestEngine machine = TestEngine.open(0, List.of());
        Engine engine =
            new Engine(machine.settings.engine()) {
              @Override
              CreateContainerCmd request(DockerClient client, ContainerPlan plan) {
                CreateContainerCmd made = super.request(client, plan);
                Objects.requireNonNull(made.getHostConfig())
                    .withSecurityOpts(List.of("no-new-privileges"));
                return made;
              }
            }) {
      String slot = Ids.newSlot();
      machine.workspaces.makeSlot(slot, new byte[0]);
      String container = engine.create(machine.plan(slot));
      engine.start(container);
      int pid = Objects.requireNonNull(engine.inspect(container)).at("/State/Pid").asInt();
      String parent =
          Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
              .filter(line -> line.startsWith("PPid:"))
              .map(line -> line.substring(5).strip())
              .findFirst()
              .orElseThrow();
      JsonNode filter =
          JSON.readTree(Path.of("/proc", parent, "cwd", "config.json").toFile())
              .at("/linux/seccomp");
      List<Rule> theirs = new ArrayList<>();
      for (JsonNode rule : filter.path("syscalls")) {
        if (rule.path("action").asText().equals("SCMP_ACT_ALLOW")) {
          add(theirs, rule);
        }
      }
      assertThat(theirs).hasSizeGreaterThan(200);
      assertSubset(theirs);
    }
  }

  private static void assertSubset(List<Rule> theirs) throws Exception {
    long seed = Long.getLong("helm.seed", System.nanoTime());
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    List<Rule> ours = ours();
    long[] values = values(ours, theirs, random);
    Set<String> names = new TreeSet<>();
    ours.forEach(rule -> names.add(rule.name()));
    for (String name : names) {
      List<Rule> mine = ours.stream().filter(rule -> rule.name().equals(name)).toList();
      List<Rule> other = theirs.stream().filter(rule -> rule.name().equals(name)).toList();
      for (int draw = 0; draw < DRAWS; draw++) {
        long[] args = random.ints(6, 0, values.length).mapToLong(at -> values[at]).toArray();
        if (mine.stream().anyMatch(rule -> rule.holds(args))) {
          assertThat(other.stream().anyMatch(rule -> rule.holds(args)))
              .as("%s%s, seed %d", name, java.util.Arrays.toString(args), seed)
              .isTrue();
        }
      }
    }
  }

  /** Every value that a condition names, its neighbours, and each with high bits set. */
  private static long[] values(List<Rule> ours, List<Rule> theirs, Random random) {
    Set<Long> values = new TreeSet<>(Set.of(0L, -1L, 38L, 40L));
    for (List<Rule> rules : List.of(ours, theirs)) {
      for (Rule rule : rules) {
        for (JsonNode condition : rule.conditions()) {
          for (String member : List.of("value", "valueTwo")) {
            long value = condition.path(member).asLong(0);
            values.addAll(List.of(value, value - 1, value + 1, value | 1L << 32));
          }
        }
      }
    }
    random.longs(20).forEach(values::add);
    return values.stream().mapToLong(Long::longValue).toArray();
  }
}
