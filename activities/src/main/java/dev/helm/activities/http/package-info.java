/** HTTP requests of custom tools: filled in, sent once, their answers bounded. */
@NullMarked
package dev.helm.activities.http;

import org.jspecify.annotations.NullMarked;
