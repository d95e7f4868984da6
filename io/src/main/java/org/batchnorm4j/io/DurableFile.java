package org.batchnorm4j.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;

/**
 * Writes a file so that at any moment, even after a power cut, its name holds either the old
 * content or the new, whole.
 *
 * <p>The content goes to a new file beside the target ({@code .name.tmp-pid-number}), is forced to
 * the device, renamed to the target in one step, and the directory is forced where the platform
 * allows. If a step fails, the new file is removed and the target stays as it was. What killed runs
 * have left behind is removed by the next write to the same target. A target that is a symbolic
 * link stays one; the file it points to is replaced.
 *
 * <p>Safe for use by several threads, even on the same target: the last rename wins.
 */
public final class DurableFile {

  /** Content to be written. */
  @FunctionalInterface
  public interface Content {
    /**
     * Writes everything to {@code out}, which takes all bytes of each buffer, and does not close
     * it.
     */
    void writeTo(WritableByteChannel out) throws IOException;
  }

  private final Path target;
  private final Disk disk;

  private DurableFile(Path target, Disk disk) {
    this.target = target;
    this.disk = disk;
  }

  /** Writes {@code content} to {@code target} on the system's disk. */
  public static void write(Path target, Content content) throws IOException {
    write(target, Disk.system(), content);
  }

  /** Writes {@code text} in UTF-8 to {@code target} on the system's disk. */
  public static void write(Path target, String text) throws IOException {
    write(target, Disk.system(), text);
  }

  /** Writes {@code text} in UTF-8 to {@code target}. */
  public static void write(Path target, Disk disk, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)).asReadOnlyBuffer();
    write(target, disk, out -> out.write(bytes));
  }

  /**
   * Writes {@code content} to {@code target}.
   *
   * @throws IOException if a step fails, if {@code target} is a directory, or if its directory does
   *     not exist; what {@code content} throws is passed on. In each case the target is unchanged
   */
  public static void write(Path target, Disk disk, Content content) throws IOException {
    Path file = Files.isSymbolicLink(target) ? target.toRealPath() : target.toAbsolutePath();
    Path directory = file.getParent();
    if (directory == null || Files.isDirectory(file)) {
      throw new IOException("cannot write " + target + ": it is a directory");
    }
    if (!Files.isDirectory(directory)) {
      throw new NotDirectoryException(
          "cannot write " + target + ": " + directory + " is not an existing directory");
    }
    new DurableFile(file, disk).replace(directory, content);
  }

  private void replace(Path directory, Content content) throws IOException {
    Leftovers.removeBeside(target, disk);
    Path aside = Leftovers.newNameBeside(target);
    try {
      try (FileChannel channel = disk.create(aside)) {
        content.writeTo(new Sink(disk, channel));
        disk.force(channel);
      }
      disk.rename(aside, target);
    } catch (IOException | RuntimeException | Error failure) {
      try {
        disk.delete(aside);
      } catch (IOException another) {
        failure.addSuppressed(another);
      }
      throw failure;
    }
    disk.forceDirectory(directory);
  }

  /** Hands buffers to the disk; closing it does nothing, since the file must be forced first. */
  private record Sink(Disk disk, FileChannel channel) implements WritableByteChannel {
    @Override
    public int write(ByteBuffer bytes) throws IOException {
      int count = bytes.remaining();
      disk.write(channel, bytes);
      return count;
    }

    @Override
    public boolean isOpen() {
      return channel.isOpen();
    }

    @Override
    public void close() {}
  }
}
