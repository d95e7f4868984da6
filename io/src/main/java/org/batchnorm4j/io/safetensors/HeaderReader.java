package org.batchnorm4j.io.safetensors;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.batchnorm4j.io.FormatException;
import org.batchnorm4j.io.ReadLimitException;
import org.batchnorm4j.io.ReadLimits;
import org.batchnorm4j.tensor.Shape;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/**
 * Turns the JSON of a header into a {@link Header}, or into an error that says where it is wrong.
 *
 * <p>Reads tokens one by one and never builds what it does not know, so neither nesting nor unknown
 * content costs memory. Used once, by one thread.
 */
final class HeaderReader {
  private static final String KNOWN_FIELDS = "dtype, shape, data_offsets";

  private final Path path;
  private final ReadLimits limits;
  private final JsonParser json;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private @Nullable Map<String, String> metadata;

  private HeaderReader(Path path, ReadLimits limits, JsonParser json) {
    this.path = path;
    this.limits = limits;
    this.json = json;
  }

  /**
   * Reads and checks a header.
   *
   * @param path what messages call the file
   * @param header the JSON, without the length before it
   * @param dataBytes length of the data section
   */
  static Header read(Path path, byte[] header, long dataBytes, ReadLimits limits)
      throws FormatException {
    if (header.length == 0 || header[0] != '{') {
      throw new FormatException(path, "the header at byte 8 does not begin with {");
    }
    for (int i = 0; i < header.length; i++) {
      if (header[i] == 0) { // the parser would take the text for UTF-16 or UTF-32
        throw new FormatException(path, "the header has a zero byte at byte " + (Header.START + i));
      }
    }
    StreamReadConstraints constraints =
        StreamReadConstraints.builder()
            .maxNameLength(Math.max(1, header.length))
            .maxStringLength(Math.max(1, header.length))
            .build();
    JsonFactory factory = JsonFactory.builder().streamReadConstraints(constraints).build();
    try (JsonParser json = factory.createParser(ObjectReadContext.empty(), header)) {
      return new HeaderReader(path, limits, json).header(dataBytes);
    } catch (JacksonException e) {
      long at = e.getLocation() == null ? -1 : e.getLocation().getByteOffset();
      throw new FormatException(
          path,
          "the header is not valid JSON"
              + (at < 0 ? "" : " at byte " + (Header.START + at))
              + ": "
              + FormatException.quote(String.valueOf(e.getOriginalMessage())),
          e);
    }
  }

  private Header header(long dataBytes) throws FormatException {
    expect(json.nextToken(), JsonToken.START_OBJECT, "the header");
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = unicode(json.currentName(), "the name");
      if (name.equals(Header.METADATA)) {
        if (metadata != null) {
          throw wrong("__metadata__ occurs twice");
        }
        metadata = metadata();
      } else {
        if (entries.size() >= limits.tensors()) {
          throw new ReadLimitException(
              path, "more tensors than the read limit tensors = " + limits.tensors());
        }
        if (entries.putIfAbsent(name, entry(name, dataBytes)) != null) {
          throw wrong("tensor " + FormatException.quote(name) + " occurs twice");
        }
      }
    }
    if (json.nextToken() != null) {
      throw wrong("something follows the header's object");
    }
    Map<String, String> texts = metadata == null ? Map.of() : metadata;
    return new Header(filling(dataBytes), Collections.unmodifiableMap(texts));
  }

  private Map<String, String> metadata() throws FormatException {
    Map<String, String> texts = new LinkedHashMap<>();
    expect(json.nextToken(), JsonToken.START_OBJECT, "__metadata__");
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = unicode(json.currentName(), "the __metadata__ name");
      String field = "__metadata__ " + FormatException.quote(name);
      expect(json.nextToken(), JsonToken.VALUE_STRING, field);
      if (texts.putIfAbsent(name, unicode(json.getString(), field)) != null) {
        throw wrong(field + " occurs twice");
      }
    }
    return texts;
  }

  /** JSON's escapes can spell halves of surrogate pairs, which no UTF-8 file can hold. */
  private String unicode(String text, String what) throws FormatException {
    for (int i = 0; i < text.length(); i++) {
      char unit = text.charAt(i);
      boolean pair =
          Character.isHighSurrogate(unit)
              && i + 1 < text.length()
              && Character.isLowSurrogate(text.charAt(i + 1));
      if (pair) {
        i++;
      } else if (Character.isSurrogate(unit)) {
        throw wrong(what + " " + FormatException.quote(text) + " is no valid Unicode");
      }
    }
    return text;
  }

  private Entry entry(String name, long dataBytes) throws FormatException {
    String tensor = "tensor " + FormatException.quote(name);
    StoredType type = null;
    long[] sizes = null;
    long[] offsets = null;
    expect(json.nextToken(), JsonToken.START_OBJECT, tensor);
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String field = json.currentName();
      String where = tensor + ": " + field;
      switch (field) {
        case "dtype" -> {
          requireNew(type, where);
          expect(json.nextToken(), JsonToken.VALUE_STRING, where);
          type = StoredType.named(json.getString());
          if (type == null) {
            throw wrong(where + " " + FormatException.quote(json.getString()) + " is not known");
          }
        }
        case "shape" -> {
          requireNew(sizes, where);
          sizes = numbers(where, limits.rank());
        }
        case "data_offsets" -> {
          requireNew(offsets, where);
          offsets = numbers(where, 2);
          if (offsets.length != 2) {
            throw wrong(where + " has " + offsets.length + " numbers, expected 2");
          }
        }
        default ->
            throw wrong(
                tensor
                    + ": field "
                    + FormatException.quote(field)
                    + " is not one of "
                    + KNOWN_FIELDS);
      }
    }
    if (type == null || sizes == null || offsets == null) {
      String missing = type == null ? "dtype" : sizes == null ? "shape" : "data_offsets";
      throw wrong(tensor + ": " + missing + " is missing");
    }
    return checked(new RawEntry(name, type, sizes, offsets[0], offsets[1]), tensor, dataBytes);
  }

  /** An entry whose numbers nobody has checked. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record RawEntry(String name, StoredType type, long[] sizes, long begin, long end) {}

  private Entry checked(RawEntry raw, String tensor, long dataBytes) throws FormatException {
    String range = tensor + ": data_offsets [" + raw.begin + ", " + raw.end + ")";
    if (raw.begin > raw.end) {
      throw wrong(range + " end before they begin");
    }
    if (raw.end > dataBytes) {
      throw wrong(range + " end after the data section of " + dataBytes + " bytes");
    }
    long bits = raw.type.bits();
    boolean empty = false;
    for (long size : raw.sizes) {
      empty |= size == 0;
      if (size > 0 && bits > Long.MAX_VALUE / size) {
        throw wrong(tensor + ": the sizes of its shape multiply to more than 2^63 bits");
      }
      bits *= Math.max(1, size);
    }
    bits = empty ? 0 : bits;
    if (bits % 8 != 0 || bits / 8 != raw.end - raw.begin) {
      throw wrong(
          range
              + " hold "
              + (raw.end - raw.begin)
              + " bytes, but its dtype and shape ask for "
              + (bits % 8 == 0 ? bits / 8 + "" : bits + " bits"));
    }
    if (bits / raw.type.bits() > Shape.MAX_SIZE) {
      throw new ReadLimitException(
          path,
          tensor + ": has more than the " + Shape.MAX_SIZE + " elements that one tensor can hold");
    }
    return new Entry(raw.name, raw.type, Shape.of(raw.sizes), raw.begin, raw.end);
  }

  /** Returns the tensors in the order of their data after checking that they fill the section. */
  private List<Entry> filling(long dataBytes) throws FormatException {
    List<Entry> ordered = new ArrayList<>(entries.values());
    ordered.sort(
        (a, b) ->
            a.begin() != b.begin()
                ? Long.compare(a.begin(), b.begin())
                : Long.compare(a.end(), b.end()));
    long end = 0;
    for (Entry entry : ordered) {
      if (entry.begin() != end) {
        throw new FormatException(
            path,
            "tensor "
                + FormatException.quote(entry.name())
                + ": data_offsets ["
                + entry.begin()
                + ", "
                + entry.end()
                + ") "
                + (entry.begin() < end ? "overlap" : "leave a hole after")
                + " the data before them, which end at "
                + end);
      }
      end = entry.end();
    }
    if (end != dataBytes) {
      throw new FormatException(
          path, "the data section has " + dataBytes + " bytes, but its tensors end at " + end);
    }
    return List.copyOf(ordered);
  }

  private long[] numbers(String where, int most) throws FormatException {
    expect(json.nextToken(), JsonToken.START_ARRAY, where);
    long[] numbers = new long[Math.min(most, 8)];
    int count = 0;
    while (json.nextToken() != JsonToken.END_ARRAY) {
      if (count >= most) {
        throw wrong(where + " has more than " + most + " numbers");
      }
      expect(json.currentToken(), JsonToken.VALUE_NUMBER_INT, where);
      numbers = count == numbers.length ? java.util.Arrays.copyOf(numbers, most) : numbers;
      numbers[count] = json.getLongValue();
      if (numbers[count] < 0) {
        throw wrong(where + " has the negative number " + numbers[count]);
      }
      count++;
    }
    return java.util.Arrays.copyOf(numbers, count);
  }

  private void requireNew(@Nullable Object value, String where) throws FormatException {
    if (value != null) {
      throw wrong(where + " occurs twice");
    }
  }

  private void expect(@Nullable JsonToken found, JsonToken wanted, String where)
      throws FormatException {
    if (found != wanted) {
      throw wrong(where + " is " + words(found) + ", expected " + words(wanted));
    }
  }

  private static String words(@Nullable JsonToken token) {
    return switch (token) {
      case null -> "missing";
      case START_OBJECT -> "an object";
      case START_ARRAY -> "an array";
      case VALUE_STRING -> "a text";
      case VALUE_NUMBER_INT -> "a whole number";
      case VALUE_NUMBER_FLOAT -> "a fraction";
      case VALUE_TRUE, VALUE_FALSE -> "true or false";
      case VALUE_NULL -> "null";
      case END_OBJECT, END_ARRAY, PROPERTY_NAME, NOT_AVAILABLE, VALUE_EMBEDDED_OBJECT ->
          "not a value";
    };
  }

  private FormatException wrong(String detail) {
    long at = Header.START + json.currentTokenLocation().getByteOffset();
    return new FormatException(path, detail + " (header, at byte " + at + ")");
  }
}
