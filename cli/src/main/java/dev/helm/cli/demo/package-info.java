/** The landing page's run, played on a backend that is already up. */
@NullMarked
package dev.helm.cli.demo;

import org.jspecify.annotations.NullMarked;
