/** What {@code helm doctor} looks at: one class a subject, each changing nothing. */
@NullMarked
package dev.helm.cli.launch.doctor;

import org.jspecify.annotations.NullMarked;
