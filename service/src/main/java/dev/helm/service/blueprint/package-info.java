/** Reading, checking and describing blueprints; docs/blueprints.md lists every field. */
@NullMarked
package dev.helm.service.blueprint;

import org.jspecify.annotations.NullMarked;
