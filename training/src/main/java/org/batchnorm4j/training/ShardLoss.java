package org.batchnorm4j.training;

import org.batchnorm4j.autograd.Objectives;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.data.Batch;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.parallel.Shard;
import org.batchnorm4j.tensor.Tensor;

/**
 * What a model makes of a shard of a batch. Used by the thread of its pass.
 *
 * @param part its part of the mean loss of the batch, to be differentiated
 * @param value the same as a number, weighted in float64
 * @param correct right answers
 */
record ShardLoss(Tensor part, double value, int correct) {

  static ShardLoss of(Module model, Batch batch, Shard shard, Pass pass) {
    Tensor labels = shard.of(batch.labels());
    Tensor scores = model.forward(shard.of(batch.images()), pass);
    Tensor mean = Objectives.crossEntropy(scores, labels, pass);
    double value = shard.size() == 0 ? 0 : mean.item() * shard.weight();
    int correct = Answers.correct(pass.backend().argmax(scores), labels);
    return new ShardLoss(shard.part(mean, pass), value, correct);
  }
}
