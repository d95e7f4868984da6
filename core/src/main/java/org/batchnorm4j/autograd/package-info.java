/**
 * Reverse-mode differentiation over an explicit context. A {@link org.batchnorm4j.autograd.Pass}
 * goes through the computation; operations called on it are recorded on its tape, each with its own
 * backward beside its forward, and {@link org.batchnorm4j.autograd.Pass#backward} turns the tape
 * into {@link org.batchnorm4j.autograd.Gradients}.
 *
 * <p>Read {@code Pass} first, then {@code Arithmetic} for what an operation looks like.
 */
@NullMarked
package org.batchnorm4j.autograd;

import org.jspecify.annotations.NullMarked;
