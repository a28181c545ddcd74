@NullMarked
package dev.helm.cli.launch;

import org.jspecify.annotations.NullMarked;
