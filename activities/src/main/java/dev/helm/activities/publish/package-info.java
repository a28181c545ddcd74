/** Hands finished files out of a workspace, to destinations that the operator has named. */
@NullMarked
package dev.helm.activities.publish;

import org.jspecify.annotations.NullMarked;
