package dev.helm.service.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.mcp.Pins;
import java.nio.file.Path;
import java.time.Clock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which tool lists are accepted outlives the service, and the first one wins. */
class McpPinsTest {
  private static final String ONE = "1".repeat(64);
  private static final String TWO = "2".repeat(64);

  @TempDir private Path home;

  @Test
  void theFirstListWinsUntilPeopleAcceptAnother() {
    try (Store store = Store.open(home, Clock.systemUTC())) {
      Pins pins = store.mcpPins();
      assertThat(pins.get("brief@1", "crm")).isNull();
      assertThat(pins.first("brief@1", "crm", ONE)).isEqualTo(ONE);
      assertThat(pins.first("brief@1", "crm", TWO)).isEqualTo(ONE);
      assertThat(pins.first("brief@2", "crm", TWO)).isEqualTo(TWO);
      pins.accept("brief@1", "crm", TWO);
    }
    try (Store store = Store.open(home, Clock.systemUTC())) {
      assertThat(store.mcpPins().get("brief@1", "crm")).isEqualTo(TWO);
      assertThat(store.mcpPins().get("brief@1", "other")).isNull();
    }
  }
}
