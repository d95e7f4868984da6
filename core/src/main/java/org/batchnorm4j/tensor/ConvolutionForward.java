package org.batchnorm4j.tensor;

import org.jspecify.annotations.Nullable;

/**
 * The output of a convolution: weight matrix times patch matrix, plus bias.
 *
 * @param <A> the array type
 * @param shop what it works with
 * @param geometry the shapes
 * @param x the input
 * @param w the weight
 * @param bias one value per output channel, or null
 * @param y the output
 */
record ConvolutionForward<A>(
    ConvolutionWorkshop<A> shop,
    ConvolutionGeometry geometry,
    TensorRange<A> x,
    TensorRange<A> w,
    @Nullable TensorRange<A> bias,
    TensorRange<A> y) {
  private static final int FEW_POSITIONS = 512;
  private static final int MANY_WEIGHTS = 1 << 18;
  private static final int UNFOLDING_TASKS = 8;
  private static final int CHANNELS_TOGETHER = 128;

  void run() {
    int all = geometry.batch() * geometry.outPositions();
    if (all > 0 && all <= FEW_POSITIONS && geometry.weightSize() >= MANY_WEIGHTS) {
      for (int group = 0; group < geometry.groups(); group++) {
        wholeBatch(group, all);
      }
      return;
    }
    ConvolutionTiling tiling = ConvolutionTiling.ofPositions(geometry);
    int tiles = tiling.count();
    shop.workers()
        .run(
            tiles * geometry.groups(),
            task -> tile(tiling.block(task % tiles, task / tiles), task / tiles));
  }

  /**
   * Few positions and many weights: the tasks are parts of the output channels, so that none reads
   * all weights.
   */
  private void wholeBatch(int group, int columns) {
    int patchSize = geometry.patchSize();
    int channels = geometry.groupOutChannels();
    int inChannels = geometry.groupInChannels();
    PatchBlock batch =
        new PatchBlock(
            0, geometry.batch(), 0, geometry.outHeight(), group * inChannels, inChannels);
    A patches = shop.scratch().borrow(batch.size(geometry));
    A products = shop.scratch().borrow(channels * columns);
    Parts inputs = Parts.of(inChannels, UNFOLDING_TASKS);
    shop.workers()
        .run(
            inputs.count(),
            part -> {
              PatchBlock block =
                  batch.withChannels(batch.channel() + inputs.from(part), inputs.size(part));
              int to = inputs.from(part) * geometry.kernelPositions() * columns;
              shop.arrays().unfold(geometry, block, x.array(), x.from(), patches, to);
            });
    Parts outputs = Parts.of(channels, Math.ceilDiv(channels, CHANNELS_TOGETHER));
    shop.workers()
        .run(
            outputs.count(),
            part ->
                shop.product(
                    false,
                    false,
                    outputs.size(part),
                    columns,
                    patchSize,
                    w.matrix((group * channels + outputs.from(part)) * patchSize, patchSize),
                    new MatrixRange<>(patches, 0, columns),
                    false,
                    new MatrixRange<>(products, outputs.from(part) * columns, columns)));
    scatter(products, group, batch);
    addBias(group, batch);
    shop.scratch().giveBack(channels * columns, products);
    shop.scratch().giveBack(batch.size(geometry), patches);
  }

  private void tile(PatchBlock block, int group) {
    int columns = block.columns(geometry);
    int channels = geometry.groupOutChannels();
    try (ConvolutionWorkshop<A>.Borrowed patches = shop.patches(geometry, block, x)) {
      if (block.images() == 1) {
        int at = index(group * channels, block.image(), block);
        product(group, columns, patches.matrix, y.matrix(at, geometry.outPositions()));
      } else {
        A products = shop.scratch().borrow(channels * columns);
        product(group, columns, patches.matrix, new MatrixRange<>(products, 0, columns));
        scatter(products, group, block);
        shop.scratch().giveBack(channels * columns, products);
      }
    }
    addBias(group, block);
  }

  private void product(int group, int columns, MatrixRange<A> patches, MatrixRange<A> to) {
    int channels = geometry.groupOutChannels();
    int patchSize = geometry.patchSize();
    MatrixRange<A> weights = w.matrix(group * channels * patchSize, patchSize);
    shop.product(false, false, channels, columns, patchSize, weights, patches, false, to);
  }

  /** Copies rows of (image, position) to where each image keeps its channels. */
  private void scatter(A products, int group, PatchBlock block) {
    int positions = geometry.outPositions();
    int at = 0;
    for (int channel = 0; channel < geometry.groupOutChannels(); channel++) {
      for (int i = 0; i < block.images(); i++) {
        int to = index(group * geometry.groupOutChannels() + channel, block.image() + i, block);
        System.arraycopy(products, at, y.array(), y.from() + to, positions);
        at += positions;
      }
    }
  }

  private void addBias(int group, PatchBlock block) {
    if (bias == null) {
      return;
    }
    int length = block.rows() * geometry.outWidth();
    for (int i = 0; i < block.images(); i++) {
      for (int c = 0; c < geometry.groupOutChannels(); c++) {
        int channel = group * geometry.groupOutChannels() + c;
        int to = y.from() + index(channel, block.image() + i, block);
        shop.arrays().addConstant(bias.array(), bias.from() + channel, y.array(), to, length);
      }
    }
  }

  private int index(int channel, int image, PatchBlock block) {
    return (image * geometry.outChannels() + channel) * geometry.outPositions()
        + block.row() * geometry.outWidth();
  }
}
