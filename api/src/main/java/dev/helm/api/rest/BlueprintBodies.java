package dev.helm.api.rest;

import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.RuleOfTwo;

/** Answers about blueprints, beside the stored versions themselves. */
public final class BlueprintBodies {
  private BlueprintBodies() {}

  /** A blueprint that is right and is not stored. */
  public record Checked(Blueprint blueprint, RuleOfTwo ruleOfTwo) {}

  /**
   * A stored version as its author would write it.
   *
   * @param yaml what gives the same version when it is applied
   */
  public record Source(String name, int version, String yaml) {}

  /**
   * What differs between two stored versions.
   *
   * @param from {@code name@version}
   * @param to {@code name@version}
   * @param patch a unified diff of the two as YAML; empty when they are the same
   */
  public record VersionDiff(String from, String to, String patch) {}
}
