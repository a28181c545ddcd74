package dev.helm.activities.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Network;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The one network for containers that must have an interface: internal, on a bridge that chain
 * HELM_EGRESS applies to, no container reaching another. Such a container is made and started here
 * and nowhere else.
 */
final class InterfaceNetwork {
  static final String BRIDGE = "br-helm0";
  private static final Duration QUICK = Duration.ofSeconds(30);
  private static final Map<String, String> OPTIONS =
      Map.of(
          "com.docker.network.bridge.name", BRIDGE,
          "com.docker.network.bridge.enable_icc", "false",
          "com.docker.network.bridge.enable_ip_masquerade", "false");

  private final Engine engine;
  private final EgressChain chain;
  private final String name;

  /** Nothing happens before {@link #open}. */
  InterfaceNetwork(Engine engine, EgressChain chain, String installation) {
    this.engine = engine;
    this.chain = chain;
    this.name = "helm-" + installation;
  }

  /**
   * Makes the network where it is not there, and checks it.
   *
   * @throws SandboxRefused the chain is not intact, or the network is not what it has to be
   */
  void open() throws InterruptedException {
    EgressChain.Attested attested = chain.requireIntact();
    String gateway = attested.proxy().getAddress().getHostAddress();
    String subnet = gateway.substring(0, gateway.lastIndexOf('.')) + ".0/24";
    Network there = inspect();
    if (there == null) {
      create(subnet, gateway);
      there = inspect();
    }
    List<String> faults = faults(there, subnet, gateway);
    if (!faults.isEmpty()) {
      throw new SandboxRefused(
          "network",
          "the network " + name + " is not as it has to be: " + String.join("; ", faults));
    }
    awaitAttested();
  }

  // Attack: the engine stands on another machine, or in another network namespace, than the chain.
  // Safeguard: the root part itself has to see the bridge.
  private void awaitAttested() throws InterruptedException {
    long due = System.nanoTime() + EgressChain.MAX_AGE_MS * 1_000_000;
    while (!chain.requireIntact().bridges().contains(BRIDGE)) {
      if (System.nanoTime() > due) {
        throw elsewhere();
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }

  private void requireIntact() {
    if (!chain.requireIntact().bridges().contains(BRIDGE)) {
      throw elsewhere();
    }
  }

  private static SandboxRefused elsewhere() {
    return new SandboxRefused(
        "egress_chain",
        "the root part does not see the bridge "
            + BRIDGE
            + "; the container engine has to run on this machine");
  }

  /**
   * Creates a container in the network, removed again if it is not only there.
   *
   * @param request hardened already; its network is set here
   * @return the container's id
   */
  String create(CreateContainerCmd request) {
    requireIntact();
    HostConfig config = request.getHostConfig();
    if (config == null) {
      throw new IllegalArgumentException("the request has no host configuration");
    }
    // Attack: the engine's own resolver asks the machine's for any name, and so carries data out
    // (CVE-2024-29018). Safeguard: the resolver that it is given is the container's own loopback.
    HostConfig own = config.withNetworkMode(name).withDns("127.0.0.1").withDnsSearch(".");
    String id =
        EngineCalls.call(
            "create a container with an interface",
            QUICK,
            () ->
                request
                    .withNetworkDisabled(false)
                    .withHostConfig(own.withCapDrop(Capability.ALL))
                    .exec()
                    .getId());
    List<String> faults = faults(engine.inspect(id));
    if (!faults.isEmpty()) {
      engine.remove(id);
      throw new SandboxRefused(
          "checklist", "a container with an interface was refused: " + String.join("; ", faults));
    }
    return id;
  }

  /** Starts a container that {@link #create} made; removes it if the chain goes meanwhile. */
  void start(String container) {
    requireIntact();
    engine.start(container);
    try {
      requireIntact();
    } catch (SandboxRefused e) {
      engine.remove(container);
      throw e;
    }
  }

  /** Removes the network; it must be empty. */
  void remove() {
    try {
      EngineCalls.call(
          "remove a network", QUICK, () -> engine.client().removeNetworkCmd(name).exec());
    } catch (NotFoundException e) {
      // Gone already.
    }
  }

  private @Nullable Network inspect() {
    try {
      return EngineCalls.call(
          "inspect a network",
          QUICK,
          () -> engine.client().inspectNetworkCmd().withNetworkId(name).exec());
    } catch (NotFoundException e) {
      return null;
    }
  }

  private void create(String subnet, String gateway) {
    EngineCalls.call(
        "create a network",
        QUICK,
        () ->
            engine
                .client()
                .createNetworkCmd()
                .withName(name)
                .withDriver("bridge")
                .withInternal(true)
                .withAttachable(false)
                .withEnableIpv6(false)
                .withCheckDuplicate(true)
                .withOptions(OPTIONS)
                .withIpam(
                    new Network.Ipam()
                        .withDriver("default")
                        .withConfig(
                            new Network.Ipam.Config().withSubnet(subnet).withGateway(gateway)))
                .exec());
  }

  private static List<String> faults(@Nullable Network network, String subnet, String gateway) {
    List<String> faults = new ArrayList<>();
    if (network == null) {
      return List.of("the engine does not show it");
    }
    check(faults, "driver", "bridge", network.getDriver());
    check(faults, "internal", true, network.getInternal());
    check(faults, "IPv6", false, network.getEnableIPv6());
    check(faults, "options", OPTIONS, network.getOptions());
    List<Network.Ipam.Config> pools = network.getIpam().getConfig();
    if (pools == null || pools.size() != 1) {
      faults.add("it has not one range of addresses");
    } else {
      check(faults, "subnet", subnet, pools.getFirst().getSubnet());
      check(faults, "gateway", gateway, pools.getFirst().getGateway());
    }
    return faults;
  }

  private List<String> faults(@Nullable JsonNode container) {
    List<String> faults = new ArrayList<>();
    if (container == null) {
      return List.of("the engine does not show it");
    }
    JsonNode host = container.path("HostConfig");
    check(faults, "network", name, host.path("NetworkMode").asText());
    check(faults, "privileged", false, host.path("Privileged").asBoolean(true));
    check(faults, "dropped capabilities", "[\"ALL\"]", host.path("CapDrop").toString());
    for (String empty :
        Arrays.asList("CapAdd", "PortBindings", "Links", "ExtraHosts", "Sysctls", "Devices")) {
      if (!host.path(empty).isEmpty()) {
        faults.add(empty + " is " + host.path(empty));
      }
    }
    List<String> networks = new ArrayList<>();
    container.path("NetworkSettings").path("Networks").fieldNames().forEachRemaining(networks::add);
    check(faults, "networks", List.of(name), networks);
    return faults;
  }

  private static void check(
      List<String> faults, String what, Object wanted, @Nullable Object found) {
    if (!wanted.equals(found)) {
      faults.add(what + " is " + found + " and has to be " + wanted);
    }
  }
}
