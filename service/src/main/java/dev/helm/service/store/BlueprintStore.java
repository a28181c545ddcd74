package dev.helm.service.store;

import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.rest.Bodies;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Blueprints by name and version. A version never changes. */
public interface BlueprintStore {
  /** Stores a new version, unless the newest has the same content. */
  Put put(Blueprint blueprint, String by);

  /** The newest version, or null. */
  Blueprint.@Nullable Stored newest(String name);

  /** An exact version, or null. */
  Blueprint.@Nullable Stored version(String name, int version);

  /** What {@code name} (newest) or {@code name@version} stands for, or null. */
  Blueprint.@Nullable Stored find(String reference);

  /** The newest version of each, by name. */
  Bodies.Page<Bodies.BlueprintSummary> list(int limit, @Nullable String cursor);

  /** All versions, newest first; empty for an unknown name. */
  List<Blueprint.Stored> versions(String name);

  /** What is stored now, and whether this call made a version. */
  record Put(Blueprint.Stored stored, boolean fresh) {}
}
