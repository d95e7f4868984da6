package org.batchnorm4j.tensor;

/**
 * What a convolution does with arrays of one element type. Implementations are stateless and safe
 * for use by many threads on disjoint outputs.
 *
 * @param <A> the array type, {@code float[]} or {@code double[]}
 */
interface ConvolutionArrays<A> {

  A allocate(int length);

  int length(A array);

  /** {@code C = op(A) * op(B)}, or {@code C += op(A) * op(B)} if {@code add}. */
  void multiply(
      MatrixMultiply by,
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      MatrixRange<A> a,
      MatrixRange<A> b,
      boolean add,
      MatrixRange<A> c);

  /** Writes a block of the patch matrix (im2col); positions in the padding give 0. */
  void unfold(
      ConvolutionGeometry geometry, PatchBlock block, A x, int xFrom, A patches, int patchesFrom);

  /**
   * Adds a block of the patch matrix to the input positions it stands for (col2im), in the order of
   * the block's rows. The block must hold whole images; its contents are arbitrary afterwards.
   */
  void fold(ConvolutionGeometry geometry, PatchBlock block, A patches, A dx, int dxFrom);

  /**
   * Turns kernels by half a turn (reverses their elements) and swaps their channels: the kernel of
   * output channel {@code o} and input channel {@code i} is number {@code o * inChannels + i} in
   * {@code from} and {@code i * out + o} in {@code to}.
   *
   * @param inChannels input channels of the group
   * @param out output channels of the group
   * @param in number of input channels to do
   * @param size elements of a kernel
   */
  void turn(A from, int fromAt, int inChannels, A to, int toAt, int out, int in, int size);

  void clear(A array, int from, int length);

  void add(A from, int fromAt, A to, int toAt, int length);

  /** Adds {@code values[at]} to each element of a run. */
  void addConstant(A values, int at, A to, int toAt, int length);

  /** Sum of a run in float64, over four interleaved partial sums. */
  double sum(A array, int from, int length);

  /** Writes {@code value}, rounded to the element type. */
  void set(A array, int at, double value);
}
