/** The root part on real tables, in network namespaces that the tests make. */
@NullMarked
package dev.helm.cli.launch.firewall;

import org.jspecify.annotations.NullMarked;
