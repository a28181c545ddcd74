package dev.helm.service.auth;

import dev.helm.service.store.Access;
import dev.helm.service.store.UserStore;

/** Says which projects a person sees. */
@FunctionalInterface
public interface Grants {
  /** Everybody is an owner and sees everything. */
  Grants OWNERS = user -> Access.everything(user.id());

  /** What this person sees now; asked for each request. */
  Access of(UserStore.User user);
}
