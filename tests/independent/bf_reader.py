#!/usr/bin/env python3
"""Reads a series of a store, with nothing but docs/format.md to go by.

It proves that the page is enough: nothing here was taken from the C++ code, and whoever changes the
format changes the page first, then this. Speed does not matter; damage ends it with a message.

usage: bf_reader.py STORE SERIES        such as: bf_reader.py bf-store binance/um/BTCUSDT/candles/1m
The rows go to stdout, as `bf-export - --format csv` writes them.
"""

import struct
import sys
from pathlib import Path

from bf_columns import COLUMNS, FUNDING_RATE, OPEN_TIME, Column, Damaged, Input
from bf_columns import check, decode_columns, need, rows_of, take_exceptions, unlz4

NAMES = ("open_time", "open", "high", "low", "close", "volume", "quote_volume", "trades",
         "taker_buy_base", "taker_buy_quote", "funding_rate", "mark_price",
         "funding_hours", "index_price")  # fmt: skip
CHANNELS = ("", "rest", "archive-daily", "archive-monthly", "stream", "import")
LOG, SEGMENT, MANIFEST = 1, 2, 3
VERSION = 1


class Answer:
    """Who answered for which range, and when."""

    def __init__(self, source):
        self.exchange = source.string().decode()
        self.channel, flags = source.take(2)
        need(flags < 4, "unknown flags of an answer")
        self.begin = source.varint()
        self.end = self.begin + source.varint()
        self.asked_at = source.svarint()
        if flags & 1:
            self.first_row = self.begin + source.varint()
            self.last_row = self.first_row + source.varint()
        self.hash = source.take(32) if flags & 2 else None


# Files


class Series:
    """One series: its manifest, and from there its rows."""

    def __init__(self, store, path):
        self.directory, self.path = Path(store) / path, path
        data = (self.directory / "MANIFEST").read_bytes()
        magic, version, _, self.uuid, _, self.epoch, self.proven, self.sequence, count, size = (
            struct.unpack_from("<4sIQ16sIIQQII", data)
        )
        need(magic == b"BFMF" and version == VERSION, "not a manifest of this version")
        check(data[:-8], *struct.unpack("<Q", data[-8:]), (bytes(16), MANIFEST, 0, 0), "MANIFEST")
        need(data[64 : 64 + size] == path.encode(), "a manifest of another series")
        need(len(data) == 64 + size + 56 * count + 8, "the size of MANIFEST")
        entries = data[64 + size : -8]
        self.segments = list(struct.iter_unpack("<IIQQQQqq", entries))
        self.exchange = path.split("/")[0]

    def rank(self, row, answer, asked_at):
        """The larger one stands ("Which of two rows stands")."""
        own = answer.exchange == self.exchange
        # Of fallbacks the first by name: turned round, because the largest rank stands.
        name = () if own else tuple(-byte for byte in answer.exchange.encode()) + (1,)
        return own, name, -answer.channel, asked_at, values_text(row).encode()

    def rows(self):
        """The rows that stand, by open time."""
        stands = {}
        for row, answer, asked_at in self.all_rows():
            rank = self.rank(row, answer, asked_at)
            row["source"] = f"{answer.exchange} {CHANNELS[answer.channel]}"
            time = row[OPEN_TIME]
            if time not in stands or stands[time][0] < rank:
                stands[time] = (rank, row)
        return [stands[time][1] for time in sorted(stands)]

    def all_rows(self):
        for entry in self.segments:
            yield from self.segment_rows(entry)
        yield from log_rows((self.directory / f"{self.epoch:04}.log").read_bytes(), self)

    def segment_rows(self, entry):
        segment, rows, size, trailer_hash = entry[:4]
        data = (self.directory / f"{segment:04}.seg").read_bytes()
        need(len(data) == size, f"the size of segment {segment}")
        magic, version, uuid, number = struct.unpack_from("<4sI16sI", data)
        need(magic == b"BFSG" and version == VERSION, "not a segment of this version")
        need(uuid == self.uuid and number == segment, "a segment of another place")
        at = size - 168
        check(data[:56], *struct.unpack_from("<Q", data, 56), self.place(segment, 0), "a header")
        check(data[at:-8], trailer_hash, self.place(segment, at), "a trailer")
        counts = struct.unpack_from("<II", data, at + 120)
        need(counts[0] == rows and data[at + 156 : at + 160] == b"BFST", "not a trailer")
        parts = []
        for offset, stored, raw, part_hash in struct.iter_unpack("<QIIQ", data[at : at + 120]):
            part = data[offset : offset + stored]
            check(part, part_hash, self.place(segment, offset), f"a part at {offset}")
            parts.append(Input(unlz4(part, raw) if stored < raw else part))
        return self.rows_of_segment(segment, data, parts, counts[1])

    def place(self, segment, offset):
        return self.uuid, SEGMENT, segment, offset

    def rows_of_segment(self, segment, data, parts, blocks):
        index, coverage, runs, exceptions, _ = parts
        rows, at, last = [], 64, 0
        for _ in range(blocks):
            count, bits = index.varint(), index.varint()
            first = last + index.svarint()
            last = first + index.varint()
            columns, stored = {}, {}
            for number in (number for number in range(COLUMNS) if bits >> number & 1):
                columns[number] = Column(index)
                stored[number] = data[at : at + columns[number].size]
                (expected,) = struct.unpack("<Q", index.take(8))
                check(stored[number], expected, self.place(segment, at), f"a block at {at}")
                at += columns[number].size
            block = rows_of(columns, decode_columns(columns, stored, count))
            need(block[0][OPEN_TIME] == first and block[-1][OPEN_TIME] == last, "a block's times")
            rows += block
        take_exceptions(exceptions, rows)
        need(coverage.string() == self.path.encode(), "a segment of another series")
        for _ in range(coverage.varint()):
            coverage.varint()  # a segment that this one supersedes
        answers = [Answer(coverage) for _ in range(coverage.varint())]
        asked_at, row_at = 0, 0
        for _ in range(runs.varint()):
            count, answer = runs.varint(), answers[runs.varint()]
            asked_at += runs.svarint()
            yield from ((row, answer, asked_at) for row in rows[row_at : row_at + count])
            row_at += count


def values_text(row):
    of_events = any(number in row for number in range(FUNDING_RATE, COLUMNS))
    numbers = range(FUNDING_RATE, COLUMNS) if of_events else range(1, FUNDING_RATE)
    values = ",".join(row.get(number, "") for number in numbers)
    values = values.rstrip(",") if of_events else values
    return values + (f";close_time={row['close_time']}" if "close_time" in row else "")


def log_rows(data, series):
    """Rows of the frames that are known durable."""
    frames, at, sequence, proven = [], 0, series.sequence, series.proven
    while at + 72 <= len(data):
        header = struct.unpack_from("<4sBBHIIQQIIqqQQ", data, at)
        magic, version, kind, flags, _, _, number, upto, size, raw, _, _, *hashes = header
        body = data[at + 72 : at + 72 + size]
        try:
            need(magic == b"BFLF" and len(body) == size and number == sequence, "no frame")
            check(data[at : at + 64], hashes[1], (series.uuid, LOG, series.epoch, at), "a header")
            check(body, hashes[0], (series.uuid, LOG, series.epoch, at + 72), "a body")
        except Damaged:
            break
        need(version == VERSION and not flags and kind in (1, 2), "a frame of another version")
        at, sequence, proven = at + 72 + size, number + 1, max(proven, upto)
        if kind == 1:
            frames.append((at, unlz4(body, raw) if size < raw else body))
    for end, body in frames:
        if end <= proven:
            yield from frame_rows(Input(body))


def frame_rows(source):
    for _ in range(source.varint()):
        answer, count = Answer(source), source.varint()
        if not count:
            continue
        (bits,) = struct.unpack("<I", source.take(4))
        columns = {number: Column(source) for number in range(COLUMNS) if bits >> number & 1}
        stored = {number: source.take(column.size) for number, column in columns.items()}
        rows = rows_of(columns, decode_columns(columns, stored, count))
        take_exceptions(source, rows)
        yield from ((row, answer, answer.asked_at) for row in rows)


def csv(rows):
    """Lines of the columns that occur."""
    numbers = [number for number in range(COLUMNS) if any(number in row for row in rows)]
    yield ",".join(NAMES[number] for number in numbers)
    for row in rows:
        yield ",".join(str(row.get(number, "")) for number in numbers)


if __name__ == "__main__":
    try:
        print("\n".join(csv(Series(*sys.argv[1:]).rows())))
    except (Damaged, OSError, struct.error, IndexError) as error:
        sys.exit(f"{sys.argv[0]}: {error}")
