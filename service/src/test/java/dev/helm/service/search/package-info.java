@NullMarked
package dev.helm.service.search;

import org.jspecify.annotations.NullMarked;
