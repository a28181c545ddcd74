/** The one way from a container to the outside: allowed hosts, while a granted call runs. */
@NullMarked
package dev.helm.activities.egress;

import org.jspecify.annotations.NullMarked;
