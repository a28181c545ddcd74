package dev.helm.workflows.replay;

import dev.helm.api.event.CanonicalJson;
import java.io.PrintStream;
import java.util.Map;

/** What the replay tells, a JSON line each. */
final class Findings {
  private static final int FAULTS_MAX = 100;

  private final PrintStream out;
  private long faults;

  Findings(PrintStream out) {
    this.out = out;
  }

  void fault(long seq, String text) {
    if (++faults <= FAULTS_MAX) {
      line("fault", seq, text);
    }
  }

  void checked(String text) {
    line("checked", 0, text);
  }

  void note(String text) {
    line("note", 0, text);
  }

  void end() {
    line("end", 0, "");
  }

  boolean none() {
    return faults == 0;
  }

  private void line(String kind, long seq, String text) {
    out.println(CanonicalJson.write(Map.of("kind", kind, "seq", seq, "text", text)));
  }
}
