@NullMarked
package dev.helm.service.notify;

import org.jspecify.annotations.NullMarked;
