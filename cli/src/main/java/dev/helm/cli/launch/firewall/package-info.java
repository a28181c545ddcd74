/**
 * The root part: chain HELM_EGRESS, which lets containers with an interface reach nothing but the
 * egress proxy. docs/egress.md tells why and how.
 */
@NullMarked
package dev.helm.cli.launch.firewall;

import org.jspecify.annotations.NullMarked;
