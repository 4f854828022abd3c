"""The columns of docs/format.md, "Columns", as numbers and text; and how its bytes are checked.

Written from the page alone, as bf_reader.py is, which reads the files around the columns.
"""

import ctypes
import math
import struct

OPEN_TIME, OPEN, HIGH, LOW, CLOSE, VOLUME, QUOTE, TRADES, TAKER_BASE, TAKER_QUOTE = range(10)
FUNDING_RATE, MARK_PRICE, FUNDING_HOURS, INDEX_PRICE = range(10, 14)
COLUMNS = 14
DECODING_ORDER = (OPEN_TIME, CLOSE, OPEN, HIGH, LOW, TRADES, VOLUME, QUOTE, TAKER_BASE, TAKER_QUOTE,
                  FUNDING_RATE, MARK_PRICE, FUNDING_HOURS, INDEX_PRICE)  # fmt: skip
MASK = (1 << 64) - 1


class Damaged(Exception):
    """The bytes contradict the page."""


def need(holds, what):
    if not holds:
        raise Damaged(what)


def load(name):
    try:
        return ctypes.CDLL(name)
    except OSError:
        return None


LZ4, XXHASH = load("liblz4.so.1"), load("libxxhash.so.0")
if XXHASH:
    XXHASH.XXH3_64bits_withSeed.restype = ctypes.c_uint64
    XXHASH.XXH3_64bits_withSeed.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64)


def xxh3(data, seed=0):
    return XXHASH.XXH3_64bits_withSeed(data, len(data), seed)


def check(data, expected, place, what):
    """`place`: (series UUID, unit, number, offset). Without libxxhash nothing is checked."""
    if XXHASH:
        seed = xxh3(struct.pack("<16sIIQ", *place))
        need(xxh3(bytes(data), seed) == expected, f"the checksum of {what}")


def unlz4(data, raw_size):
    need(LZ4, "liblz4.so.1 is needed")
    out = ctypes.create_string_buffer(max(raw_size, 1))
    done = LZ4.LZ4_decompress_safe(bytes(data), out, len(data), raw_size)
    need(done == raw_size, "LZ4")
    return out.raw[:raw_size]


def signed(value):
    value &= MASK
    return value - (1 << 64) if value >> 63 else value


def unzigzag(value):
    return (value >> 1) ^ -(value & 1)


class Input:
    """Bytes with a position."""

    def __init__(self, data):
        self.data, self.at = bytes(data), 0

    def take(self, count):
        need(self.at + count <= len(self.data), "too short")
        self.at += count
        return self.data[self.at - count : self.at]

    def byte(self):
        return self.take(1)[0]

    def varint(self):
        value = 0
        for shift in range(0, 70, 7):
            byte = self.byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise Damaged("a varint of more than 10 bytes")

    def svarint(self):
        return unzigzag(self.varint())

    def string(self):
        return self.take(self.varint())


# Columns


class Column:
    """The description of one column of one block."""

    def __init__(self, source):
        codec, self.transform, self.context, self.scale = source.take(4)
        self.codec, packed = codec & 127, codec & 128
        self.size = source.varint()
        self.raw_size = source.varint() if packed else None
        self.base, self.step = source.svarint(), source.svarint()


def width_at(column, done, scales, i):
    """How many bits the context expects of row i's residual."""
    if column.context == 0:
        return 0
    if column.context in (1, 2):
        return (done[TRADES if column.context == 1 else VOLUME][i] & MASK).bit_length()
    volume, quote_scale = done[VOLUME][i], scales[QUOTE] if QUOTE in scales else None
    if column.context == 4:
        taker = done[TAKER_BASE][i]
        volume, quote_scale = min(taker, volume - taker), column.scale
    elif column.context == 3:
        quote_scale = column.scale
    spread = float(volume) * float(done[HIGH][i] - done[LOW][i]) * factor(quote_scale, scales)
    return max(0, min(64, math.frexp(spread)[1])) if spread else 0


def factor(quote_scale, scales):
    exponent = quote_scale - scales[VOLUME] - scales[CLOSE]
    return float(f"1e{exponent}") if -22 <= exponent <= 22 else 0.0


def cut(number):
    return int(number) if -9.2e18 < number < 9.2e18 else 0


def value_of(residual, column, done, scales, values, i):
    """Row i's value from its residual, as the transform says."""
    kind = column.transform
    if kind == 0:
        return residual + column.base
    if kind == 1:
        return values[i - 1] + column.step + unzigzag(residual) if i else column.base
    if kind == 2:
        return unzigzag(residual) + done[CLOSE][max(i - 1, 0)]
    if kind == 3:
        return residual + max(done[OPEN][i], done[CLOSE][i])
    if kind == 4:
        return min(done[OPEN][i], done[CLOSE][i]) - residual
    if kind == 5:
        prices = sum(done[price][i] for price in (OPEN, HIGH, LOW, CLOSE))
        quarter = factor(column.scale, scales) * 0.25
        return unzigzag(residual) + cut(float(done[VOLUME][i]) * float(prices) * quarter)
    if kind == 6:
        return unzigzag(residual) + done[VOLUME][i] // 2
    need(kind == 7, f"transform {kind}")
    volume = float(done[VOLUME][i])
    ratio = float(done[QUOTE][i]) / volume if volume else 0.0
    return unzigzag(residual) + cut(float(done[TAKER_BASE][i]) * ratio)


def classes(source, rows, expected):
    """Residuals of codec 1."""
    first, count = source.byte(), source.byte()
    nibbles = source.take((count + 1) // 2)
    lengths = [nibbles[k // 2] >> 4 * (k % 2) & 15 for k in range(count)]
    table, code, before = [None] * 256, 0, 0
    for length, k in sorted((length, k) for k, length in enumerate(lengths) if length):
        code, before = code << (length - before), length
        reversed_code = int(f"{code:0{length}b}"[::-1], 2)
        for above in range(1 << (8 - length)):
            table[above << length | reversed_code] = (first + k, length)
        code += 1
    if not any(lengths):
        table = [(first, 0)] * 256
    sizes = [source.varint() for _ in range(3)]
    streams = [source.take(size) for size in sizes] + [source.take(len(source.data) - source.at)]
    residuals, a_stream = [], -(-rows // 4)
    for k, stream in enumerate(streams):
        at = 0
        for i in range(min(k * a_stream, rows), min((k + 1) * a_stream, rows)):
            # A code and what follows it are 71 bits at most; 10 bytes have them from any bit on.
            bits = int.from_bytes(stream[at >> 3 : (at >> 3) + 10], "little") >> (at & 7)
            need(table[bits & 255], "no such code")
            symbol, length = table[bits & 255]
            width = symbol - 64 + expected(i)
            below = max(width - 1, 0)
            low = bits >> length & ((1 << below) - 1)
            residuals.append(low | 1 << below if width else 0)
            at += length + below
        need((at + 7) // 8 == len(stream), "a stream ends within its last byte")
    return residuals


def packed_deltas(source, rows):
    """Residuals of codec 2."""
    width = source.byte()
    for _ in range(3):
        source.svarint()  # lane ends: for those who decode lanes side by side
    patches = source.varint()
    patch_size = source.byte() if patches else 0
    patched = struct.unpack(f"<{patches}H", source.take(2 * patches))
    highs = [int.from_bytes(source.take(patch_size), "little") for _ in patched]
    a_lane = -(-rows // 4)
    groups = -(-a_lane * width // 32)
    words = source.take(16 * groups)
    residuals = []
    for k in range(4):
        lane = b"".join(words[16 * g + 4 * k : 16 * g + 4 * k + 4] for g in range(groups))
        bits = int.from_bytes(lane, "little")
        for r in range(min(a_lane, max(rows - k * a_lane, 0))):
            residuals.append(bits >> r * width & ((1 << width) - 1))
    for row, high in zip(patched, highs):
        residuals[row] |= high << width
    return residuals


def packed_groups(source, rows):
    """Residuals of codec 4."""
    heads = [struct.unpack("<qB", source.take(9)) for _ in range(-(-rows // 128))]
    vectors = -(-rows // 8)
    count = -(-sum(heads[v // 16][1] for v in range(vectors)) // 64)
    words = source.take(64 * count)
    need(source.at == len(source.data), "a column is as long as its packed values")
    lanes = [
        int.from_bytes(b"".join(words[64 * w + 8 * k :][:8] for w in range(count)), "little")
        for k in range(8)
    ]
    residuals, bit = [], 0
    for v in range(vectors):
        base, width = heads[v // 16]
        for k in range(min(8, rows - 8 * v)):
            residuals.append(base + (lanes[k] >> bit & ((1 << width) - 1)))
        bit += width
    return residuals


def decode_columns(columns, stored, rows):
    """{number: values} from {number: description} and {number: bytes}."""
    done, scales = {}, {number: column.scale for number, column in columns.items()}
    for number in (number for number in DECODING_ORDER if number in columns):
        column, data = columns[number], stored[number]
        if column.raw_size is not None:
            data = unlz4(data, column.raw_size)
        if column.codec == 1:
            residuals = classes(
                Input(data), rows, lambda i, of=column: width_at(of, done, scales, i)
            )
        elif column.codec == 2:
            residuals = packed_deltas(Input(data), rows)
        elif column.codec == 4:
            residuals = packed_groups(Input(data), rows)
        else:
            need(column.codec == 3 and not data, f"codec {column.codec}")
            residuals = [0] * rows
        values = done[number] = []
        # "its own close" in row 0 of transform 2 is what max(i - 1, 0) says.
        for i, residual in enumerate(residuals):
            values.append(signed(value_of(residual, column, done, scales, values, i)))
    return done


def text(value, scale):
    """Canonical: plain, without trailing zeros behind the point."""
    digits = f"{abs(value):0{scale + 1}d}"
    whole, part = digits[: len(digits) - scale], digits[len(digits) - scale :].rstrip("0")
    return ("-" if value < 0 else "") + whole + ("." + part if part else "")


def rows_of(columns, done):
    """[{column: text}], open times as numbers."""
    rows = [{OPEN_TIME: time} for time in done[OPEN_TIME]]
    for number, column in columns.items():
        if number != OPEN_TIME:
            for row, value in zip(rows, done[number]):
                row[number] = text(value, column.scale)
    return rows


def take_exceptions(source, rows):
    """Puts wide values and odd close times into `rows`."""
    at = 0
    for _ in range(source.varint()):
        at += source.varint()
        column = source.byte()
        rows[at][column] = source.string().decode()
    at = 0
    for _ in range(source.varint()):
        at += source.varint()
        rows[at]["close_time"] = source.svarint()
