/** Helm. */
@NullMarked
package dev.helm.keyproxy;

import org.jspecify.annotations.NullMarked;
