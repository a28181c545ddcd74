/**
 * The vocabulary that every other module speaks: one record per idea, no behaviour with side
 * effects.
 */
@NullMarked
package dev.helm.api;

import org.jspecify.annotations.NullMarked;
