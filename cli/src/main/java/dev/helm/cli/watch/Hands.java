package dev.helm.cli.watch;

import dev.helm.api.event.RunEvent;

/** What a companion may do to the run that is on the screen. */
public interface Hands {
  /** Whether a person sits at the keys. */
  boolean interactive();

  /** Prints a line of words that is not part of the log. */
  void say(String words);

  /** Shows a permission's whole call. */
  void show(RunEvent.PermissionRequested permission);

  /** Tells the agent something. */
  void steer(String text);

  /** Opens the steering line with a text in it, if a person is there. */
  void offerSteer(String text);

  /** Decides a permission as it was asked. */
  void decide(RunEvent.PermissionRequested permission, boolean allow, String reason);

  /** Answers a question. */
  void answer(RunEvent.QuestionAsked question, String text);
}
