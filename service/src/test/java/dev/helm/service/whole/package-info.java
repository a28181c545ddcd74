/** The whole of Helm, started by its launcher and killed part by part. docs/chaos.md tells how. */
@NullMarked
package dev.helm.service.whole;

import org.jspecify.annotations.NullMarked;
