package dev.helm.service.run;

import dev.helm.activities.egress.EgressGrants;
import dev.helm.activities.tools.EgressDoor;
import java.util.List;
import java.util.Set;

/** The way out through the egress proxy: a grant for the time of a call. */
record GrantedDoor(EgressGrants grants, Set<String> operatorHosts) implements EgressDoor {
  @Override
  public Opening open(String run, String slot, String toolUseId, List<String> hosts) {
    if (hosts.isEmpty()) {
      return () -> {};
    }
    AutoCloseable grant = grants.grant(slot, toolUseId, hosts);
    return () -> {
      try {
        grant.close();
      } catch (Exception e) {
        throw new IllegalStateException("a grant could not be closed", e);
      }
    };
  }
}
