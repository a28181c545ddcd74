/** What the activities need from durable storage; the service implements it in its database. */
@NullMarked
package dev.helm.activities.store;

import org.jspecify.annotations.NullMarked;
