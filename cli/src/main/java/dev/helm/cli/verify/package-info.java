/** Checks an export without a server; nothing in the file is believed before it is checked. */
@NullMarked
package dev.helm.cli.verify;

import org.jspecify.annotations.NullMarked;
