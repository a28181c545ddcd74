/**
 * Pure decisions: what a rule means, what the gate says, what a call looks like. No Temporal, no
 * I/O.
 */
@NullMarked
package dev.helm.workflows.decide;

import org.jspecify.annotations.NullMarked;
