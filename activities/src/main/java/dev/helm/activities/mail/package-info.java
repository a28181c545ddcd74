/** Mail: composing it, and handing it to a relay or to the run's outbox. */
@NullMarked
package dev.helm.activities.mail;

import org.jspecify.annotations.NullMarked;
