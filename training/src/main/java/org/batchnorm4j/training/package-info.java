/**
 * Training and evaluation. In flow a model, pictures with labels and {@link
 * org.batchnorm4j.training.TrainingOptions}; out flow the trained model and, in a {@link
 * org.batchnorm4j.training.RunDirectory}, a checkpoint from which training goes on to the same
 * bits, the metrics of each epoch and a summary. Read {@link org.batchnorm4j.training.Trainer}
 * first.
 */
@NullMarked
package org.batchnorm4j.training;

import org.jspecify.annotations.NullMarked;
