package org.batchnorm4j.nn;

import java.util.Arrays;
import java.util.OptionalInt;
import java.util.concurrent.ThreadLocalRandom;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.autograd.Rows;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;

/**
 * A vector for each number: whole numbers (...) to (..., dim), as rows of a table. State: {@code
 * weight} (count, dim). First values standard normal, as PyTorch's; the row of the padding number
 * is 0 at first and gets no gradient.
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class Embedding implements Module {
  private static final int NONE = -1;

  private final Members members = new Members("Embedding");
  private final int numEmbeddings;
  private final int embeddingDim;
  private final int paddingIdx;
  private final Parameter weight;

  /** A float32 table without a padding number, with first values that differ from run to run. */
  public Embedding(int numEmbeddings, int embeddingDim) {
    this(
        numEmbeddings,
        embeddingDim,
        OptionalInt.empty(),
        DType.FLOAT32,
        RandomStream.of(ThreadLocalRandom.current().nextLong()));
  }

  /**
   * A table with repeatable first values.
   *
   * @param numEmbeddings how many numbers there are
   * @param embeddingDim length of each vector
   * @param paddingIdx the number that fills up short sequences, if there is one; negative ones
   *     count from the end
   * @param dtype type of the vectors, float32 or float64
   * @param random where first values come from
   * @throws IllegalArgumentException if a size is not positive, the padding number is no row, or
   *     the type cannot be trained
   */
  public Embedding(
      int numEmbeddings,
      int embeddingDim,
      OptionalInt paddingIdx,
      DType dtype,
      RandomStream random) {
    if (numEmbeddings < 1 || embeddingDim < 1) {
      throw new IllegalArgumentException(
          "Embedding needs at least 1 row of at least 1 value, got "
              + numEmbeddings
              + " of "
              + embeddingDim);
    }
    int padding = paddingIdx.orElse(0);
    if (padding < -numEmbeddings || padding >= numEmbeddings) {
      throw new IllegalArgumentException(
          "Embedding: padding_idx must be within num_embeddings "
              + numEmbeddings
              + ", got "
              + padding);
    }
    Members.checkParameterType("Embedding", dtype);
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    this.paddingIdx = paddingIdx.isEmpty() ? NONE : padding < 0 ? padding + numEmbeddings : padding;
    weight = members.parameter("weight", Tensor.randn(dtype, random, numEmbeddings, embeddingDim));
    if (this.paddingIdx != NONE) {
      weight.value().range(this.paddingIdx, this.paddingIdx + 1).fill(0);
    }
  }

  /**
   * {@inheritDoc}
   *
   * @param input numbers 0 to count - 1 of any shape: int64, int32 or uint8
   * @return (..., dim)
   * @throws IllegalArgumentException if the input holds no whole numbers
   * @throws IndexOutOfBoundsException if a number has no row
   */
  @Override
  public Tensor forward(Tensor input, Pass pass) {
    DType dtype = input.dtype();
    if (dtype != DType.INT64 && dtype != DType.INT32 && dtype != DType.UINT8) {
      throw new IllegalArgumentException(
          members
              + " takes whole numbers of int64, int32 or uint8, but the input of shape "
              + input.shape()
              + " is "
              + dtype
              + "; convert it with to(DType.INT64)");
    }
    int[] rows = rows(input);
    int[] trained = rows.clone();
    for (int i = 0; i < trained.length; i++) {
      trained[i] = trained[i] == paddingIdx ? NONE : trained[i];
    }
    Tensor found = Rows.gather(weight.in(pass), rows, trained, pass);
    long[] shape = Arrays.copyOf(input.shape().toArray(), input.rank() + 1);
    shape[input.rank()] = embeddingDim;
    return pass.reshape(found, shape);
  }

  private int[] rows(Tensor input) {
    long[] numbers = input.toLongs();
    int[] rows = new int[numbers.length];
    for (int i = 0; i < rows.length; i++) {
      if (numbers[i] < 0 || numbers[i] >= numEmbeddings) {
        throw new IndexOutOfBoundsException(
            members
                + " has rows 0 to "
                + (numEmbeddings - 1)
                + ", but value "
                + i
                + " of the input of shape "
                + input.shape()
                + " is "
                + numbers[i]);
      }
      rows[i] = (int) numbers[i];
    }
    return rows;
  }

  /** As PyTorch prints it. */
  @Override
  public String toString() {
    return members.describe(
        numEmbeddings
            + ", "
            + embeddingDim
            + (paddingIdx == NONE ? "" : ", padding_idx=" + paddingIdx));
  }

  @Override
  public Members members() {
    return members;
  }

  /** The table (count, dim). */
  public Parameter weight() {
    return weight;
  }
}
