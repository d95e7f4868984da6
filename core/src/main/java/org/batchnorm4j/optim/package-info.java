/**
 * Optimisers and learning-rate schedules. An {@link org.batchnorm4j.optim.Optimizer} takes the
 * gradients of one step and moves parameters in place; a {@link
 * org.batchnorm4j.optim.LearningRateSchedule} is a pure function of the step.
 */
@NullMarked
package org.batchnorm4j.optim;

import org.jspecify.annotations.NullMarked;
