/** Secrets of projects: handed to what needs them, taken out of whatever is shown or kept. */
@NullMarked
package dev.helm.activities.secret;

import org.jspecify.annotations.NullMarked;
