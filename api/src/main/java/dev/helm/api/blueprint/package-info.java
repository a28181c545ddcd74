/** What a run is made from. */
@NullMarked
package dev.helm.api.blueprint;

import org.jspecify.annotations.NullMarked;
