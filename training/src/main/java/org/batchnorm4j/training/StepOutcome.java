package org.batchnorm4j.training;

import org.batchnorm4j.autograd.Gradients;

/**
 * What forward and backward of one batch give. Safe for use by several threads.
 *
 * @param gradients of the mean loss, in memory that the step gives back
 * @param loss mean loss of the batch
 * @param correct right answers
 */
record StepOutcome(Gradients gradients, double loss, int correct) {}
