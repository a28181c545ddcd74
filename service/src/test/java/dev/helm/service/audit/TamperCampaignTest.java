package dev.helm.service.audit;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * R5 as a campaign: edits of bundles and of the database, four to one. {@code helm.tamper.edits}
 * says how many.
 */
@Timeout(7200)
class TamperCampaignTest {
  private static final int EDITS = 10_000;

  @TempDir Path folder;

  @Test
  @Tag("campaign")
  void everyEditIsFound() throws Exception {
    long seed = TamperTest.seed();
    int edits = Integer.getInteger("helm.tamper.edits", EDITS);
    int databases = edits / 5;
    TamperTest.bundles(folder, seed, edits - databases);
    TamperTest.databases(folder, seed, databases);
    System.out.println(edits + " edits, all found, seed " + seed);
  }
}
