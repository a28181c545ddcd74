/** The supervisor: starts, watches and ends the processes of one Helm installation. */
@NullMarked
package dev.helm.cli.launch.doctor;

import org.jspecify.annotations.NullMarked;
