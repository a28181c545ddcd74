package dev.helm.activities.sandbox;

import dev.helm.activities.images.BuiltImage;
import dev.helm.activities.images.ImageList;
import dev.helm.activities.images.SandboxImages;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A machine on which the tests of images look into what was made. */
public final class ImageLab implements AutoCloseable {
  /** Every image of the engine. */
  static final ImageList ALL =
      ImageList.of(
          "abcdefghijklmnopqrstuvwxyz0123456789".chars().mapToObj(c -> (char) c + "*").toList());

  private final TestEngine machine;
  private final DockerSandbox sandbox;
  private final EngineImages engine;
  private final SandboxImages images;
  private final String run = TestEngine.newRun();

  private ImageLab(TestEngine machine) {
    this.machine = machine;
    this.sandbox = machine.sandbox(machine.store());
    this.engine = new EngineImages(machine.settings.engine(), machine.settings.installation());
    this.images = again();
  }

  /** Aborts the test where there is no engine. */
  public static ImageLab open() throws IOException {
    return new ImageLab(TestEngine.open(0, List.of()));
  }

  /** The images of this machine. */
  public SandboxImages images() {
    return images;
  }

  /** As a service that starts anew sees them. */
  public SandboxImages again() {
    return new SandboxImages(machine.home, engine, machine.settings.imageId(), ALL);
  }

  /** Containers of runs. */
  public Sandbox sandbox() {
    return sandbox;
  }

  /** Programs in boxes. */
  public Boxes boxes() {
    return sandbox.boxes();
  }

  /** The engine's images. */
  public EngineImages engine() {
    return engine;
  }

  /** The default image. */
  public String defaultId() {
    return machine.settings.imageId();
  }

  /** MB of each running container, least first. */
  public List<Double> megabytes() {
    return ContainerMemory.megabytes(machine);
  }

  /** What a shell says in a hardened container of this image. */
  public String says(BuiltImage image, String script) throws IOException {
    BoxSpec spec = BoxSpec.own(run, "look", List.of("/bin/sh", "-c", script)).withImage(image.id());
    try (Box box = sandbox.boxes().open(spec)) {
      String said = new String(box.out().readAllBytes(), StandardCharsets.UTF_8);
      return said + box.end().join().code() + box.lastWords();
    }
  }

  @Override
  public void close() throws IOException {
    sandbox.close();
    engine.close();
    machine.close();
  }
}
