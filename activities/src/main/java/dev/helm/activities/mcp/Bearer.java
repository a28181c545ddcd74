package dev.helm.activities.mcp;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A secret as it is now, sent as a bearer token; or nothing. */
record Bearer(@Nullable Supplier<String> secret) implements HttpWire.Login {
  @Override
  public @Nullable String header() {
    return secret == null ? null : "Bearer " + secret.get();
  }

  @Override
  public boolean again(@Nullable String challenge) {
    return false;
  }
}
