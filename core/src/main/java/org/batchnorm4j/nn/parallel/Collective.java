package org.batchnorm4j.nn.parallel;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.GradientSums;
import org.batchnorm4j.tensor.Tensor;

/**
 * One rank's connection to all ranks that share a piece of work. Everything is built on {@link
 * #gather}, so that another transport has one method to write: threads of one JVM here ({@link
 * Replicas}), machines elsewhere.
 *
 * <p>All ranks call the same operations in the same order, a rank without samples too. Results are
 * the same bits on every rank and do not depend on who comes first: what is gathered is merged in
 * the order of ranks.
 *
 * <p>A rank that is late, missing or elsewhere ends in a {@link CollectiveException} on every rank
 * that takes part, within the deadline of the implementation; nobody waits for ever. One rank's
 * collective is used by the thread of that rank alone.
 */
public interface Collective {

  /** The number of this rank, from 0. */
  int rank();

  /** The number of ranks. */
  int size();

  /**
   * Waits for the values of all ranks.
   *
   * @param operation what is being done, the same on all ranks; errors name it
   * @param values this rank's; not written to afterwards
   * @return everyone's, in the order of ranks; not to be written to
   * @throws CollectiveException if a rank does not come in time, has failed or finished, or is at
   *     another operation; the message names it
   */
  List<double[]> gather(String operation, double[] values);

  /**
   * Whether this rank is the one to change something that several ranks may hold in common, such as
   * the running statistics of a model that threads share. True on exactly one of the ranks that
   * hold the same object; ranks that share no memory hold nothing in common.
   *
   * @param shared told from others by identity
   */
  default boolean claim(Object shared) {
    return true;
  }

  /**
   * Moments of the values of all ranks, merged in the order of ranks by Chan's formula. A rank
   * without values has a count of 0.
   */
  default BatchMoments moments(String operation, BatchMoments local) {
    int channels = local.channels();
    double[] sent = new double[1 + 2 * channels];
    sent[0] = local.count(); // exact up to 2^53
    for (int c = 0; c < channels; c++) {
      sent[1 + c] = local.mean(c);
      sent[1 + channels + c] = local.m2(c);
    }
    BatchMoments merged = null;
    for (double[] values : gather(operation + " of " + channels + " channels", sent)) {
      double[] mean = new double[channels];
      double[] m2 = new double[channels];
      System.arraycopy(values, 1, mean, 0, channels);
      System.arraycopy(values, 1 + channels, m2, 0, channels);
      BatchMoments one = new BatchMoments((long) values[0], mean, m2);
      merged = merged == null ? one : merged.merge(one);
    }
    return merged == null ? local : merged;
  }

  /** Sums over the values of all ranks, added in the order of ranks. */
  default GradientSums sums(String operation, GradientSums local) {
    int channels = local.sumG().length;
    double[] sent = new double[2 * channels];
    System.arraycopy(local.sumG(), 0, sent, 0, channels);
    System.arraycopy(local.sumGx(), 0, sent, channels, channels);
    double[] total = total(operation + " of " + channels + " channels", sent);
    double[] sumG = new double[channels];
    double[] sumGx = new double[channels];
    System.arraycopy(total, 0, sumG, 0, channels);
    System.arraycopy(total, channels, sumGx, 0, channels);
    return new GradientSums(sumG, sumGx);
  }

  /**
   * Sums of tensors over all ranks, such as the gradients of parameters that each rank has for
   * itself: added in float64 in the order of ranks and rounded once.
   *
   * @param local floating-point tensors, of the same shapes in the same order on all ranks
   * @return new tensors on the heap, of the types and shapes of the local ones
   */
  default List<Tensor> sum(String operation, List<Tensor> local) {
    String shapes = local.stream().map(t -> t.shape().toString()).collect(Collectors.joining(", "));
    double[] sent = new double[local.stream().mapToInt(Tensor::size).sum()];
    int at = 0;
    for (Tensor tensor : local) {
      System.arraycopy(tensor.toDoubles(), 0, sent, at, tensor.size());
      at += tensor.size();
    }
    double[] total = total(operation + " of shapes " + shapes, sent);
    List<Tensor> sums = new ArrayList<>();
    at = 0;
    for (Tensor tensor : local) {
      double[] values = new double[tensor.size()];
      System.arraycopy(total, at, values, 0, values.length);
      at += values.length;
      sums.add(Tensor.of(values, tensor.shape().toArray()).to(tensor.dtype()));
    }
    return sums;
  }

  /**
   * Sums of as many numbers over all ranks, added in the order of ranks.
   *
   * @param operation what is being done, the same on all ranks where there are as many numbers
   * @param local not written to afterwards
   */
  default double[] total(String operation, double[] local) {
    List<double[]> everyone = gather(operation, local);
    double[] total = everyone.getFirst().clone();
    for (double[] values : everyone.subList(1, everyone.size())) {
      for (int i = 0; i < total.length; i++) {
        total[i] += values[i];
      }
    }
    return total;
  }
}
