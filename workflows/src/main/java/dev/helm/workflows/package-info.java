/** The run as a durable workflow, the interfaces of its activities, and the pure decisions. */
@NullMarked
package dev.helm.workflows;

import org.jspecify.annotations.NullMarked;
