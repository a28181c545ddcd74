package dev.helm.cli.launch;

import java.net.URI;
import java.nio.file.Path;

/** How the supervisor learns that a process does its work. */
public sealed interface Readiness {
  /** A line of its output starts with this text. */
  record OutputLine(String start) implements Readiness {}

  /** Something accepts on 127.0.0.1 at this port. */
  record TcpPort(int port) implements Readiness {}

  /** A GET is answered with 200. */
  record HttpOk(URI uri) implements Readiness {}

  /** The container engine at this socket answers a ping. */
  record Engine(Path socket) implements Readiness {}

  /** It is ready as soon as it runs. */
  record Started() implements Readiness {}
}
