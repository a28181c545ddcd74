/** Tests of the replay over recorded histories. */
@NullMarked
package dev.helm.workflows.replay;

import org.jspecify.annotations.NullMarked;
