package dev.helm.service.store;

import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.rest.Bodies;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Blueprints by name and version. A version never changes. */
public interface BlueprintStore {
  /**
   * Stores a new version, unless the newest has the same content.
   *
   * @throws NameTakenException when a project that is not seen has a blueprint of this name
   */
  Put put(Access access, Blueprint blueprint, String by);

  /**
   * The same, and in the same transaction the schedule that it brings is made or made the same;
   * null takes away the one that a former version brought.
   *
   * @throws ScheduleStore.TakenException as {@link ScheduleStore#put}; then no version is stored
   */
  Put put(
      Access access, Blueprint blueprint, String by, ScheduleStore.@Nullable Definition schedule);

  /** The newest version that is seen, or null. */
  Blueprint.@Nullable Stored newest(Access access, String name);

  /** An exact version that is seen, or null. */
  Blueprint.@Nullable Stored version(Access access, String name, int version);

  /**
   * What {@code name} (newest) or {@code name@version} stands for among those that are seen, or
   * null.
   */
  Blueprint.@Nullable Stored find(Access access, String reference);

  /** The newest version of each that is seen, by name. */
  Bodies.Page<Bodies.BlueprintSummary> list(Access access, int limit, @Nullable String cursor);

  /** All versions that are seen, newest first; empty for an unknown name. */
  List<Blueprint.Stored> versions(Access access, String name);

  /** The name belongs to a project that is not seen. */
  final class NameTakenException extends RuntimeException {
    private static final long serialVersionUID = 1;

    NameTakenException(String name) {
      super("a blueprint named " + name + " belongs to another project");
    }
  }

  /** What is stored now, and whether this call made a version. */
  record Put(Blueprint.Stored stored, boolean fresh) {}
}
