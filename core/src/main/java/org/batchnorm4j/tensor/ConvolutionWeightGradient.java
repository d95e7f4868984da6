package org.batchnorm4j.tensor;

/**
 * The gradient of a convolution's weight: output gradient times transposed patch matrix, summed
 * over the batch.
 *
 * @param <A> the array type
 * @param shop what it works with
 * @param geometry the shapes; the batch is not empty
 * @param x the input
 * @param g the gradient of the output
 * @param dw the gradient of the weight
 */
record ConvolutionWeightGradient<A>(
    ConvolutionWorkshop<A> shop,
    ConvolutionGeometry geometry,
    TensorRange<A> x,
    TensorRange<A> g,
    TensorRange<A> dw) {
  private static final int MANY_WEIGHTS = 1 << 18;
  private static final int PARTIAL_SUMS = 8;
  private static final int CHANNEL_PARTS = 4;
  private static final int MERGE_RUN = 1 << 14;

  void run() {
    if (geometry.weightSize() < MANY_WEIGHTS) {
      byPartialSums();
    } else {
      byChannels();
    }
  }

  /** Few weights: each task sums over a part of the batch, and the parts are merged in order. */
  private void byPartialSums() {
    int size = geometry.weightSize();
    ConvolutionTiling tiling = ConvolutionTiling.ofPositions(geometry);
    Parts parts = Parts.of(tiling.count(), PARTIAL_SUMS);
    A partial = shop.scratch().borrow(size * parts.count());
    shop.workers()
        .run(
            parts.count() * geometry.groups(),
            task -> {
              int part = task % parts.count();
              int group = task / parts.count();
              int at = part * size + group * geometry.groupOutChannels() * geometry.patchSize();
              MatrixRange<A> to = new MatrixRange<>(partial, at, geometry.patchSize());
              for (int tile = 0; tile < parts.size(part); tile++) {
                addTile(tiling.block(parts.from(part) + tile, group), group, tile > 0, to);
              }
            });
    shop.workers()
        .run(
            Math.ceilDiv(size, MERGE_RUN),
            run -> {
              int from = run * MERGE_RUN;
              merge(partial, parts.count(), from, Math.min(MERGE_RUN, size - from));
            });
    shop.scratch().giveBack(size * parts.count(), partial);
  }

  private void merge(A partial, int parts, int from, int length) {
    System.arraycopy(partial, from, dw.array(), dw.from() + from, length);
    for (int part = 1; part < parts; part++) {
      int at = part * geometry.weightSize() + from;
      shop.arrays().add(partial, at, dw.array(), dw.from() + from, length);
    }
  }

  /** Many weights: each task sums over the whole batch for some of the input channels. */
  private void byChannels() {
    ConvolutionTiling tiling = ConvolutionTiling.ofLongSums(geometry);
    Parts parts = Parts.of(geometry.groupInChannels(), CHANNEL_PARTS);
    shop.workers()
        .run(
            parts.count() * geometry.groups(),
            task -> {
              int part = task % parts.count();
              int group = task / parts.count();
              int at =
                  group * geometry.groupOutChannels() * geometry.patchSize()
                      + parts.from(part) * geometry.kernelPositions();
              MatrixRange<A> to = dw.matrix(at, geometry.patchSize());
              for (int tile = 0; tile < tiling.count(); tile++) {
                PatchBlock block = tiling.block(tile, group);
                int channel = block.channel() + parts.from(part);
                addTile(block.withChannels(channel, parts.size(part)), group, tile > 0, to);
              }
            });
  }

  private void addTile(PatchBlock block, int group, boolean add, MatrixRange<A> to) {
    int m = geometry.groupOutChannels();
    int n = block.channels() * geometry.kernelPositions();
    int k = block.columns(geometry);
    try (ConvolutionWorkshop<A>.Borrowed patches = shop.patches(geometry, block, x);
        ConvolutionWorkshop<A>.Borrowed gradient = shop.outputs(geometry, block, group, g)) {
      shop.product(false, true, m, n, k, gradient.matrix, patches.matrix, add, to);
    }
  }
}
