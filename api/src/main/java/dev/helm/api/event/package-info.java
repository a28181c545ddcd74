/** The log: typed events, their canonical form and their chain. */
@NullMarked
package dev.helm.api.event;

import org.jspecify.annotations.NullMarked;
