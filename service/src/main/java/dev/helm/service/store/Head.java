package dev.helm.service.store;

import dev.helm.api.event.LoggedEvent;

/**
 * The end of a run's log.
 *
 * @param seq newest seq, 0 for an empty log
 * @param hash newest hash
 * @param at newest time, or the empty text
 * @param ended whether {@code run.finished} closed the log
 * @param epoch the run's life: what an earlier one had begun to write comes too late
 * @param project project of the run, which never changes
 */
record Head(long seq, String hash, String at, boolean ended, int epoch, String project) {
  static Head empty(int epoch, String project) {
    return new Head(0, LoggedEvent.NO_PREV, "", false, epoch, project);
  }
}
