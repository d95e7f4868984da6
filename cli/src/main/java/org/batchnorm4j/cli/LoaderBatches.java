package org.batchnorm4j.cli;

import java.util.Iterator;
import java.util.NoSuchElementException;
import org.batchnorm4j.data.Batches;
import org.batchnorm4j.data.DataLoader;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The pictures of a loader, batch by batch, as often as asked for; each time the same. Close it
 * when done. Not safe for use by several threads.
 */
final class LoaderBatches implements Iterable<Tensor>, AutoCloseable {
  private final DataLoader loader;
  private final int most;
  private @Nullable Batches open;

  /**
   * Over a loader.
   *
   * @param most number of batches after which it ends
   */
  LoaderBatches(DataLoader loader, int most) {
    this.loader = loader;
    this.most = most;
  }

  @Override
  public Iterator<Tensor> iterator() {
    close();
    Batches batches = loader.epoch(0);
    open = batches;
    return new Iterator<>() {
      private int given;

      @Override
      public boolean hasNext() {
        return given < most && batches.hasNext();
      }

      @Override
      public Tensor next() {
        if (!hasNext()) {
          throw new NoSuchElementException("all " + given + " batches were given");
        }
        given++;
        return batches.next().images();
      }
    };
  }

  @Override
  public void close() {
    Batches batches = open;
    open = null;
    if (batches != null) {
      batches.close();
    }
  }
}
