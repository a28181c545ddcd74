/** Tests of {@code helm doctor} with planted defects. */
@NullMarked
package dev.helm.cli.launch.doctor;

import org.jspecify.annotations.NullMarked;
