/** Helm. */
@NullMarked
package dev.helm.service;

import org.jspecify.annotations.NullMarked;
