package org.batchnorm4j.cli;

import java.io.IOException;
import org.batchnorm4j.cli.line.UsageException;
import org.batchnorm4j.data.DataSource;
import org.batchnorm4j.data.Dataset;

/**
 * Which pictures a command looks at. Immutable.
 *
 * @param source where they come from
 * @param holdout how many of them are kept for testing
 */
record PictureChoice(DataSource source, int holdout) {

  /** The pictures to test with. */
  Dataset test() throws IOException {
    try {
      return source.loadTest(holdout);
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
  }

  /** The pictures to train on. */
  Dataset training() throws IOException {
    try {
      return source.load(holdout).training();
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
  }
}
