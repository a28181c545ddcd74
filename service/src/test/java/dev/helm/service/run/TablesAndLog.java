package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.rest.Bodies;
import dev.helm.service.store.Access;
import dev.helm.service.store.RunQueries;
import dev.helm.service.store.Store;
import java.util.Set;

/** After whatever a test did, what people read of its runs is what their logs say. */
final class TablesAndLog {
  private TablesAndLog() {}

  static void agree(Store store) {
    RunQueries.Filter all =
        new RunQueries.Filter(Set.of(), null, null, Set.of(), null, null, null, 100, null);
    for (Bodies.Run run : store.queries().list(Access.system(), all).items()) {
      assertThat(store.bundles().tables(run.id()).differences()).as("run %s", run.id()).isEmpty();
    }
  }
}
