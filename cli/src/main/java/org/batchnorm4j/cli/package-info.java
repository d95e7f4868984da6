/**
 * The command line. Flows in: arguments and files; flows out: exit codes, text, and the files of a
 * run. Read {@link org.batchnorm4j.cli.Main} first.
 */
@NullMarked
package org.batchnorm4j.cli;

import org.jspecify.annotations.NullMarked;
