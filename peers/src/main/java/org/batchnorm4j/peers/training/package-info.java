/**
 * Whole training steps beside libtorch: the same layers, weights and pictures, steps taken in turn.
 * Start with {@code TrainingCommand}.
 */
@NullMarked
package org.batchnorm4j.peers.training;

import org.jspecify.annotations.NullMarked;
