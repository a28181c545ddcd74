/** What makes the log provable to others: keys, checkpoints, the anchor, exports, the audit log. */
@NullMarked
package dev.helm.service.audit;

import org.jspecify.annotations.NullMarked;
