/**
 * The command line as text, read by picocli. Flows in: options and parameters of commands, and what
 * picocli found behind them; flows out: what was given, and what is wrong in one line. Read {@link
 * org.batchnorm4j.cli.line.Definition} first.
 */
@NullMarked
package org.batchnorm4j.cli.line;

import org.jspecify.annotations.NullMarked;
