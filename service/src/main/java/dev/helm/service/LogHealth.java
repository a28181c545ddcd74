package dev.helm.service;

import com.codahale.metrics.health.HealthCheck;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreHealth;

/** Whether the event log can be written. */
final class LogHealth extends HealthCheck {
  private final Store store;

  LogHealth(Store store) {
    this.store = store;
  }

  @Override
  protected Result check() {
    StoreHealth health = store.health();
    return health.writable() ? Result.healthy() : Result.unhealthy(health.detail());
  }
}
