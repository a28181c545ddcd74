/** Live events for the surfaces. */
@NullMarked
package dev.helm.service.stream;

import org.jspecify.annotations.NullMarked;
