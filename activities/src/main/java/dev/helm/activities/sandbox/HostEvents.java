package dev.helm.activities.sandbox;

/** What happens on an executor's line; called on the line's own threads, must not block long. */
interface HostEvents {
  /** The executor is known and answers. */
  void connected();

  /** The line went down. */
  void disconnected();

  /** Someone else than the executor tried to take part, and was refused. */
  void refused(String why);

  /** The executor broke the protocol or a deadline too often: its container cannot be trusted. */
  void misbehaved(String why);
}
