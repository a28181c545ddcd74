/** Regular expressions of people on texts of strangers. */
@NullMarked
package dev.helm.activities.expression;

import org.jspecify.annotations.NullMarked;
