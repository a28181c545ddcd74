@NullMarked
package dev.helm.service.schedule;

import org.jspecify.annotations.NullMarked;
