package org.batchnorm4j.fuzzing;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.batchnorm4j.io.Disk;

/** The real disk without the waiting: these files need not outlive the machine. */
record HastyDisk(Disk real) implements Disk {
  static final Disk INSTANCE = new HastyDisk(Disk.system());

  @Override
  public FileChannel create(Path file) throws IOException {
    return real.create(file);
  }

  @Override
  public void write(FileChannel channel, ByteBuffer bytes) throws IOException {
    real.write(channel, bytes);
  }

  @Override
  public void force(FileChannel channel) {}

  @Override
  public void rename(Path from, Path to) throws IOException {
    real.rename(from, to);
  }

  @Override
  public void forceDirectory(Path directory) {}

  @Override
  public void delete(Path file) throws IOException {
    real.delete(file);
  }
}
