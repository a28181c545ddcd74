/** The root part of workspaces: a disk of bounded size for each container slot. */
@NullMarked
package dev.helm.cli.launch.disk;

import org.jspecify.annotations.NullMarked;
