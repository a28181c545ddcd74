/**
 * Attacks from inside a container, each tried against a slot and where its safeguard is lacking.
 */
@NullMarked
package dev.helm.activities.probes;

import org.jspecify.annotations.NullMarked;
