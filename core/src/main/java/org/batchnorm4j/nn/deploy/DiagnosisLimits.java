package org.batchnorm4j.nn.deploy;

/**
 * From where on {@link Diagnosis} speaks up. Immutable and safe for use by many threads; each
 * {@code with...} gives a changed copy.
 *
 * <p>The ready-made networks, trained on digits, had at most 0.8 % of a layer's channels far and
 * 3.9 % silent in any of 228 batches of 8 to 250 pictures, and none of either from 64 on. The
 * defaults lie above that.
 */
public final class DiagnosisLimits {
  private static final DiagnosisLimits DEFAULTS = new DiagnosisLimits(0.1, 0.05, 8, 0.5);

  private final double farShare;
  private final double deadShare;
  private final int leastSamples;
  private final double mostMomentum;

  private DiagnosisLimits(
      double farShare, double deadShare, int leastSamples, double mostMomentum) {
    this.farShare = farShare;
    this.deadShare = deadShare;
    this.leastSamples = leastSamples;
    this.mostMomentum = mostMomentum;
  }

  /** A tenth of the channels far, a twentieth dead, 8 samples, momentum 0.5. */
  public static DiagnosisLimits defaults() {
    return DEFAULTS;
  }

  /**
   * Share of a layer's channels from which on it is far. A channel of a batch of N samples is far
   * if its mean is more than {@code 0.5 + 4 / sqrt(N)} running deviations from the running mean, or
   * its deviation more than {@code 2 e^(2 / sqrt(N))} times the running one or less than that part
   * of it. The terms with N leave room for chance: the mean of N samples of deviation s has itself
   * a deviation of {@code s / sqrt(N)}, and positions in a picture count as one sample, since they
   * resemble each other. eps is added to both variances.
   */
  public DiagnosisLimits withFarShare(double value) {
    return new DiagnosisLimits(value, deadShare, leastSamples, mostMomentum);
  }

  /** Share of a layer's channels from which on silence in one batch is a finding. */
  public DiagnosisLimits withDeadShare(double value) {
    return new DiagnosisLimits(farShare, value, leastSamples, mostMomentum);
  }

  /** Samples below which a batch is small. */
  public DiagnosisLimits withLeastSamples(int value) {
    return new DiagnosisLimits(farShare, deadShare, value, mostMomentum);
  }

  /** Weight of the new batch in the long run from which it looks like that of the old value. */
  public DiagnosisLimits withMostMomentum(double value) {
    return new DiagnosisLimits(farShare, deadShare, leastSamples, value);
  }

  /** See {@link #withFarShare}. */
  public double farShare() {
    return farShare;
  }

  /** See {@link #withDeadShare}. */
  public double deadShare() {
    return deadShare;
  }

  /** See {@link #withLeastSamples}. */
  public int leastSamples() {
    return leastSamples;
  }

  /** See {@link #withMostMomentum}. */
  public double mostMomentum() {
    return mostMomentum;
  }
}
