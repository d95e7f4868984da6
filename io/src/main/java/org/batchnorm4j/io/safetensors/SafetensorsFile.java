package org.batchnorm4j.io.safetensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import org.batchnorm4j.io.FormatException;
import org.batchnorm4j.io.ReadLimitException;
import org.batchnorm4j.io.ReadLimits;
import org.batchnorm4j.io.TensorHandle;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A safetensors file, open for reading: names, types, shapes and metadata at once, values when
 * asked for.
 *
 * <p>Opening reads the header alone and refuses what is not sound:
 *
 * <ul>
 *   <li>a header that is cut short, is no JSON object, or names a tensor or a field twice
 *   <li>unknown element types, negative or overflowing sizes, sizes that do not match the data
 *   <li>data outside the data section, overlapping, with holes, or bytes after the last tensor
 *   <li>metadata that is not text
 * </ul>
 *
 * <p>The file stays open until {@link #close()}, so handles keep reading the same content when
 * another file takes its name. Safe for use by several threads; interrupting one that reads closes
 * the file.
 *
 * <p>Source: the format description of huggingface/safetensors.
 */
public final class SafetensorsFile implements AutoCloseable {
  private final Path path;
  private final FileChannel channel;
  private final Map<String, String> metadata;
  private final Map<String, TensorHandle> handles;

  private SafetensorsFile(
      Path path,
      FileChannel channel,
      Map<String, String> metadata,
      Map<String, TensorHandle> handles) {
    this.path = path;
    this.channel = channel;
    this.metadata = metadata;
    this.handles = handles;
  }

  /** Opens a file with the default {@link ReadLimits}. */
  public static SafetensorsFile open(Path path) throws IOException {
    return open(path, ReadLimits.defaults());
  }

  /**
   * Opens a file and checks its header.
   *
   * @throws FormatException if the header or the extent of the data is not sound
   * @throws ReadLimitException if the header is longer than {@code limits} allow, or a tensor has
   *     more axes or elements
   */
  public static SafetensorsFile open(Path path, ReadLimits limits) throws IOException {
    FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
    try {
      return open(path, channel, limits);
    } catch (IOException | RuntimeException | Error failure) {
      channel.close();
      throw failure;
    }
  }

  private static SafetensorsFile open(Path path, FileChannel channel, ReadLimits limits)
      throws IOException {
    long fileBytes = channel.size();
    ByteBuffer length = ByteBuffer.allocate(Header.START).order(ByteOrder.LITTLE_ENDIAN);
    if (fileBytes < Header.START) {
      throw new FormatException(
          path, "the file ends at byte " + fileBytes + " inside the header's length at byte 0");
    }
    readFully(path, channel, length, 0);
    long headerBytes = length.getLong(0);
    if (headerBytes < 0 || headerBytes > fileBytes - Header.START) {
      throw new FormatException(
          path,
          "the header's length "
              + Long.toUnsignedString(headerBytes)
              + " at byte 0 exceeds the "
              + (fileBytes - Header.START)
              + " bytes that follow");
    }
    if (headerBytes > Math.min(limits.headerBytes(), Integer.MAX_VALUE - 8)) {
      throw new ReadLimitException(
          path,
          "the header's length "
              + headerBytes
              + " at byte 0 exceeds the read limit headerBytes = "
              + limits.headerBytes());
    }
    byte[] json = new byte[(int) headerBytes];
    readFully(path, channel, ByteBuffer.wrap(json), Header.START);
    long dataStart = Header.START + headerBytes;
    Header header = HeaderReader.read(path, json, fileBytes - dataStart, limits);
    Map<String, TensorHandle> handles = new LinkedHashMap<>();
    for (Entry entry : header.entries()) {
      handles.put(entry.name(), new StoredTensor(path, channel, dataStart, entry, limits));
    }
    return new SafetensorsFile(
        path, channel, header.metadata(), Collections.unmodifiableMap(handles));
  }

  static void readFully(Path path, FileChannel channel, ByteBuffer target, long at)
      throws IOException {
    long position = at;
    while (target.hasRemaining()) {
      int count = channel.read(target, position);
      if (count < 0) {
        throw new FormatException(path, "the file has become shorter: it ends at byte " + position);
      }
      position += count;
    }
  }

  /** Returns the path as it was given. */
  public Path path() {
    return path;
  }

  /**
   * Returns the texts under {@code __metadata__} in the order of the file; empty if there are none.
   */
  public Map<String, String> metadata() {
    return metadata;
  }

  /** Returns the names of all tensors in the order of their data. */
  public Set<String> names() {
    return handles.keySet();
  }

  /** Returns handles on all tensors in the order of their data. */
  public Collection<TensorHandle> tensors() {
    return handles.values();
  }

  /**
   * Returns the handle on one tensor.
   *
   * @throws NoSuchElementException if the file has none of that name
   */
  public TensorHandle tensor(String name) {
    @Nullable TensorHandle handle = handles.get(name);
    if (handle == null) {
      throw new NoSuchElementException(
          path + ": there is no tensor " + FormatException.quote(name));
    }
    return handle;
  }

  /** Reads all tensors, in the order of their data. */
  public Map<String, Tensor> readAll() throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (TensorHandle handle : handles.values()) {
      tensors.put(handle.name(), handle.read());
    }
    return tensors;
  }

  /** Closes the file; handles can no longer read. */
  @Override
  public void close() throws IOException {
    channel.close();
  }
}
