/**
 * Near misses: faults that are easily made and hardly seen, planted one at a time in the classes of
 * the project; each must make a named test fail.
 *
 * <p>In flows {@code faults.txt}, out flows {@code docs/near-misses.md}. Start reading at {@link
 * org.batchnorm4j.nearmisses.NearMissesTest}.
 */
@NullMarked
package org.batchnorm4j.nearmisses;

import org.jspecify.annotations.NullMarked;
