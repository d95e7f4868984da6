package org.batchnorm4j.data;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where pictures come from, as a user says it: {@code digits}, {@code mnist:DIR}, {@code
 * fashion-mnist:DIR} or {@code cifar10:DIR}.
 *
 * <ul>
 *   <li>{@code digits}: the embedded {@link DigitImages#standard()}
 *   <li>{@code mnist:DIR}, {@code fashion-mnist:DIR}: the four IDX files under their usual names,
 *       plain or with {@code .gz}; if only the two {@code t10k} files are there, a holdout says how
 *       many of their last pictures are kept for testing
 *   <li>{@code cifar10:DIR}: {@code data_batch_1.bin} to {@code data_batch_5.bin} and {@code
 *       test_batch.bin}, in the directory or in {@code cifar-10-batches-bin} below it
 * </ul>
 *
 * <p>Immutable and safe for use by several threads.
 */
public final class DataSource {
  private enum Kind {
    DIGITS("digits", "the embedded digits"),
    MNIST("mnist", "MNIST"),
    FASHION_MNIST("fashion-mnist", "Fashion-MNIST"),
    CIFAR10("cifar10", "CIFAR-10");

    private final String word;
    private final String title;

    Kind(String word, String title) {
      this.word = word;
      this.title = title;
    }
  }

  private static final String FORMS =
      "expected digits, mnist:DIR, fashion-mnist:DIR or cifar10:DIR";

  private final Kind kind;
  private final @Nullable Path directory;
  private final String text;

  private DataSource(Kind kind, @Nullable Path directory, String text) {
    this.kind = kind;
    this.directory = directory;
    this.text = text;
  }

  /** Returns the embedded digits. */
  public static DataSource digits() {
    return new DataSource(Kind.DIGITS, null, Kind.DIGITS.word);
  }

  /**
   * Reads one of the forms above; nothing is looked up on disk yet.
   *
   * @throws IllegalArgumentException if {@code text} is none of them
   */
  public static DataSource parse(String text) {
    int colon = text.indexOf(':');
    String word = colon < 0 ? text : text.substring(0, colon);
    for (Kind kind : Kind.values()) {
      if (kind.word.equals(word)) {
        return of(kind, colon < 0 ? "" : text.substring(colon + 1), text);
      }
    }
    throw new IllegalArgumentException("unknown data \"" + text + "\"; " + FORMS);
  }

  private static DataSource of(Kind kind, String directory, String text) {
    if ((kind == Kind.DIGITS) != directory.isEmpty() || text.endsWith(":")) {
      String problem = kind == Kind.DIGITS ? "takes no directory" : "lacks its directory";
      throw new IllegalArgumentException("data \"" + text + "\" " + problem + "; " + FORMS);
    }
    try {
      return new DataSource(kind, directory.isEmpty() ? null : Path.of(directory), text);
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException(
          "data \"" + text + "\" names no possible directory: " + e.getReason(), e);
    }
  }

  /**
   * Loads what to train on and what to test with.
   *
   * @param holdout how many of the last pictures to keep for testing where only the {@code t10k}
   *     files of MNIST or Fashion-MNIST are there; 0 if none
   * @throws IOException if a file is missing or cannot be read; the message names it, what was
   *     found instead, and what helps
   * @throws org.batchnorm4j.io.FormatException if a file is not what its name says
   * @throws IllegalArgumentException if {@code holdout} is negative, leaves nothing to train on, or
   *     is given where the source has a test set of its own
   */
  public DataSplit load(int holdout) throws IOException {
    requireHoldoutHasAUse(holdout);
    return switch (kind) {
      case DIGITS -> DigitImages.standard();
      case MNIST, FASHION_MNIST -> idx().load(holdout);
      case CIFAR10 -> cifar().load();
    };
  }

  /**
   * Loads only what to test with; training files may be missing.
   *
   * @param holdout as for {@link #load}; with 0, all pictures of the {@code t10k} files
   * @throws IOException as for {@link #load}
   * @throws IllegalArgumentException as for {@link #load}
   */
  public Dataset loadTest(int holdout) throws IOException {
    requireHoldoutHasAUse(holdout);
    return switch (kind) {
      case DIGITS -> DigitImages.standardTest();
      case MNIST, FASHION_MNIST -> idx().loadTest(holdout);
      case CIFAR10 -> cifar().loadTest();
    };
  }

  private void requireHoldoutHasAUse(int holdout) {
    if (holdout < 0) {
      throw new IllegalArgumentException("holdout " + holdout + " is negative");
    }
    if (holdout > 0 && (kind == Kind.DIGITS || kind == Kind.CIFAR10)) {
      throw new IllegalArgumentException(
          "holdout " + holdout + " has no use: " + text + " has a test set of its own");
    }
  }

  private IdxDirectory idx() {
    Normalisation constants =
        kind == Kind.MNIST ? Normalisation.MNIST : Normalisation.FASHION_MNIST;
    return new IdxDirectory(new DataDirectory(text, kind.title, directory()), constants);
  }

  private CifarDirectory cifar() {
    return new CifarDirectory(new DataDirectory(text, kind.title, directory()));
  }

  private Path directory() {
    if (directory == null) {
      throw new IllegalStateException(text + " has no directory");
    }
    return directory;
  }

  /** Returns the text that was parsed. */
  @Override
  public String toString() {
    return text;
  }
}
