package dev.helm.activities.sandbox;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A service that opens boxes and is then killed: arguments are a home and a run. */
final class BoxHolder {
  private BoxHolder() {}

  /** Says {@code open} once all are open, and waits for its death. */
  public static void main(String[] arguments) throws Exception {
    TestEngine machine = TestEngine.again(Path.of(arguments[0]));
    DockerSandbox sandbox = machine.sandbox(machine.store());
    String run = arguments[1];
    sandbox.boxes().open(BoxSpec.inRun(run, "in", sh("echo $$ > pid; sleep 600")));
    sandbox.boxes().open(BoxSpec.own(run, "own", sh("sleep 600")));
    sandbox.boxes().open(BoxSpec.ownReading(run, "reading", sh("sleep 600")));
    System.out.println("open");
    TimeUnit.MINUTES.sleep(5);
  }

  private static List<String> sh(String script) {
    return List.of("sh", "-c", script);
  }
}
