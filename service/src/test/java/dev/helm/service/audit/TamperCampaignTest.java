package dev.helm.service.audit;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** R5 as a campaign: 10,000 edits. */
@Timeout(7200)
class TamperCampaignTest {
  @TempDir Path folder;

  @Test
  @Tag("campaign")
  void tenThousandEditsAreFound() throws Exception {
    long seed = TamperTest.seed();
    TamperTest.bundles(folder, seed, Integer.getInteger("helm.tamper.bundles", 8_000));
    TamperTest.databases(folder, seed, Integer.getInteger("helm.tamper.databases", 2_000));
  }
}
