package dev.helm.activities.probes;

import static java.util.stream.Collectors.joining;

import dev.helm.activities.sandbox.SandboxLimits;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** An attack of {@code probe.py}, of which a {@link Probe} is made. */
final class Attack {
  private static final long DEADLINE_MS = 60_000;
  private static final int LOOKS = 60;

  private final String name;
  private final String what;
  private final String safeguard;
  private final Lacking lacking;
  private String stopped = "EPERM|EACCES|EROFS";
  private @Nullable Witness witness;
  private String seen = "the kernel's answer";
  private boolean reads;
  private boolean silent;
  private @Nullable SandboxLimits limits;
  private boolean loud;
  private boolean fresh;
  private @Nullable String needs;
  private @Nullable Path restored;
  private final Map<String, Object> inSlot = new HashMap<>();
  private final Map<String, Object> inControl = new HashMap<>();

  private Attack(String name, String what, String safeguard, Lacking lacking) {
    this.name = name;
    this.what = what;
    this.safeguard = safeguard;
    this.lacking = lacking;
  }

  static Attack of(String name, String what, String safeguard, Lacking lacking) {
    return new Attack(name, what, safeguard, lacking);
  }

  /** What the evidence must match where the safeguard holds. */
  Attack stoppedBy(String pattern) {
    stopped = pattern;
    return this;
  }

  /** Who looks from outside, in words and in fact. */
  Attack seenBy(String words, Witness outside) {
    seen = words;
    witness = outside;
    return this;
  }

  /** The attack's aim is the secret itself. */
  Attack readsSecret() {
    seen =
        witness == null
            ? "the canary's secret in the output"
            : seen + ", and the secret in the output";
    reads = true;
    return this;
  }

  /** A setting of the whole machine, which gets its value back in any case. */
  Attack restores(String path) {
    restored = Path.of(path);
    return this;
  }

  /** Where it succeeds, the attacker is gone before it can say so. */
  Attack leavesNoWord() {
    silent = true;
    return this;
  }

  /** Runs in the slot with small limits, while the neighbour is asked. */
  Attack heavy() {
    limits = Lab.SMALL;
    return this;
  }

  /** The control needs a capability that root may lack on this machine. */
  Attack needs(String capability) {
    needs = capability;
    return this;
  }

  /** Runs in the ordinary slot, while the neighbour is asked. */
  Attack weighs() {
    loud = true;
    return this;
  }

  /** Breaks its fixture, and so gets one of its own. */
  Attack breaksFixture() {
    fresh = true;
    return this;
  }

  Attack given(String key, Object value) {
    return given(key, value, value);
  }

  Attack given(String key, Object slot, Object control) {
    inSlot.put(key, slot);
    inControl.put(key, control);
    return this;
  }

  Probe probe() {
    return new Probe(
        name,
        what,
        safeguard,
        lacking,
        seen,
        Pattern.compile(stopped),
        this::trySlot,
        this::tryControl);
  }

  private Verdict tryControl(Lab lab) throws Exception {
    if (needs != null && !Rank.has(needs)) {
      return new Verdict(false, false, true, "root has no " + needs + " on this machine");
    }
    if (!fresh) {
      return tryIn(lab, lab.fixture(lacking), true);
    }
    Fixture broken = lab.freshFixture(lacking);
    try {
      return tryIn(lab, broken, true);
    } finally {
      lab.discard(broken);
    }
  }

  private Verdict trySlot(Lab lab) throws Exception {
    SlotBox box = limits == null ? lab.attacker() : lab.slot(limits);
    return limits != null || loud
        ? lab.whileNeighbourAnswers(box, () -> tryIn(lab, box, false))
        : tryIn(lab, box, false);
  }

  private Verdict tryIn(Lab lab, Box box, boolean control) throws Exception {
    Path setting = restored;
    if (setting == null || !Files.exists(setting)) {
      return perform(lab, box, control);
    }
    String value = Files.readString(setting);
    try {
      return perform(lab, box, control);
    } finally {
      Files.writeString(setting, value);
    }
  }

  private Verdict perform(Lab lab, Box box, boolean control) throws Exception {
    Map<String, Object> given = new HashMap<>(lab.given());
    given.putAll(control ? inControl : inSlot);
    Witness outside = witness;
    String before = outside == null ? "" : outside.look(lab, box);
    String output = box.attack(name, given, DEADLINE_MS);
    String after = outside == null ? "" : outside.look(lab, box);
    // Where it succeeds, the effect may come a moment after the word.
    for (int i = 0; i < LOOKS && control && outside != null && after.equals(before); i++) {
      ResourceProbes.pause(50);
      after = outside.look(lab, box);
    }
    boolean word = output.contains("REACHED");
    boolean effect = !before.equals(after);
    boolean secret = output.contains(lab.secret());
    boolean absent = output.startsWith("ABSENT") || output.startsWith("STOPPED ENOSYS");
    String evidence = output.strip();
    if (outside != null && effect) {
      evidence += "\n  before: " + beyond(before, after) + "\n  after:  " + beyond(after, before);
    }
    return new Verdict(
        word || effect || secret || output.contains("[LOST"),
        (word || silent) && (outside == null || effect) && (!reads || secret),
        absent,
        evidence);
  }

  /** The lines of one text that another has not. */
  private static String beyond(String text, String other) {
    Set<String> known = Set.of(other.lines().distinct().toArray(String[]::new));
    String more = text.lines().filter(line -> !known.contains(line)).collect(joining(" / "));
    return more.length() <= 500 ? more : more.substring(0, 500) + " …";
  }
}
