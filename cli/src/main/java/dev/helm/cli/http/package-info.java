/** Talking to the service: sessions, REST, the stream. */
@NullMarked
package dev.helm.cli.http;

import org.jspecify.annotations.NullMarked;
