package dev.helm.cli.launch.doctor;

import dev.helm.cli.launch.Finding;
import java.util.List;

/** Looks at one subject and changes nothing. What it cannot see it says, as a note or a warning. */
@FunctionalInterface
interface Check {
  /** Its findings, at least one. */
  List<Finding> look();
}
