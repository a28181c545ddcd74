package dev.helm.cli.render;

/** What a piece of text means; its colour follows from that and from nothing else. */
public enum Role {
  /** Plain. */
  TEXT,
  /** Verbs and names. */
  STRONG,
  /** Times, results. */
  QUIET,
  /** Running, ok. */
  LIVE,
  /** Waits for a person. */
  WAIT,
  /** Failed, denied, blocked. */
  STOP,
  /** Paused, links. */
  REST
}
