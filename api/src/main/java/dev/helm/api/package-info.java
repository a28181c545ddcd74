/** Helm. */
@NullMarked
package dev.helm.api;

import org.jspecify.annotations.NullMarked;
