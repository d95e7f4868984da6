package org.batchnorm4j.training;

/**
 * What one epoch brought. Immutable and safe for use by several threads.
 *
 * <p>Accuracies are shares from 0 to 1. {@code trainLoss} and {@code trainAccuracy} are means over
 * the epoch's own batches while the weights moved, with batch statistics; {@code testLoss} and
 * {@code testAccuracy} come from the weights at its end, with running statistics.
 *
 * @param epoch from 1
 * @param trainLoss mean cross-entropy of the training pictures
 * @param trainAccuracy share of training pictures read rightly
 * @param testLoss mean cross-entropy of the test pictures
 * @param testAccuracy share of test pictures read rightly
 * @param learningRate rate of the epoch's last step
 * @param imagesPerSecond training pictures per second, NaN if not known
 * @param seconds time of training and test, NaN if not known; of the part behind the last resume
 *     only
 */
public record EpochMetrics(
    int epoch,
    double trainLoss,
    double trainAccuracy,
    double testLoss,
    double testAccuracy,
    double learningRate,
    double imagesPerSecond,
    double seconds) {

  /** Returns the same numbers with other times. */
  EpochMetrics withTimes(double newImagesPerSecond, double newSeconds) {
    return new EpochMetrics(
        epoch,
        trainLoss,
        trainAccuracy,
        testLoss,
        testAccuracy,
        learningRate,
        newImagesPerSecond,
        newSeconds);
  }
}
