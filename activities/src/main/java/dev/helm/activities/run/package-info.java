/** What all activities of a run share: their heart beat, and the run's own notes and end. */
@NullMarked
package dev.helm.activities.run;

import org.jspecify.annotations.NullMarked;
