/** Tests of the stream. */
@NullMarked
package dev.helm.service.stream;

import org.jspecify.annotations.NullMarked;
