@NullMarked
package dev.helm.workflows.decide.guard;

import org.jspecify.annotations.NullMarked;
