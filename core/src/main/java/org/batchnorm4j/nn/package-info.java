/**
 * Layers and models. A {@link org.batchnorm4j.nn.Module} computes {@code forward(input, pass)}; its
 * {@link org.batchnorm4j.nn.Members} hold its parameters, buffers and parts under the names that
 * PyTorch gives them. Whether a forward trains or infers is a fact of the pass, never of a layer.
 *
 * <p>Of batch norm's wider family, {@code BatchRenorm}, {@code BatchWhitening} and the weight
 * standardised layers stand by themselves; recurrent cells take it in by an option.
 *
 * <p>Read {@code Module} and {@code Members} first, then {@code BatchNorm}.
 */
@NullMarked
package org.batchnorm4j.nn;

import org.jspecify.annotations.NullMarked;
