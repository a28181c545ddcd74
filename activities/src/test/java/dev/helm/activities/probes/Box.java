package dev.helm.activities.probes;

import java.nio.file.Path;
import java.util.Map;

/** A container in which attacks are run: a slot, or a fixture that lacks a safeguard. */
interface Box {
  /** Runs one attack of {@code probe.py}; what it printed, and how it ended. */
  String attack(String name, Map<String, Object> given, long deadlineMs) throws Exception;

  /** Runs a line of bash; what it printed, and how it ended. */
  String bash(String script, long deadlineMs) throws Exception;

  /** The engine's id of the container. */
  String container();

  /** The container's first process, as the host counts. */
  int pid();

  /** The workspace, as the host sees it. */
  Path workspace();

  /** The socket directory, as the host sees it. */
  Path sockets();
}
