package dev.helm.activities.probes;

import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Ulimit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** A fixture: a container like a slot's, less one safeguard (or the few that stop one attack). */
enum Lacking {
  RANK("uid, dropped capabilities, seccomp, device list and masks", true) {
    @Override
    HostConfig weaken(HostConfig hardened, Lab lab) {
      return Rank.full(hardened);
    }
  },
  CGROUP_NAMESPACE("rank, and the cgroup namespace", true) {
    @Override
    HostConfig weaken(HostConfig hardened, Lab lab) {
      return Rank.full(hardened).withCgroupnsMode("host");
    }
  },
  SECCOMP("the seccomp profile", false) {
    @Override
    HostConfig weaken(HostConfig hardened, Lab lab) {
      return hardened.withSecurityOpts(List.of("no-new-privileges", "seccomp=unconfined"));
    }
  },
  HIDDEN_INIT("an executor that is not dumpable, as first process; seccomp", false) {
    @Override
    HostConfig weaken(HostConfig hardened, Lab lab) {
      return SECCOMP.weaken(hardened, lab);
    }

    @Override
    List<String> entrypoint(Lab lab) {
      return List.of("/usr/bin/python3", "/workspace/holder.py", "init");
    }
  },
  INIT("the executor's place as PID 1", false) {
    @Override
    List<String> entrypoint(Lab lab) {
      return List.of("/bin/bash", "-c", "/usr/local/bin/helm-executor & exec sleep infinity");
    }
  },
  PID_NAMESPACE("the pid namespace", false) {
    @Override
    HostConfig weaken(HostConfig hardened, Lab lab) {
      return hardened.withPidMode("host");
    }
  },
  PID_NAMESPACE_AND_RANK("the pid namespace, and rank", true) {
    @Override
    HostConfig weaken(HostConfig hardened, Lab lab) {
      return RANK.weaken(hardened, lab).withPidMode("host");
    }
  },
  NETWORK_NAMESPACE("the network namespace (the host's is used)", false) {
    @Override
    HostConfig weaken(HostConfig hardened, Lab lab) {
      return hardened.withNetworkMode("host");
    }
  },
  NO_INTERFACE("the absence of an interface (a network with a metadata service)", false) {
    @Override
    HostConfig weaken(HostConfig hardened, Lab lab) {
      return hardened.withNetworkMode("container:" + lab.holder());
    }
  },
  INTERFACE_AND_SECCOMP("the same, and seccomp", false) {
    @Override
    HostConfig weaken(HostConfig hardened, Lab lab) {
      return SECCOMP.weaken(NO_INTERFACE.weaken(hardened, lab), lab);
    }
  },
  OWN_NETWORK("a network namespace of its own (the neighbour's is used)", false) {
    @Override
    HostConfig weaken(HostConfig hardened, Lab lab) {
      return hardened.withNetworkMode("container:" + lab.neighbour().container());
    }
  },
  OWN_IPC("an IPC namespace of its own", false) {
    @Override
    HostConfig weaken(HostConfig hardened, Lab lab) {
      return hardened.withIpcMode("container:" + lab.holder());
    }
  },
  HOLDER("(no fixture: what others are to reach)", true) {
    @Override
    HostConfig weaken(HostConfig hardened, Lab lab) {
      return RANK.weaken(hardened, lab).withIpcMode("shareable");
    }

    @Override
    List<String> entrypoint(Lab lab) {
      return List.of(
          "/usr/bin/python3", "/workspace/holder.py", "metadata", Integer.toString(Lab.SHM_KEY));
    }
  },
  NO_ENGINE_SOCKET("the absence of the engine's socket", true) {
    @Override
    HostConfig weaken(HostConfig hardened, Lab lab) {
      return bind(hardened, lab.machine().engineSocket() + ":/run/docker.sock:rw");
    }
  },
  ONE_MOUNT("the confinement to its own box (Helm's home is mounted), and uid", true) {
    @Override
    HostConfig weaken(HostConfig hardened, Lab lab) {
      return bind(hardened.withCapDrop(), lab.machine().base + ":" + lab.machine().base + ":rw");
    }
  },
  READ_ONLY_SOCKETS("the read-only mount of the sockets", false),
  READ_ONLY_ROOT("the read-only root", false) {
    @Override
    HostConfig weaken(HostConfig hardened, Lab lab) {
      return hardened.withReadonlyRootfs(false);
    }
  },
  NO_NEW_PRIVILEGES("no-new-privileges, and the empty bounding set", false) {
    @Override
    HostConfig weaken(HostConfig hardened, Lab lab) {
      return hardened.withSecurityOpts(List.of()).withCapDrop();
    }
  },
  STRIPPED_IMAGE("the stripping of setuid bits", false) {
    @Override
    HostConfig weaken(HostConfig hardened, Lab lab) {
      return hardened.withReadonlyRootfs(false);
    }
  },
  LIMITS("every limit", false) {
    @Override
    HostConfig weaken(HostConfig hardened, Lab lab) {
      return hardened
          .withMemory(0L)
          .withMemorySwap(0L)
          .withNanoCPUs(0L)
          .withPidsLimit(-1L)
          .withShmSize(1L << 30)
          .withTmpFs(Map.of("/tmp", "rw,exec,nosuid,nodev,mode=1777"))
          .withUlimits(
              List.of(
                  new Ulimit("nofile", Rank.openFiles(), Rank.openFiles()),
                  new Ulimit("core", -1L, -1L)));
    }
  },
  ADMISSION("the admission on the executor's socket (a host that believes every line)", false),
  NOTHING("(the host's own side is weakened, not the container)", false);

  private final String words;
  private final boolean root;

  Lacking(String words, boolean root) {
    this.words = words;
    this.root = root;
  }

  String words() {
    return words;
  }

  /** Whether the fixture's processes are uid 0. */
  boolean root() {
    return root;
  }

  HostConfig weaken(HostConfig hardened, Lab lab) {
    return hardened;
  }

  List<String> entrypoint(Lab lab) {
    return List.of("/usr/local/bin/helm-executor");
  }

  /** An empty request. */
  HostConfig blank() {
    return switch (this) {
      case RANK, CGROUP_NAMESPACE, PID_NAMESPACE_AND_RANK, HOLDER -> new Unmasked();
      default -> HostConfig.newHostConfig();
    };
  }

  /** What root does in it before its use. */
  String preparation() {
    return switch (this) {
      case RANK, CGROUP_NAMESPACE, PID_NAMESPACE_AND_RANK -> Rank.UNLOCK;
      case STRIPPED_IMAGE -> "chmod u+s /usr/bin/passwd";
      default -> ":";
    };
  }

  private static HostConfig bind(HostConfig config, String more) {
    Bind[] had = config.getBinds();
    List<Bind> binds = new ArrayList<>(had == null ? List.of() : Arrays.asList(had));
    binds.add(Bind.parse(more));
    return config.withBinds(binds);
  }
}
