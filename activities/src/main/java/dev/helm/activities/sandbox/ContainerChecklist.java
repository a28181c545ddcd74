package dev.helm.activities.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Compares what the engine made with what was asked for. Pure: an inspect answer in, findings out.
 */
final class ContainerChecklist {
  /** One attribute that is off. */
  record Finding(String attribute, String expected, String actual) {
    @Override
    public String toString() {
      return attribute + " is " + actual + ", must be " + expected;
    }
  }

  private static final int SHOWN_CHARS_MAX = 200;

  /** Members of HostConfig that a line of this class compares. */
  private static final Set<String> NAMED =
      Set.of(
          "AutoRemove",
          "Binds",
          "CapDrop",
          "CgroupnsMode",
          "Init",
          "IpcMode",
          "LogConfig",
          "MaskedPaths",
          "Memory",
          "MemorySwap",
          "NanoCpus",
          "NetworkMode",
          "PidMode",
          "PidsLimit",
          "ReadonlyPaths",
          "ReadonlyRootfs",
          "RestartPolicy",
          "Runtime",
          "SecurityOpt",
          "ShmSize",
          "Tmpfs",
          "Ulimits");

  private final JsonNode inspect;
  private final JsonNode host;
  private final JsonNode config;
  private final List<Finding> findings = new ArrayList<>();

  private ContainerChecklist(JsonNode inspect) {
    this.inspect = inspect;
    this.host = inspect.path("HostConfig");
    this.config = inspect.path("Config");
  }

  /** All findings, none if the container is as planned. */
  static List<Finding> check(JsonNode inspect, ContainerPlan plan) {
    ContainerChecklist list = new ContainerChecklist(inspect);
    list.identity(plan);
    list.privileges(plan);
    list.namespaces();
    list.limits(plan);
    list.reach(plan);
    list.nothingElse();
    return List.copyOf(list.findings);
  }

  private void identity(ContainerPlan plan) {
    text("Image", inspect.path("Image"), plan.imageId());
    text("Config.User", config.path("User"), plan.user());
    if (plan.uid() < 1) {
      find("Config.User", "not root", "root");
    }
    JsonNode labels = config.path("Labels");
    for (Map.Entry<String, String> label : plan.labels().entrySet()) {
      text("label " + label.getKey(), labels.path(label.getKey()), label.getValue());
    }
    String command = config.path("Entrypoint").toString();
    is("Config.Entrypoint", command, "[\"" + SandboxSettings.EXECUTOR + "\"]");
    none("Config.Cmd", config.path("Cmd"));
    text("HostConfig.LogConfig.Type", host.path("LogConfig").path("Type"), "none");
    no("HostConfig.Init", host.path("Init"));
    no("Config.Tty", config.path("Tty"));
    no("Config.OpenStdin", config.path("OpenStdin"));
    no("HostConfig.AutoRemove", host.path("AutoRemove"));
    text("Config.StopSignal", config.path("StopSignal"), ContainerPlan.STOP_SIGNAL);
    text("Config.WorkingDir", config.path("WorkingDir"), "/");
    text("Config.Hostname", config.path("Hostname"), ContainerPlan.HOST_NAME);
    yes("Config.NetworkDisabled", config.path("NetworkDisabled"));
    // Every tool reads its environment; what an image or an engine puts there is not ours.
    none("Config.Env", config.path("Env"));
    none("Config.ExposedPorts", config.path("ExposedPorts"));
    none("Config.Volumes", config.path("Volumes"));
    none("Config.Healthcheck", config.path("Healthcheck").path("Test"));
    oneOf("HostConfig.RestartPolicy", host.path("RestartPolicy").path("Name"), Set.of("", "no"));
  }

  private void privileges(ContainerPlan plan) {
    no("HostConfig.Privileged", host.path("Privileged"));
    none("HostConfig.CapAdd", host.path("CapAdd"));
    is("HostConfig.CapDrop", words(host.path("CapDrop")).toString(), "[ALL]");
    if (!words(host.path("SecurityOpt")).equals(Set.copyOf(plan.securityOptions()))) {
      find(
          "HostConfig.SecurityOpt",
          "no-new-privileges and Helm's seccomp profile",
          shortened(words(host.path("SecurityOpt")).toString()));
    }
    yes("HostConfig.ReadonlyRootfs", host.path("ReadonlyRootfs"));
    none("HostConfig.GroupAdd", host.path("GroupAdd"));
    none("HostConfig.Devices", host.path("Devices"));
    none("HostConfig.DeviceRequests", host.path("DeviceRequests"));
    none("HostConfig.DeviceCgroupRules", host.path("DeviceCgroupRules"));
    none("HostConfig.Sysctls", host.path("Sysctls"));
    all("HostConfig.MaskedPaths", host.path("MaskedPaths"), ContainerPlan.MASKED);
    all("HostConfig.ReadonlyPaths", host.path("ReadonlyPaths"), ContainerPlan.READ_ONLY);
    // Another runtime keeps other promises: this one's are those that are checked.
    text("HostConfig.Runtime", host.path("Runtime"), "runc");
  }

  private void namespaces() {
    text("HostConfig.NetworkMode", host.path("NetworkMode"), "none");
    oneOf("HostConfig.PidMode", host.path("PidMode"), Set.of("", "private"));
    text("HostConfig.IpcMode", host.path("IpcMode"), "private");
    oneOf("HostConfig.UTSMode", host.path("UTSMode"), Set.of(""));
    oneOf("HostConfig.UsernsMode", host.path("UsernsMode"), Set.of(""));
    text("HostConfig.CgroupnsMode", host.path("CgroupnsMode"), "private");
    none("HostConfig.PortBindings", host.path("PortBindings"));
    no("HostConfig.PublishAllPorts", host.path("PublishAllPorts"));
    none("HostConfig.Links", host.path("Links"));
    none("HostConfig.ExtraHosts", host.path("ExtraHosts"));
    none("HostConfig.Dns", host.path("Dns"));
    Set<String> networks = new TreeSet<>();
    inspect.path("NetworkSettings").path("Networks").fieldNames().forEachRemaining(networks::add);
    if (!networks.isEmpty()) {
      is("NetworkSettings.Networks", networks.toString(), "[none]");
    }
  }

  private void limits(ContainerPlan plan) {
    long memory = plan.limits().memoryBytes();
    number("HostConfig.Memory", host.path("Memory"), memory);
    if (plan.swapBounded()) {
      number("HostConfig.MemorySwap", host.path("MemorySwap"), memory);
    }
    number("HostConfig.NanoCpus", host.path("NanoCpus"), plan.nanoCpus());
    number("HostConfig.PidsLimit", host.path("PidsLimit"), plan.limits().pids());
    number("HostConfig.ShmSize", host.path("ShmSize"), ContainerPlan.SHM_BYTES);
    no("HostConfig.OomKillDisable", host.path("OomKillDisable"));
    Set<String> ulimits = new TreeSet<>();
    for (JsonNode limit : host.path("Ulimits")) {
      ulimits.add(
          limit.path("Name").asText() + "=" + limit.path("Soft") + ":" + limit.path("Hard"));
    }
    long files = ContainerPlan.OPEN_FILES;
    is("HostConfig.Ulimits", ulimits.toString(), "[core=0:0, nofile=" + files + ":" + files + "]");
  }

  private void reach(ContainerPlan plan) {
    is(
        "HostConfig.Tmpfs",
        host.path("Tmpfs").toString(),
        "{\"/tmp\":\"" + ContainerPlan.TMPFS + "\"}");
    none("HostConfig.VolumesFrom", host.path("VolumesFrom"));
    none("HostConfig.Mounts", host.path("Mounts"));
    Set<String> mounts = new TreeSet<>();
    for (JsonNode mount : inspect.path("Mounts")) {
      mounts.add(
          mount.path("Type").asText()
              + " "
              + mount.path("Source").asText()
              + " "
              + mount.path("Destination").asText()
              + (mount.path("RW").asBoolean(true) ? " rw " : " ro ")
              + mount.path("Propagation").asText());
    }
    is(
        "Mounts",
        mounts.toString(),
        new TreeSet<>(
                List.of(
                    "bind "
                        + plan.box()
                        + " "
                        + ContainerPlan.BOX_TARGET
                        + " "
                        + plan.boxMode()
                        + " rprivate",
                    "bind " + plan.sockets() + " " + ContainerPlan.SOCKETS_TARGET + " ro rprivate"))
            .toString());
  }

  /** What no line above names must be as it is when nobody asks for anything. */
  private void nothingElse() {
    host.properties()
        .forEach(
            member -> {
              if (!NAMED.contains(member.getKey()) && !isNothing(member.getValue())) {
                find(
                    "HostConfig." + member.getKey(),
                    "nothing",
                    shortened(member.getValue().toString()));
              }
            });
  }

  private static boolean isNothing(JsonNode value) {
    if (value.isContainerNode()) {
      for (JsonNode part : value) {
        if (!isNothing(part)) {
          return false;
        }
      }
      return true;
    }
    return value.isNull()
        || (value.isBoolean() && !value.booleanValue())
        || (value.isNumber() && value.decimalValue().signum() == 0)
        || (value.isTextual() && value.textValue().isEmpty());
  }

  private static String shortened(String text) {
    return text.length() <= SHOWN_CHARS_MAX ? text : text.substring(0, SHOWN_CHARS_MAX) + "…";
  }

  private void text(String attribute, JsonNode actual, String expected) {
    is(attribute, actual.isTextual() ? actual.textValue() : actual.toString(), expected);
  }

  private void number(String attribute, JsonNode actual, long expected) {
    is(attribute, actual.toString(), Long.toString(expected));
  }

  private void oneOf(String attribute, JsonNode actual, Set<String> expected) {
    if (!expected.contains(actual.asText(""))) {
      find(attribute, expected.toString(), actual.toString());
    }
  }

  private void yes(String attribute, JsonNode actual) {
    is(attribute, actual.toString(), "true");
  }

  /** Absent and null mean false to the engine. */
  private void no(String attribute, JsonNode actual) {
    if (!actual.isMissingNode() && !actual.isNull() && !actual.toString().equals("false")) {
      find(attribute, "false", actual.toString());
    }
  }

  private void none(String attribute, JsonNode actual) {
    if (!actual.isMissingNode()
        && !actual.isNull()
        && !(actual.isContainerNode() && actual.isEmpty())) {
      find(attribute, "nothing", actual.toString());
    }
  }

  private void all(String attribute, JsonNode actual, List<String> atLeast) {
    Set<String> missing = new TreeSet<>(atLeast);
    missing.removeAll(words(actual));
    if (!missing.isEmpty()) {
      find(attribute, "the engine's list", "without " + missing);
    }
  }

  private void is(String attribute, String actual, String expected) {
    if (!actual.equals(expected)) {
      find(attribute, expected, actual.isEmpty() ? "absent" : actual);
    }
  }

  private void find(String attribute, String expected, String actual) {
    findings.add(new Finding(attribute, expected, actual));
  }

  private static Set<String> words(JsonNode array) {
    Set<String> words = new TreeSet<>();
    array.forEach(word -> words.add(word.asText()));
    return words;
  }
}
