/** Helm. */
@NullMarked
package dev.helm.activities;

import org.jspecify.annotations.NullMarked;
