// tests/store/segment_test.cpp
//
// Goal: no byte of a segment changes unnoticed, and no segment, however hostile, does worse than an
// error. Method: flip each byte of a small one and read all of it; change bytes and sign them again.
#include "store/segment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <optional>

#include "store/cursors.h"
#include "store/format_version.h"
#include "store/row_order.h"
#include "store/segment_writer.h"
#include "store/verify.h"
#include "tests/store/sample_rows.h"

namespace bf::store::test {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr Uuid kUuid{9, 8, 7, 6, 5, 4, 3, 2, 1};
constexpr std::uint32_t kId = 3;
const std::string kPath = kSeries.path() + "/" + "0003.seg";

struct Sample {
  Bytes bytes;
  SegmentEntry entry;
  Rows rows;
};

void put_file(SimFileSystem& files, std::span<const std::byte> bytes) {
  (void)files.remove(kPath);
  auto file = files.open(kPath, FileSystem::Open::kCreateNew);
  ASSERT_TRUE(file) << file.error().message();
  ASSERT_TRUE((*file)->pwrite(bytes, 0));
}

void make_series_directory(SimFileSystem& files) {
  const std::string path = kSeries.path();
  for (std::size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1)) {
    ASSERT_TRUE(files.make_directory(path.substr(0, at)));
  }
  ASSERT_TRUE(files.make_directory(path));
}

/// A segment of `rows` rows of two answers, with a wide value, an odd close time and a revision.
Sample sample_segment(SimFileSystem& files, int rows) {
  make_series_directory(files);
  Sample sample;
  AnsweredRows page = test::page(0, rows);
  page.rows.odd_close_times = {{1, minute(1) + 5}};
  page.rows.column(Column::kVolume).values[2] = 0;
  page.rows.wide = {{2, Column::kVolume, "123456789012345678901234567890"}};
  Answer other = page.answer;
  other.channel = Channel::kArchiveMonthly;
  other.archive_hash[5] = 77;
  auto file = std::move(files.open(kPath, FileSystem::Open::kCreateNew).value());
  SegmentWriter writer(*file, {kSeries, kUuid, kId, 4, 1, 9, {1, 2}}, {page.answer, other});
  const auto count = static_cast<std::size_t>(rows);
  EXPECT_TRUE(writer.add_rows(page.rows, 0, 1, {0, 70}));
  EXPECT_TRUE(writer.add_rows(page.rows, 1, count, {1, 50}));
  writer.add_revision(minute(1), {1, 50}, "1,2", {0, -3}, "1,3");
  sample.entry = writer.finish().value();
  EXPECT_TRUE(writer.check_written(files, kPath));
  sample.bytes.resize(sample.entry.size);
  EXPECT_TRUE(file->pread(sample.bytes, 0));
  sample.rows = rows_of(page);
  return sample;
}

/// Reads everything that a segment has.
Result<Rows> read_all(SimFileSystem& files, const SegmentEntry& entry) {
  const auto segment = Segment::open(files, kSeries, kUuid, entry);
  if (!segment) return fail(segment.error());
  const auto runs = (*segment)->runs();
  if (!runs) return fail(runs.error());
  const auto revisions = (*segment)->revisions();
  if (!revisions) return fail(revisions.error());
  const auto blocks = (*segment)->blocks();
  if (!blocks) return fail(blocks.error());
  Rows rows;
  RowCodec codec;
  CandleBatch batch;
  for (std::size_t i = 0; i < blocks->size(); ++i) {
    const Result<void> read = (*segment)->read_block(i, kAllColumns, codec, batch);
    if (!read) return fail(read.error());
    add_rows(rows, batch);
  }
  return rows;
}

TEST(Segment, ReadsBackWhatWasWritten) {
  SimFileSystem files;
  const Sample sample = sample_segment(files, 9'000);
  EXPECT_EQ(read_all(files, sample.entry).value(), sample.rows);
  const auto segment = Segment::open(files, kSeries, kUuid, sample.entry).value();
  EXPECT_EQ(segment->held().all, RangeSet({minute(0), minute(9'000)}));
  EXPECT_TRUE(segment->held().by_others.empty());
  EXPECT_EQ(segment->blocks().value().size(), (9'000U + kBlockRows - 1) / kBlockRows);
  const std::vector<Conflict> revisions = segment->revisions().value();
  ASSERT_EQ(revisions.size(), 1U);
  EXPECT_EQ(revisions[0].open_time, minute(1));
  EXPECT_EQ(revisions[0].winner.channel, Channel::kArchiveMonthly);
  EXPECT_EQ(revisions[0].loser.channel, Channel::kRest);
  EXPECT_EQ(revisions[0].loser_values, "1,3");
  EXPECT_EQ(revisions[0].winner.asked_at, 50);
  EXPECT_EQ(revisions[0].loser.asked_at, -3);
  const auto runs = segment->runs().value();
  EXPECT_THAT(runs, testing::ElementsAre(AnswerRun{1, 0, 70}, AnswerRun{9'000, 1, 50}));
  EXPECT_THAT(segment->supersedes(), testing::ElementsAre(1U, 2U));
}

TEST(Segment, NoticesAFlipOfAnyBit) {
  SimFileSystem files;
  const Sample sample = sample_segment(files, 5);
  for (std::size_t at = 0; at < sample.bytes.size(); ++at) {
    for (const unsigned bit : {0U, 3U, 7U}) {
      Bytes flipped = sample.bytes;
      flipped[at] ^= static_cast<std::byte>(1U << bit);
      put_file(files, flipped);
      const Result<Rows> rows = read_all(files, sample.entry);
      ASSERT_FALSE(rows) << "byte " << at << " of " << sample.bytes.size();
      EXPECT_THAT(rows.error().code(), AnyOf(Code::kFormat, Code::kCorrupt)) << "byte " << at;
    }
  }
}

TEST(Segment, NoticesACutOrAForeignSegment) {
  SimFileSystem files;
  const Sample sample = sample_segment(files, 5);
  for (std::size_t length = 0; length < sample.bytes.size(); length += 7) {
    put_file(files, std::span(sample.bytes).first(length));
    EXPECT_EQ(read_all(files, sample.entry).error().code(), Code::kCorrupt) << length;
    SegmentEntry shorter = sample.entry;
    shorter.size = length;
    EXPECT_EQ(read_all(files, shorter).error().code(), Code::kCorrupt) << length;
  }
  put_file(files, sample.bytes);
  Uuid other = kUuid;
  other[15] = 1;
  EXPECT_FALSE(Segment::open(files, kSeries, other, sample.entry));
  Series moved = kSeries;
  moved.interval = Interval::k5m;
  const auto foreign = Segment::open_at(files, kPath, moved, kUuid, sample.entry);
  ASSERT_FALSE(foreign);
  EXPECT_THAT(foreign.error().message(), HasSubstr("another series"));
}

TEST(Segment, NamesAVersionThatItDoesNotRead) {
  for (const auto version : {kFormatVersionOldest - 1, kFormatVersion + 1}) {
    SimFileSystem files;
    Sample sample = sample_segment(files, 5);
    sample.bytes[4] = static_cast<std::byte>(version);
    put_file(files, sample.bytes);
    const Result<Rows> rows = read_all(files, sample.entry);
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().code(), Code::kFormat);
    EXPECT_THAT(rows.error().message(), HasSubstr("version " + std::to_string(version)));
  }
}

/// Signs a changed segment: the parts' hashes and the trailer's, as the writer would.
void sign(Bytes& bytes, SegmentEntry& entry) {
  SegmentTrailer trailer;
  const std::size_t at = bytes.size() - sizeof(trailer);
  std::memcpy(&trailer, bytes.data() + at, sizeof(trailer));
  for (PartEntry& part : trailer.parts) {
    if (part.offset > bytes.size() || part.size > bytes.size() - part.offset) continue;
    part.hash = checksum(std::span(bytes).subspan(part.offset, part.size),
                         Place{kUuid, Unit::kSegment, kId, part.offset});
  }
  trailer.trailer_hash = checksum(bytes_of(trailer).first(offsetof(SegmentTrailer, trailer_hash)),
                                  Place{kUuid, Unit::kSegment, kId, at});
  std::memcpy(bytes.data() + at, &trailer, sizeof(trailer));
  entry.trailer_hash = trailer.trailer_hash;
  entry.rows = trailer.rows;
  entry.first_open = trailer.first_open;
  entry.last_open = trailer.last_open;
}

TEST(Segment, SurvivesAnyContentUnderValidChecksums) {
  SimFileSystem files;
  const Sample sample = sample_segment(files, 300);
  SegmentTrailer trailer;
  std::memcpy(&trailer, sample.bytes.data() + sample.bytes.size() - sizeof(trailer),
              sizeof(trailer));
  const std::uint64_t parts = trailer.parts[0].offset;
  Random random(3);
  std::size_t refused = 0;
  for (int i = 0; i < 5'000; ++i) {
    Bytes hostile = sample.bytes;
    for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
      const std::uint64_t at = parts + random.below(hostile.size() - parts);
      hostile[at] = static_cast<std::byte>(random.chance(30) ? 0xFF : random.next());
    }
    SegmentEntry entry = sample.entry;
    sign(hostile, entry);
    put_file(files, hostile);
    const Result<Rows> rows = read_all(files, entry);
    if (rows) continue;
    ++refused;
    ASSERT_THAT(rows.error().code(), AnyOf(Code::kFormat, Code::kCorrupt))
        << rows.error().message();
  }
  EXPECT_GT(refused, 2'000U);
}

TEST(Segment, BoundsSizesBeforeItAllocates) {
  SimFileSystem files;
  const Sample sample = sample_segment(files, 5);
  const auto with_trailer = [&](auto change) {
    Bytes bytes = sample.bytes;
    SegmentTrailer trailer;
    const std::size_t at = bytes.size() - sizeof(trailer);
    std::memcpy(&trailer, bytes.data() + at, sizeof(trailer));
    change(trailer);
    std::memcpy(bytes.data() + at, &trailer, sizeof(trailer));
    SegmentEntry entry = sample.entry;
    sign(bytes, entry);
    put_file(files, bytes);
    return read_all(files, entry).error().code();
  };
  constexpr std::uint32_t kHuge = 0xFFFFFFFF;
  for (std::size_t part = 0; part < kPartCount; ++part) {
    EXPECT_EQ(with_trailer([part](SegmentTrailer& t) { t.parts[part].size = kHuge; }),
              Code::kCorrupt);
    EXPECT_EQ(with_trailer([part](SegmentTrailer& t) { t.parts[part].raw_size = kHuge; }),
              Code::kCorrupt);
    EXPECT_EQ(with_trailer([part](SegmentTrailer& t) { t.parts[part].offset = ~std::uint64_t{0}; }),
              Code::kCorrupt);
  }
  EXPECT_EQ(with_trailer([](SegmentTrailer& t) { t.rows = kHuge; }), Code::kCorrupt);
  EXPECT_EQ(with_trailer([](SegmentTrailer& t) { t.blocks = kHuge; }), Code::kCorrupt);
  EXPECT_EQ(with_trailer([](SegmentTrailer& t) { t.answers = kHuge; }), Code::kCorrupt);
  EXPECT_EQ(with_trailer([](SegmentTrailer& t) { t.revisions = kHuge; }), Code::kCorrupt);
}

TEST(Segment, TellsWhenTheFileIsNotWhatWasAdded) {
  SimFileSystem files;
  make_series_directory(files);
  const AnsweredRows page = test::page(0, 100);
  auto file = std::move(files.open(kPath, FileSystem::Open::kCreateNew).value());
  SegmentWriter writer(*file, {kSeries, kUuid, kId, 4, 1, 9}, {page.answer});
  ASSERT_TRUE(writer.add_rows(page.rows, 0, 100, {}));
  ASSERT_TRUE(writer.finish());
  ASSERT_TRUE(writer.check_written(files, kPath));
  files.disk().flip_bit(files.disk().find(kPath), 100, 1);
  const Result<void> checked = writer.check_written(files, kPath);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code(), Code::kCorrupt);
}

TEST(Segment, VerifyRefusesARevisionOfARowThatIsNotThere) {
  const AnsweredRows page = test::page(0, 100);
  const auto verified = [&page](TimeMs open_time, const std::string& values) {
    SimFileSystem files;
    make_series_directory(files);
    auto file = std::move(files.open(kPath, FileSystem::Open::kCreateNew).value());
    SegmentWriter writer(*file, {kSeries, kUuid, kId, 4, 1, 9}, {page.answer});
    EXPECT_TRUE(writer.add_rows(page.rows, 0, 100, {}));
    writer.add_revision(open_time, {}, values, {}, "1,3");
    const SegmentEntry entry = writer.finish().value();
    const auto segment = Segment::open(files, kSeries, kUuid, entry).value();
    const Result<void> sound = verify_segment(kSeries.interval, *segment);
    return sound ? std::nullopt : std::optional(sound.error().code());
  };
  EXPECT_EQ(verified(minute(7), row_values(page.rows, 7)), std::nullopt);
  EXPECT_EQ(verified(minute(7), "1,2"), Code::kCorrupt);
  EXPECT_EQ(verified(minute(7) + 1, row_values(page.rows, 7)), Code::kCorrupt);
  EXPECT_EQ(verified(minute(-1), row_values(page.rows, 7)), Code::kCorrupt);
  EXPECT_EQ(verified(minute(100), row_values(page.rows, 7)), Code::kCorrupt);
}

TEST(Segment, StaysReadableWhenItIsUnlinked) {
  SimFileSystem files;
  const Sample sample = sample_segment(files, 100);
  const auto segment = Segment::open(files, kSeries, kUuid, sample.entry).value();
  ASSERT_TRUE(files.remove(kPath));
  RowCodec codec;
  CandleBatch batch;
  ASSERT_TRUE(segment->read_block(0, kAllColumns, codec, batch));
  Rows rows;
  add_rows(rows, batch);
  EXPECT_EQ(rows, sample.rows);
}

}  // namespace
}  // namespace bf::store::test
