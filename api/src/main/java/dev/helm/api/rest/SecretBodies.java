package dev.helm.api.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import org.jspecify.annotations.Nullable;

/** Secrets as REST has them: a value goes in and never comes out. */
public final class SecretBodies {
  private SecretBodies() {}

  /** {@code PUT /api/secrets/{project}/{name}}; 8 characters to 16 KiB. */
  public record SetSecret(String value) {
    @Override
    public String toString() {
      return "SetSecret[redacted]";
    }
  }

  /**
   * A secret without its value.
   *
   * @param version counts how often it was set or removed
   * @param by who set it
   * @param at when it was set
   * @param usedAt when a run used it last, to a minute; null for never
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record SecretInfo(
      String project, String name, long version, String by, String at, @Nullable String usedAt) {}
}
