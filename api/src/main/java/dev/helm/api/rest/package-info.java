/** Bodies of requests and responses under /api. */
@NullMarked
package dev.helm.api.rest;

import org.jspecify.annotations.NullMarked;
