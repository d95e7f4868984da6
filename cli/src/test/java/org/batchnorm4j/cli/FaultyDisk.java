package org.batchnorm4j.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.batchnorm4j.io.Disk;

/**
 * The real disk, which says each step on a line of its own when it is done, and at one step of the
 * checkpoint does not do it: the JVM halts, as at a power cut, or stands still.
 */
final class FaultyDisk implements Disk {
  static final int HALTED = 99;

  private static final String CHECKPOINT = "checkpoint.safetensors";

  private final PrintStream log;
  private final String faultyStep;
  private final int faultyCheckpoint;
  private final boolean stands;
  private String file = "";
  private int checkpoints;

  /**
   * A disk that fails.
   *
   * @param log where steps are said
   * @param fault {@code none}, or such as {@code halt:write:3} for the write of the third
   *     checkpoint
   */
  FaultyDisk(PrintStream log, String fault) {
    this.log = log;
    String[] parts = fault.split(":", -1);
    stands = parts[0].equals("stand");
    faultyStep = parts.length == 3 ? parts[1] : "";
    faultyCheckpoint = parts.length == 3 ? Integer.parseInt(parts[2]) : 0;
  }

  private boolean isFaulty(String step) {
    return file.equals(CHECKPOINT) && step.equals(faultyStep) && checkpoints == faultyCheckpoint;
  }

  private void fail(String step) {
    log.println("@fault " + step + " " + file);
    if (!stands) {
      Runtime.getRuntime().halt(HALTED);
    }
    while (true) {
      try {
        Thread.sleep(1000);
      } catch (InterruptedException goOn) {
        // it stands still whatever happens
      }
    }
  }

  private void say(String step) {
    log.println("@" + step + " " + file);
  }

  @Override
  public FileChannel create(Path target) throws IOException {
    file = target.getFileName().toString().replaceAll("^\\.|\\.tmp-.*$", "");
    if (file.equals(CHECKPOINT)) {
      checkpoints++;
    }
    FileChannel channel = Disk.system().create(target);
    say("create");
    return channel;
  }

  @Override
  public void write(FileChannel channel, ByteBuffer bytes) throws IOException {
    if (isFaulty("write")) {
      int half = bytes.remaining() / 2;
      Disk.system().write(channel, bytes.slice(bytes.position(), half));
      fail("write");
    }
    Disk.system().write(channel, bytes);
    say("write");
  }

  @Override
  public void force(FileChannel channel) throws IOException {
    if (isFaulty("force")) {
      fail("force");
    }
    Disk.system().force(channel);
    say("force");
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    if (isFaulty("rename")) {
      fail("rename");
    }
    Disk.system().rename(from, to);
    say("rename");
  }

  @Override
  public void forceDirectory(Path directory) throws IOException {
    Disk.system().forceDirectory(directory);
    say("forceDirectory");
  }

  @Override
  public void delete(Path target) throws IOException {
    Disk.system().delete(target);
  }
}
