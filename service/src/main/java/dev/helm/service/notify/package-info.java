/** Telling a program of the operator that something waits for people. Off unless switched on. */
@NullMarked
package dev.helm.service.notify;

import org.jspecify.annotations.NullMarked;
