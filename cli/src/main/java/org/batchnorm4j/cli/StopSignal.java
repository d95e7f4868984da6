package org.batchnorm4j.cli;

/** Whether somebody asked the process to stop. Safe for use by many threads. */
interface StopSignal {

  /** True from the first Ctrl-C or polite kill on. */
  boolean requested();

  /**
   * What a process that was asked to stop exits with: 130 after Ctrl-C, 143 after a polite kill.
   */
  int exitCode();
}
