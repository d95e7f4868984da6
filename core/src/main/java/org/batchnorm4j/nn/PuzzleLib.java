package org.batchnorm4j.nn;

import org.batchnorm4j.tensor.RandomStream;

/**
 * The batch norms of PuzzleLib under their own rules of shape: {@code BatchNorm} takes (N, C)
 * alone, {@code BatchNorm1D} (N, C, L) alone, {@code BatchNorm2D} (N, C, H, W), {@code BatchNorm3D}
 * (N, C, D, H, W). They are this library's layers with {@link BatchNormOptions#puzzleLib} or
 * options derived from it; PuzzleLib's arguments are {@link BatchNormOptions#withEps epsilon},
 * {@link BatchNormOptions#withFactors initFactor and minFactor}, {@link BatchNormOptions#withSscale
 * sscale}, {@link BatchNormOptions#withAffine affine}, {@link BatchNormOptions#withName name},
 * {@link BatchNormOptions#withEmpty empty} and {@link BatchNormOptions#withInplace inplace}.
 *
 * <p>Differences that are meant: parameters and statistics have shape (C), not (1, C, 1, 1); the
 * batch counter is part of the state, so that training resumed from a file does not start with a
 * factor of 1 and wipe the loaded statistics; gradients also flow in inference; without affine
 * there is no gamma and no beta instead of constant ones. {@code accGradParams(scale, momentum)} is
 * {@code Gradients.accumulate}.
 *
 * <p>Stateless and safe for use by many threads.
 */
public final class PuzzleLib {
  private PuzzleLib() {}

  /** {@code BatchNorm(size)}: (N, C). */
  public static BatchNorm1d batchNorm(int size, BatchNormOptions options, RandomStream random) {
    return new BatchNorm1d(size, options.withRank(2), random);
  }

  /** {@code BatchNorm1D(maps)}: (N, C, L). */
  public static BatchNorm1d batchNorm1d(int maps, BatchNormOptions options, RandomStream random) {
    return new BatchNorm1d(maps, options.withRank(3), random);
  }

  /** {@code BatchNorm2D(maps)}: (N, C, H, W). */
  public static BatchNorm2d batchNorm2d(int maps, BatchNormOptions options, RandomStream random) {
    return new BatchNorm2d(maps, options, random);
  }

  /** {@code BatchNorm3D(maps)}: (N, C, D, H, W). */
  public static BatchNorm3d batchNorm3d(int maps, BatchNormOptions options, RandomStream random) {
    return new BatchNorm3d(maps, options, random);
  }
}
