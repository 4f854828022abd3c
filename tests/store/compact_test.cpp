// tests/store/compact_test.cpp
//
// Goal: compaction keeps what a series says, drops what it no longer needs, and never gets in the way
// of a reader. What it does under crashes is in crash_test.cpp and interruption_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/atomic_file.h"
#include "store/recovery.h"
#include "store/segment.h"
#include "tests/store/sample_rows.h"

namespace bf::store::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

void seal_pages(SeriesWriter& writer, const std::vector<AnsweredRows>& pages) {
  for (const AnsweredRows& page : pages) {
    ASSERT_TRUE(commit(writer, page));
    ASSERT_TRUE(writer.seal());
  }
}

std::vector<std::string> segment_files(SimFileSystem& files) {
  std::vector<std::string> names;
  const auto entries = files.list(kSeries.path()).value();
  for (const DirectoryEntry& entry : entries) {
    if (entry.name.ends_with(".seg")) names.push_back(entry.name);
  }
  return names;
}

std::shared_ptr<const Segment> only_segment(SimFileSystem& files) {
  const Manifest manifest = read_manifest(files, kSeries).value();
  EXPECT_THAT(manifest.segments, SizeIs(1));
  return Segment::open(files, kSeries, manifest.series_uuid, manifest.segments.front()).value();
}

TEST(Compact, MakesOneSegmentOfASpanAndNamesThoseThatItReplaced) {
  SimFileSystem files;
  const Writing writing = open_writing(files).value();
  // 1,440 is the first minute of the next span.
  seal_pages(*writing.writer, {page(100, 200), page(0, 100), page(1'500, 1'510), page(300, 400)});
  const Rows rows = read_store(files).value();
  const CompactionReport report = writing.writer->compact().value();
  EXPECT_EQ(report.spans, 1U) << "the other span has one segment";
  EXPECT_EQ(report.spans_left, 0U);
  EXPECT_EQ(report.segments_before, 4U);
  EXPECT_EQ(report.segments_after, 2U);
  EXPECT_LT(report.bytes_after, report.bytes_before);
  EXPECT_EQ(read_store(files).value(), rows);
  EXPECT_THAT(segment_files(files), ElementsAre("0003.seg", "0005.seg"));
  const Manifest manifest = read_manifest(files, kSeries).value();
  const auto segment =
      Segment::open(files, kSeries, manifest.series_uuid, manifest.segments.back()).value();
  EXPECT_THAT(segment->supersedes(), ElementsAre(1U, 2U, 4U));
  EXPECT_EQ(segment->entry().rows, 300U);

  const std::uint64_t operations = files.operations();
  EXPECT_EQ(writing.writer->compact().value().spans, 0U) << "nothing is left to do";
  EXPECT_LT(files.operations() - operations, 20U);
}

TEST(Compact, SealsTheLogFirst) {
  SimFileSystem files;
  const Writing writing = open_writing(files).value();
  seal_pages(*writing.writer, {page(0, 10)});
  ASSERT_TRUE(commit(*writing.writer, page(10, 20)));
  EXPECT_EQ(writing.writer->compact().value().segments_after, 1U);
  EXPECT_EQ(writing.writer->log_bytes(), 0U);
  EXPECT_EQ(only_segment(files)->entry().rows, 20U);
}

TEST(Compact, KeepsEachDifferentLoserOnceWithBothOrigins) {
  SimFileSystem files;
  const Writing writing = open_writing(files).value();
  const TimeMs asked = kStart + 40 * kDayMs;
  std::vector<AnsweredRows> pages = {page(0, 10, 0, asked), page(5, 7, 1, asked + 1),
                                     page(5, 6, 2, asked + 2), page(5, 7, 1, asked + 3),
                                     page(0, 10, 0, asked - 5)};
  seal_pages(*writing.writer, pages);
  for (int times = 0; times < 2; ++times) {
    ASSERT_TRUE(writing.writer->compact());
    seal_pages(*writing.writer, {pages[2]});  // known already
    ASSERT_TRUE(writing.writer->compact());
    const std::vector<Conflict> conflicts = only_segment(files)->revisions().value();
    // Minute 5 has versions 0, 1 and 2, minute 6 versions 0 and 1; version 1 was asked for last.
    ASSERT_THAT(conflicts, SizeIs(3));
    for (const Conflict& conflict : conflicts) {
      EXPECT_EQ(conflict.winner.asked_at, asked + 3);
      const bool second = conflict.loser.asked_at == asked + 2;
      EXPECT_TRUE(second || conflict.loser.asked_at == asked) << "the highest that had the values";
    }
  }
}

TEST(Compact, LeavesProvenanceUnderATenthOfAByteACandle) {
  SimFileSystem files;
  const Writing writing = open_writing(files).value();
  constexpr std::int64_t kPage = 100;
  constexpr std::int64_t kRows = 43'200;
  Random random(5);
  TimeMs asked_at = kStart + 60 * kDayMs;
  for (std::int64_t n = 1'440; n < 1'440 + kRows; n += kPage) {
    asked_at += 40 + static_cast<TimeMs>(random.below(200));
    AnsweredRows answered;
    answered.rows.columns = ColumnSet{};
    for (std::int64_t row = n; row < n + kPage; ++row) {
      answered.rows.append(Column::kOpenTime, {minute(row), 0});
    }
    answered.answer = answer_for({minute(n), minute(n + kPage)}, answered.rows, asked_at);
    ASSERT_TRUE(writing.writer->append({&answered, 1}));
    if (random.chance(3)) {
      ASSERT_TRUE(writing.writer->seal());
    }
  }
  ASSERT_TRUE(writing.writer->compact());
  const Manifest manifest = read_manifest(files, kSeries).value();
  std::uint64_t bytes = 0;
  for (const SegmentEntry& entry : manifest.segments) {
    SegmentTrailer trailer;
    const auto file =
        files.open(join_path(kSeries.path(), segment_name(entry.id)), FileSystem::Open::kRead)
            .value();
    ASSERT_TRUE(
        file->pread(std::as_writable_bytes(std::span(&trailer, 1)), entry.size - sizeof(trailer)));
    bytes += trailer.parts[static_cast<std::size_t>(Part::kCoverage)].size;
    bytes += trailer.parts[static_cast<std::size_t>(Part::kRuns)].size;
    EXPECT_LE(trailer.answers, 3U);
  }
  EXPECT_LE(bytes * 10, static_cast<std::uint64_t>(kRows)) << bytes << " bytes";
}

TEST(Compact, MergesSpansThatWereAskedForInVain) {
  SimFileSystem files;
  const Writing writing = open_writing(files).value();
  AnsweredRows nothing = page(0, 0);
  nothing.answer.asked = {minute(0), minute(60)};
  AnsweredRows again = nothing;
  again.answer.asked_at += 30 * kHourMs;
  seal_pages(*writing.writer, {nothing, again});
  const std::vector<StateRange> states = writing.writer->gaps().states({minute(0), minute(60)});
  ASSERT_TRUE(writing.writer->compact());
  EXPECT_EQ(only_segment(files)->entry().rows, 0U);
  const auto snapshot = writing.store->read(kSeries).value();
  EXPECT_EQ(snapshot->gaps().states({minute(0), minute(60)}), states);
  EXPECT_THAT(states,
              ElementsAre(StateRange{{minute(0), minute(60)}, SlotState::kAbsentConfirmed, 0}));
}

TEST(Compact, NeverTakesAFileFromAReaderThatPinnedIt) {
  SimFileSystem files;
  const Writing writing = open_writing(files).value();
  seal_pages(*writing.writer, {page(0, 500), page(200, 900, 1), page(950, 1'000)});
  const auto snapshot = writing.store->read(kSeries).value();
  const Rows rows = read_store(files).value();
  const std::unique_ptr<Scan> begun = snapshot->scan({0, kTimeMax}, kAllColumns);
  ScanBatch batch;
  ASSERT_TRUE(begun->next(batch).value());
  Rows seen;
  add_rows(seen, batch.rows);

  ASSERT_TRUE(writing.writer->compact());
  EXPECT_THAT(segment_files(files), SizeIs(1)) << "the old ones are unlinked";
  while (begun->next(batch).value()) add_rows(seen, batch.rows);
  EXPECT_EQ(seen, rows);
  EXPECT_EQ(scan_all(*snapshot).value(), rows);
  EXPECT_TRUE(snapshot->verify());
  EXPECT_EQ(snapshot->content_hash().value(),
            writing.store->read(kSeries).value()->content_hash().value());
}

TEST(Compact, StopsAtADamagedSegmentAndLeavesAllAsItWas) {
  SimFileSystem files;
  const Writing writing = open_writing(files).value();
  seal_pages(*writing.writer, {page(0, 100), page(100, 200)});
  const std::string path = kSeries.path() + "/0002.seg";
  files.disk().flip_bit(files.disk().find(path), 200, 3);
  const auto report = writing.writer->compact();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Code::kCorrupt);
  EXPECT_THAT(report.error().message(), HasSubstr("0002.seg"));
  EXPECT_THAT(segment_files(files), ElementsAre("0001.seg", "0002.seg"));
  files.disk().flip_bit(files.disk().find(path), 200, 3);
  ASSERT_TRUE(commit(*writing.writer, page(200, 210))) << "the writer goes on";
  EXPECT_EQ(writing.writer->compact().value().segments_after, 1U);
  EXPECT_THAT(read_store(files).value(), SizeIs(210));
}

TEST(Compact, TakesASegmentThatIsSupersededAndLiveForDamage) {
  SimFileSystem files;
  Manifest both;
  {
    const Writing writing = open_writing(files).value();
    seal_pages(*writing.writer, {page(0, 10), page(10, 20)});
    both = read_manifest(files, kSeries).value();
    const auto kept = files.disk();
    ASSERT_TRUE(writing.writer->compact());
    const SegmentEntry merged = read_manifest(files, kSeries).value().segments.front();
    // The old files come back, and a manifest that names them beside the new one.
    SimFileSystem before(kept);
    for (const SegmentEntry& entry : both.segments) {
      const std::string path = join_path(kSeries.path(), segment_name(entry.id));
      const Bytes bytes = read_file(before, path, 1U << 20).value();
      ASSERT_TRUE(write_new_file(files, path, bytes));
    }
    both = read_manifest(files, kSeries).value();
    SimFileSystem old(kept);
    both.segments = read_manifest(old, kSeries).value().segments;
    both.segments.push_back(merged);
  }
  ASSERT_TRUE(replace_manifest(files, kSeries, both));
  const Result<Rows> rows = read_store(files);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code(), Code::kCorrupt);
  EXPECT_THAT(rows.error().message(), HasSubstr("supersedes 0001.seg"));
  ASSERT_TRUE(files.remove(kSeries.path() + "/gaps"));
  EXPECT_FALSE(open_writing(files)) << "the writer as well";
}

}  // namespace
}  // namespace bf::store::test
