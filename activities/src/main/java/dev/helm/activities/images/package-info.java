/** Images of sandboxes other than the default one: recipes of packages, and images by name. */
@NullMarked
package dev.helm.activities.images;

import org.jspecify.annotations.NullMarked;
