/** Tests of what makes the log provable, with real SQLite and the verifier that ships. */
@NullMarked
package dev.helm.service.audit;

import org.jspecify.annotations.NullMarked;
