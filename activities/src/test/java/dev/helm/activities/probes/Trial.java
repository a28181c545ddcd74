package dev.helm.activities.probes;

/** Performs an attack once. */
@FunctionalInterface
interface Trial {
  Verdict run(Lab lab) throws Exception;
}
