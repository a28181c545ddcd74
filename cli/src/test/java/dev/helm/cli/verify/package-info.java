@NullMarked
package dev.helm.cli.verify;

import org.jspecify.annotations.NullMarked;
