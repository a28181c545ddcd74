package dev.helm.activities.sandbox;

import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.CompletableFuture;

/**
 * A running program. What it writes is hostile input; whoever reads it bounds it. It dies with the
 * service: whoever opened it opens it anew.
 */
public interface Box extends AutoCloseable {
  /** As in the spec. */
  String name();

  /** What the program writes to stdout, to its end; one reader. A closed box reads as an end. */
  InputStream out();

  /**
   * What the program reads from stdin; one writer. Closing it is the program's end of input. Writes
   * fail once the program is gone, and block while it reads nothing.
   */
  OutputStream in();

  /** Completes, never exceptionally, when the program has ended or its container is gone. */
  CompletableFuture<BoxEnd> end();

  /** The end of what it wrote to stderr until now, at most 8 KiB. */
  String lastWords();

  /** Ends the program with all it started, and removes a container of its own. Safe to repeat. */
  @Override
  void close();
}
