/** Who may call: passwords, tokens, tickets and the limits on guessing them. */
@NullMarked
package dev.helm.service.auth;

import org.jspecify.annotations.NullMarked;
