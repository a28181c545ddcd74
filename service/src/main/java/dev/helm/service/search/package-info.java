/** Finding events by their words: an index of its own beside the log. docs/search.md tells how. */
@NullMarked
package dev.helm.service.search;

import org.jspecify.annotations.NullMarked;
