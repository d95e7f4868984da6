/**
 * One normalisation on the tensors of a file, and how far its results may be from others. Flows in:
 * options as text and named tensors; flows out: named tensors, and for each expected tensor how
 * much of its error bound was used. Read {@link org.batchnorm4j.cli.apply.AppliedNorm} first.
 */
@NullMarked
package org.batchnorm4j.cli.apply;

import org.jspecify.annotations.NullMarked;
