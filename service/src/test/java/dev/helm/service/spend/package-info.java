/** What is spent, with the key proxy as its own process between callers and a model. */
@NullMarked
package dev.helm.service.spend;

import org.jspecify.annotations.NullMarked;
