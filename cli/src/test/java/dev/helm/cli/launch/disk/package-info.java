@NullMarked
package dev.helm.cli.launch.disk;

import org.jspecify.annotations.NullMarked;
