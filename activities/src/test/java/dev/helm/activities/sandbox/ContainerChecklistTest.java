package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ContainerChecklistTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String IMAGE = "sha256:" + "a".repeat(64);
  private static final ContainerPlan PLAN =
      new ContainerPlan(
          IMAGE,
          "inst",
          "0123abcd",
          1000,
          Path.of("/h/slots/0123abcd/box"),
          Path.of("/h/slots/0123abcd/sock"),
          SandboxLimits.DEFAULT,
          true);

  /** As engine 20.10 (API 1.41) answers for a container made by this code. */
  private static final String GOOD =
      """
      {"Image":"%s",
       "Mounts":[
        {"Type":"bind","Source":"/h/slots/0123abcd/sock","Destination":"/run/helm","Mode":"ro","RW":false,"Propagation":"rprivate"},
        {"Type":"bind","Source":"/h/slots/0123abcd/box","Destination":"/slot","Mode":"rw","RW":true,"Propagation":"rprivate"}],
       "NetworkSettings":{"Networks":{}},
       "Config":{"User":"1000:1000","StopSignal":"SIGKILL","WorkingDir":"/","Hostname":"helm",
        "NetworkDisabled":true,"Env":[],"Tty":false,"OpenStdin":false,"Cmd":null,
        "Entrypoint":["/usr/local/bin/helm-executor"],
        "Labels":{"dev.helm.installation":"inst","dev.helm.slot":"0123abcd","dev.helm.recipe":"x"}},
       "HostConfig":{"LogConfig":{"Type":"none","Config":{}},"Init":false,"AutoRemove":false,
        "RestartPolicy":{"Name":"no","MaximumRetryCount":0},"Privileged":false,"CapAdd":null,
        "CapDrop":["ALL"],"SecurityOpt":["no-new-privileges",%s],"Runtime":"runc","ConsoleSize":[0,0],"ReadonlyRootfs":true,"GroupAdd":null,
        "Devices":null,"DeviceRequests":null,"DeviceCgroupRules":null,
        "MaskedPaths":["/proc/asound","/proc/acpi","/proc/kcore","/proc/keys","/proc/latency_stats",
         "/proc/timer_list","/proc/timer_stats","/proc/sched_debug","/proc/scsi","/sys/firmware"],
        "ReadonlyPaths":["/proc/bus","/proc/fs","/proc/irq","/proc/sys","/proc/sysrq-trigger"],"NetworkMode":"none",
        "PidMode":"","IpcMode":"private","UTSMode":"","UsernsMode":"","CgroupnsMode":"private",
        "PortBindings":null,"PublishAllPorts":false,"Links":null,"ExtraHosts":null,"Dns":null,
        "Memory":1073741824,"MemorySwap":1073741824,"NanoCpus":1000000000,"PidsLimit":256,
        "ShmSize":67108864,"OomKillDisable":false,
        "Ulimits":[{"Name":"nofile","Hard":4096,"Soft":4096},{"Name":"core","Hard":0,"Soft":0}],
        "Tmpfs":{"/tmp":"rw,exec,nosuid,nodev,size=256m,mode=1777"},"VolumesFrom":null}}
      """
          .formatted(IMAGE, TextNode.valueOf(SeccompProfile.option()));

  @Test
  void aContainerAsPlannedHasNoFindings() throws Exception {
    assertThat(ContainerChecklist.check(JSON.readTree(GOOD), PLAN)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "/Image|\"sha256:other\"",
        "/Config/User|\"\"",
        "/Config/User|\"0:0\"",
        "/Config/User|\"root\"",
        "/Config/User|\"1001:1000\"",
        "/Config/Entrypoint|[\"/bin/sh\"]",
        "/Config/Entrypoint|null",
        "/Config/Cmd|[\"-sock\",\"/x\"]",
        "/Config/Tty|true",
        "/Config/OpenStdin|true",
        "/Config/Healthcheck|{\"Test\":[\"CMD\",\"x\"]}",
        "/Config/Labels|{}",
        "/Config/Labels|{\"dev.helm.installation\":\"other\",\"dev.helm.slot\":\"0123abcd\"}",
        "/HostConfig/LogConfig|{\"Type\":\"json-file\"}",
        "/HostConfig/Init|true",
        "/HostConfig/AutoRemove|true",
        "/HostConfig/RestartPolicy|{\"Name\":\"always\"}",
        "/HostConfig/Privileged|true",
        "/HostConfig/CapAdd|[\"NET_RAW\"]",
        "/HostConfig/CapDrop|null",
        "/HostConfig/CapDrop|[\"NET_RAW\"]",
        "/HostConfig/SecurityOpt|null",
        "/HostConfig/SecurityOpt|[\"no-new-privileges\"]",
        "/HostConfig/Runtime|\"runsc\"",
        "/HostConfig/OomScoreAdj|-500",
        "/HostConfig/CgroupParent|\"/x\"",
        "/HostConfig/CpuQuota|-1",
        "/HostConfig/SomethingNew|true",
        "/HostConfig/SomethingNew|{\"x\":[1]}",
        "/Config/Env|[\"LD_PRELOAD=/slot/x.so\"]",
        "/Config/NetworkDisabled|false",
        "/Config/StopSignal|null",
        "/Config/Volumes|{\"/x\":{}}",
        "/HostConfig/MaskedPaths|[\"/proc/kcore\"]",
        "/HostConfig/SecurityOpt|[\"no-new-privileges\",\"seccomp=unconfined\"]",
        "/HostConfig/SecurityOpt|[\"no-new-privileges\",\"apparmor=unconfined\"]",
        "/HostConfig/SecurityOpt|[\"no-new-privileges=false\"]",
        "/HostConfig/ReadonlyRootfs|false",
        "/HostConfig/GroupAdd|[\"docker\"]",
        "/HostConfig/Devices|[{\"PathOnHost\":\"/dev/kvm\"}]",
        "/HostConfig/DeviceRequests|[{\"Driver\":\"nvidia\"}]",
        "/HostConfig/DeviceCgroupRules|[\"c *:* rwm\"]",
        "/HostConfig/Sysctls|{\"net.ipv4.ip_forward\":\"1\"}",
        "/HostConfig/MaskedPaths|[]",
        "/HostConfig/MaskedPaths|null",
        "/HostConfig/ReadonlyPaths|null",
        "/HostConfig/NetworkMode|\"default\"",
        "/HostConfig/NetworkMode|\"host\"",
        "/HostConfig/NetworkMode|\"container:x\"",
        "/HostConfig/PidMode|\"host\"",
        "/HostConfig/IpcMode|\"host\"",
        "/HostConfig/IpcMode|\"shareable\"",
        "/HostConfig/UTSMode|\"host\"",
        "/HostConfig/UsernsMode|\"host\"",
        "/HostConfig/CgroupnsMode|\"host\"",
        "/HostConfig/PortBindings|{\"80/tcp\":[{}]}",
        "/HostConfig/PublishAllPorts|true",
        "/HostConfig/Links|[\"x:y\"]",
        "/HostConfig/ExtraHosts|[\"x:1.1.1.1\"]",
        "/HostConfig/Dns|[\"1.1.1.1\"]",
        "/NetworkSettings/Networks|{\"bridge\":{}}",
        "/HostConfig/Memory|0",
        "/HostConfig/MemorySwap|-1",
        "/HostConfig/MemorySwap|2147483648",
        "/HostConfig/NanoCpus|0",
        "/HostConfig/PidsLimit|0",
        "/HostConfig/PidsLimit|null",
        "/HostConfig/ShmSize|1073741824",
        "/HostConfig/OomKillDisable|true",
        "/HostConfig/Ulimits|null",
        "/HostConfig/Ulimits|[{\"Name\":\"nofile\",\"Hard\":99999,\"Soft\":4096},{\"Name\":\"core\",\"Hard\":0,\"Soft\":0}]",
        "/HostConfig/Tmpfs|{}",
        "/HostConfig/Tmpfs|{\"/tmp\":\"rw,exec,size=256m\"}",
        "/HostConfig/VolumesFrom|[\"x\"]",
        "/HostConfig/Mounts|[{\"Type\":\"bind\"}]",
        "/Mounts|[]",
        "/Mounts/0/RW|true",
        "/Mounts/1/Source|\"/\"",
        "/Mounts/1/Source|\"/var/run/docker.sock\"",
        "/Mounts/1/Propagation|\"rshared\"",
        "/Mounts/1/Type|\"volume\""
      })
  void eachAttributeThatIsOffIsFound(String pointer, String value) throws Exception {
    assertThat(ContainerChecklist.check(with(pointer, value), PLAN)).isNotEmpty();
  }

  @Test
  void oneMoreMountIsFound() throws Exception {
    JsonNode inspect = JSON.readTree(GOOD);
    ((ArrayNode) inspect.path("Mounts"))
        .add(
            JSON.readTree(
                "{\"Type\":\"bind\",\"Source\":\"/x\",\"Destination\":\"/x\",\"RW\":false}"));
    assertThat(ContainerChecklist.check(inspect, PLAN))
        .singleElement()
        .satisfies(finding -> assertThat(finding.attribute()).isEqualTo("Mounts"));
  }

  @Test
  void anEmptyAnswerIsFullOfFindings() throws Exception {
    assertThat(ContainerChecklist.check(JSON.readTree("{}"), PLAN)).hasSizeGreaterThan(15);
  }

  private static JsonNode with(String pointer, String value) throws JsonProcessingException {
    ObjectNode inspect = (ObjectNode) JSON.readTree(GOOD);
    int last = pointer.lastIndexOf('/');
    ObjectNode parent = (ObjectNode) inspect.at(pointer.substring(0, last));
    parent.set(pointer.substring(last + 1), JSON.readTree(value));
    return inspect;
  }
}
