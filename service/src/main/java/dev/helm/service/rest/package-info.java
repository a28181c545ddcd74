/** The REST interface and the stream's door: docs/rest.md. */
@NullMarked
package dev.helm.service.rest;

import org.jspecify.annotations.NullMarked;
