package dev.helm.service.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Calls that have ended, found by their tool. */
@Timeout(120)
class EndedCallsTest {
  @TempDir private Path home;

  private static Fact ended(String id, String tool) {
    return new Fact(
        id,
        "main",
        new RunEvent.ToolFinished(id, tool, "ok", "done", Content.text("x"), 0, 1, 1, null));
  }

  /** Attack: an agent reads a file 10,000 times, and its mail is not listed. */
  @Test
  void oneThatIsWantedIsFoundBehindTenThousandOthers() throws Exception {
    try (Store store = Store.open(home, Clock.systemUTC())) {
      String run = StoreFixture.run(store);
      List<Fact> facts = new ArrayList<>();
      for (int i = 0; i <= 10_000; i++) {
        facts.add(ended("r" + i, "Read"));
        if (facts.size() == 500) {
          store.log().append(run, facts);
          facts.clear();
        }
      }
      facts.add(ended("m", "SendEmail"));
      store.log().append(run, facts);
      assertThat(store.endedCalls().after(run, 0, "SendEmail"::equals))
          .extracting(call -> call.call().tool())
          .containsExactly("SendEmail");
    }
  }
}
