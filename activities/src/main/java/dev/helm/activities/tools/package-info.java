/** Tool calls: gate, people, effect and record, one activity between decision and effect. */
@NullMarked
package dev.helm.activities.tools;

import org.jspecify.annotations.NullMarked;
