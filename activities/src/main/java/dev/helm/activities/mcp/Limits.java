package dev.helm.activities.mcp;

/** How much a server may say, and for how long it is waited for. */
final class Limits {
  /** Longest message, in bytes: a line on stdout, an HTTP body, an event of a stream. */
  static final int MESSAGE_BYTES_MAX = 16 << 20;

  /** Messages that may arrive while one call is at work, whatever they are. */
  static final int MESSAGES_MAX = 20_000;

  /** Tools of a server that a run can have. */
  static final int TOOLS_MAX = 200;

  /** Pages of a tool list. */
  static final int PAGES_MAX = 100;

  /** A tool list, in characters of its canonical text. */
  static final int LIST_CHARS_MAX = 2 << 20;

  /** A description as the model reads it. */
  static final int DESCRIPTION_CHARS_MAX = 4_000;

  /** A tool's schema, in characters. */
  static final int SCHEMA_CHARS_MAX = 64 << 10;

  /** From the start of a server to its answer to initialize and its tool list, each. */
  static final long ANSWER_MS = 60_000;

  /** How long a server that failed is left alone when nobody calls its tools. */
  static final long AGAIN_AFTER_MS = 30_000;

  /** A call's answer as the model reads it. */
  static final int RESULT_CHARS_MAX = 30_000;

  /** Progress of one call that becomes events, and the shortest time between two of them. */
  static final int PROGRESS_MAX = 200;

  static final long PROGRESS_EVERY_MS = 250;

  /** Questions of a server during one call, each with its repetitions. */
  static final int QUESTIONS_MAX = 10;

  private Limits() {}
}
