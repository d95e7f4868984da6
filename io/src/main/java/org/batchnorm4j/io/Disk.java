package org.batchnorm4j.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * The steps by which {@link DurableFile} changes the disk, one method each, so that a test can
 * record their order, let one fail, or die in the middle of one.
 *
 * <p>{@link #system()} is the real disk. Implementations are safe for use by several threads on
 * different files.
 */
public interface Disk {

  /** Returns the disk of this machine. */
  static Disk system() {
    return SystemDisk.INSTANCE;
  }

  /**
   * Creates a file and opens it for writing.
   *
   * @throws java.nio.file.FileAlreadyExistsException if it exists already
   */
  FileChannel create(Path file) throws IOException;

  /** Writes all remaining bytes. */
  void write(FileChannel channel, ByteBuffer bytes) throws IOException;

  /** Returns when content and length of the file have reached the device. */
  void force(FileChannel channel) throws IOException;

  /** Gives a file another name in one step; a file of that name is replaced. */
  void rename(Path from, Path to) throws IOException;

  /**
   * Returns when the names in a directory have reached the device. Windows and some network file
   * systems offer no such step; there it is left out.
   */
  void forceDirectory(Path directory) throws IOException;

  /** Removes a file if it exists. */
  void delete(Path file) throws IOException;
}
