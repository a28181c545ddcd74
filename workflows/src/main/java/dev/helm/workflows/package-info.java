/** Helm. */
@NullMarked
package dev.helm.workflows;

import org.jspecify.annotations.NullMarked;
