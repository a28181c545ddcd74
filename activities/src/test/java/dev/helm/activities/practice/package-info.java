@NullMarked
package dev.helm.activities.practice;

import org.jspecify.annotations.NullMarked;
