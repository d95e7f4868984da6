/**
 * The command line as text. Flows in: which options and parameters a command has, and the words
 * behind it; flows out: what was given, the help page, and what is wrong in one line. Read {@link
 * org.batchnorm4j.cli.line.Syntax} first. It uses no reflection, which every start would pay for.
 */
@NullMarked
package org.batchnorm4j.cli.line;

import org.jspecify.annotations.NullMarked;
