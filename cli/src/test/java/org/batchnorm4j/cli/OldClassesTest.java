package org.batchnorm4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** picocli's own jar, copied. */
class OldClassesTest {
  private static final String SUFFIX = ".class";

  /** The version whose classes are verified by their maps, or else by the old way without. */
  private static final int MAPS = 50;

  /** The first version whose classes are verified by their maps alone. */
  private static final int MAPS_ALONE = 51;

  /** Where the two bytes of the version end. */
  private static final int VERSION = 7;

  @TempDir private static Path folder;
  private static Map<String, byte[]> before = Map.of();
  private static Map<String, byte[]> after = Map.of();

  @BeforeAll
  static void copies() throws Exception {
    Path jar =
        Path.of(CommandLine.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Path copy = folder.resolve("copy.jar");
    OldClasses.main(new String[] {jar.toString(), copy.toString()});
    before = contents(jar);
    after = contents(copy);
  }

  @Test
  void everyOldClassGetsMapsThatTheJvmTakes() throws Exception {
    // picocli has some 230 of them; if a release has none, all of this can go
    long old = classes().stream().filter(name -> before.get(name)[VERSION] < MAPS).count();
    assertTrue(old > 100, old + " old ones");
    Loader loader = new Loader();
    for (String name : classes()) {
      if (before.get(name)[VERSION] < MAPS) {
        assertEquals(MAPS, after.get(name)[VERSION], name);
        String type = name.substring(0, name.length() - SUFFIX.length()).replace('/', '.');
        assertEquals(loader, Class.forName(type, true, loader).getClassLoader());
      }
    }
  }

  @Test
  void codeIsTheSame() {
    int compared = 0;
    for (String name : classes()) {
      List<MethodModel> expected = model(before.get(name)).methods();
      List<MethodModel> found = model(after.get(name)).methods();
      assertEquals(expected.size(), found.size(), name);
      for (int i = 0; i < expected.size(); i++) {
        assertEquals(
            expected.get(i).methodName().stringValue(), found.get(i).methodName().stringValue());
        if (expected.get(i).code().isPresent()) {
          assertArrayEquals(code(expected.get(i)), code(found.get(i)), name + " " + i);
          compared++;
        }
      }
    }
    assertTrue(compared > 1000, compared + " methods");
  }

  @Test
  void newerClassesAreTheSameAndTheManifestSaysWhatWasChanged() {
    assertEquals(before.keySet(), after.keySet());
    String module = "META-INF/versions/9/module-info.class"; // which is newer
    assertArrayEquals(before.get(module), after.get(module));
    String manifest = new String(after.get(JarFile.MANIFEST_NAME), StandardCharsets.UTF_8);
    assertTrue(manifest.contains("Changed-By: batchnorm4j"), manifest);
  }

  /** Loads the copies with a version that leaves the JVM no other way than their maps. */
  private static final class Loader extends ClassLoader {
    Loader() {
      super(null); // other loaders find picocli itself where it is a module
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      byte[] bytes = after.get(name.replace('.', '/') + SUFFIX);
      if (bytes == null) {
        throw new ClassNotFoundException(name);
      }
      byte[] strict = bytes.clone();
      strict[VERSION] = MAPS_ALONE;
      return defineClass(name, strict, 0, strict.length);
    }
  }

  private static List<String> classes() {
    return before.keySet().stream().filter(name -> name.endsWith(SUFFIX)).sorted().toList();
  }

  private static ClassModel model(byte[] bytes) {
    return ClassFile.of().parse(bytes);
  }

  private static byte[] code(MethodModel method) {
    return method.findAttribute(Attributes.code()).orElseThrow().codeArray();
  }

  private static Map<String, byte[]> contents(Path file) throws IOException {
    Map<String, byte[]> contents = new HashMap<>();
    try (JarFile jar = new JarFile(file.toFile())) {
      for (JarEntry entry : jar.stream().toList()) {
        try (InputStream in = jar.getInputStream(entry)) {
          contents.put(entry.getName(), in.readAllBytes());
        }
      }
    }
    return contents;
  }
}
