/**
 * The practice model: a loopback server that speaks the real Messages protocol from scenario files,
 * and the demo's fictitious web site. docs/practice-model.md describes both.
 */
@NullMarked
package dev.helm.activities.practice;

import org.jspecify.annotations.NullMarked;
