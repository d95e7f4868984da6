package org.batchnorm4j.benchmarks.comparison;

import java.util.Optional;

/**
 * What came out of one target.
 *
 * @param row of the Markdown table of targets
 * @param missed a line on why and where it was missed; empty if it was met
 */
record Verdict(String row, Optional<String> missed) {}
