package dev.helm.activities.probes;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/** What an agent leaves in its workspace for the host to stumble over. */
final class LitterProbes {
  private LitterProbes() {}

  static List<Probe> all() {
    return List.of(
        new Probe(
            "leave.links",
            "leaves links to the host for a service that walks as root",
            "no link is ever followed",
            Lacking.NOTHING,
            "owner, mode and content of the host's file",
            Pattern.compile("given back, taken again, deleted"),
            lab -> cycle(lab, "leave.links"),
            LitterProbes::followed),
        new Probe(
            "leave.odd-files",
            "leaves FIFOs, sockets, locked folders, odd names, 2,500 folders deep",
            "trees are walked without opening files, by short paths",
            Lacking.NOTHING,
            "whether the run can be given back, taken again and deleted",
            Pattern.compile("given back, taken again, deleted"),
            lab -> cycle(lab, "leave.odd-files"),
            LitterProbes::stumbled));
  }

  /** All that the service does with a workspace after the agent. */
  private static Verdict cycle(Lab lab, String attack) throws Exception {
    String before = host(lab);
    SlotBox box = lab.prepared(Lab.SMALL);
    String said = box.attack(attack, lab.given(), 60_000);
    String done = said.strip() + "; ";
    try {
      lab.machine().sandbox.release(box.run());
      done += "given back, ";
      box.slot();
      done += "taken again, ";
      lab.machine().sandbox.release(box.run());
      lab.machine().workspaces.delete(box.run());
      done += "deleted";
    } catch (IOException | RuntimeException e) {
      return Verdict.of(true, done + e);
    }
    boolean left =
        Files.exists(
            lab.machine().home.resolve("workspaces").resolve(box.run()), LinkOption.NOFOLLOW_LINKS);
    String after = host(lab);
    return Verdict.of(
        left || !before.equals(after) || said.contains("Traceback"), done + "; " + after);
  }

  private static String host(Lab lab) throws IOException {
    Path file = lab.machine().canaryFile();
    return Files.getAttribute(file, "unix:uid")
        + " "
        + Files.getAttribute(file, "unix:mode")
        + " "
        + Files.getAttribute(file.getParent(), "unix:uid")
        + " "
        + Files.getAttribute(file.getParent(), "unix:mode")
        + " "
        + Files.readString(file).equals(lab.secret());
  }

  /** A careless host: gives a file to the run's user, and reads it, by its path. */
  private static Verdict followed(Lab lab) throws Exception {
    Fixture fixture = lab.freshFixture(Lacking.ADMISSION);
    String before = host(lab);
    String said = fixture.attack("leave.links", lab.given(), 60_000);
    Path file = fixture.workspace().resolve("trap/file");
    Files.setAttribute(file, "unix:uid", lab.uid());
    String read = Files.readString(file);
    String after = host(lab);
    Files.setAttribute(lab.machine().canaryFile(), "unix:uid", 0);
    lab.discard(fixture);
    return Verdict.of(
        !before.equals(after) && read.equals(lab.secret()), said + before + " -> " + after);
  }

  /** A careless host: walks by whole paths, and opens what it finds. */
  private static Verdict stumbled(Lab lab) throws Exception {
    Fixture fixture = lab.freshFixture(Lacking.ADMISSION);
    String said = fixture.attack("leave.odd-files", lab.given(), 60_000);
    lab.discard(fixture);
    Path odd = fixture.workspace().resolve("odd");
    String walk = "walked";
    try (var all = Files.walk(odd)) {
      all.forEach(path -> {});
    } catch (IOException | RuntimeException e) {
      walk = "cannot be walked";
    }
    CompletableFuture<byte[]> reading =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return Files.readAllBytes(odd.resolve("fifo"));
              } catch (IOException e) {
                return new byte[0];
              }
            });
    String read = "read";
    try {
      reading.get(500, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      read = "hangs";
      // A writer that comes and goes lets the reader end.
      Files.write(odd.resolve("fifo"), new byte[0]);
    }
    return Verdict.of(
        walk.equals("cannot be walked") && read.equals("hangs"), said + walk + ", " + read);
  }
}
