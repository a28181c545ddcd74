/** Tests of who may call. */
@NullMarked
package dev.helm.service.auth;

import org.jspecify.annotations.NullMarked;
