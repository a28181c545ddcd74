/** Benchmarks: programs that measure Helm beside a floor or a peer in the same run. */
@NullMarked
package dev.helm.service.bench;

import org.jspecify.annotations.NullMarked;
