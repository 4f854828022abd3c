// tests/store/log_test.cpp
//
// Goal: no wrong row ever comes out of a log, and what was proven durable is never lost in silence.
// Method: cut a small log at every length, flip every bit of it, and sign hostile headers and bodies.
#include "store/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "store/lz4_bytes.h"
#include "tests/store/sample_rows.h"

namespace bf::store::test {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr LogIdentity kLog{Uuid{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, 7};
constexpr std::uint64_t kFirstSequence = 40;

/// A log of `frames` frames of three rows, each of which proves the one before it.
struct SampleLog {
  Bytes bytes;
  std::vector<std::uint64_t> ends;
  std::vector<AnsweredRows> pages;
};

SampleLog sample_log(std::size_t frames) {
  SampleLog log;
  FrameEncoder encoder;
  for (std::size_t i = 0; i < frames; ++i) {
    const auto first = static_cast<std::int64_t>(3 * i);
    log.pages.push_back(page(first, first + 3));
    const std::uint64_t proven = i == 0 ? 0 : log.ends.back();
    EXPECT_TRUE(encoder.encode({&log.pages.back(), 1}, kLog, kFirstSequence + i, proven,
                               log.bytes.size(), log.bytes));
    log.ends.push_back(log.bytes.size());
  }
  return log;
}

std::vector<AnsweredRows> decode(const FoundFrame& frame, std::span<const std::byte> bytes) {
  std::vector<AnsweredRows> pages;
  const Result<void> decoded =
      FrameDecoder().decode(frame.header, frame.body(bytes), kAllColumns, pages);
  EXPECT_TRUE(decoded) << decoded.error().message();
  return pages;
}

/// Every frame found is one of the log's, whole and in order.
void expect_only_good_frames(const LogScan& scan, const Bytes& bytes, const SampleLog& good) {
  std::uint64_t last = 0;
  for (const auto* frames : {&scan.frames, &scan.salvaged}) {
    for (const FoundFrame& frame : *frames) {
      if (frame.header.kind == FrameKind::kProof) continue;
      ASSERT_GT(frame.header.sequence, last);
      last = frame.header.sequence;
      const std::size_t which = frame.header.sequence - kFirstSequence;
      ASSERT_LT(which, good.pages.size());
      const std::vector<AnsweredRows> pages = decode(frame, bytes);
      ASSERT_THAT(pages, SizeIs(1));
      EXPECT_EQ(rows_of(pages[0]), rows_of(good.pages[which]));
      EXPECT_EQ(pages[0].answer, good.pages[which].answer);
    }
  }
}

TEST(Log, FindsAllFramesOfAWholeLog) {
  const SampleLog log = sample_log(4);
  const LogScan scan = scan_log(log.bytes, kLog, kFirstSequence, 0).value();
  EXPECT_THAT(scan.frames, SizeIs(4));
  EXPECT_EQ(scan.intact_end, log.bytes.size());
  EXPECT_EQ(scan.proven, log.ends[2]) << "the last frame proves the one before it";
  EXPECT_FALSE(scan.clean()) << "nothing proves the last frame";
  EXPECT_TRUE(scan_log(log.bytes, kLog, kFirstSequence, log.bytes.size()).value().clean());
  expect_only_good_frames(scan, log.bytes, log);
}

TEST(Log, TakesAProofAtTheEndAsNothing) {
  SampleLog log = sample_log(2);
  const FrameHeader proof =
      proof_frame(kLog, kFirstSequence + 2, log.bytes.size(), log.bytes.size());
  append_bytes(log.bytes, bytes_of(proof));
  const LogScan scan = scan_log(log.bytes, kLog, kFirstSequence, 0).value();
  EXPECT_TRUE(scan.clean());
  EXPECT_EQ(scan.data_end, log.ends[1]);
  EXPECT_EQ(scan.proven, log.ends[1]);
}

TEST(Log, CutAnywhereKeepsWhatIsWhole) {
  const SampleLog log = sample_log(3);
  for (std::size_t length = 0; length < log.bytes.size(); ++length) {
    const Bytes cut(log.bytes.begin(), log.bytes.begin() + static_cast<std::ptrdiff_t>(length));
    const Result<LogScan> scan = scan_log(cut, kLog, kFirstSequence, 0);
    ASSERT_TRUE(scan) << length;
    std::size_t whole = 0;
    while (whole < log.ends.size() && log.ends[whole] <= length) ++whole;
    EXPECT_EQ(scan->frames.size(), whole) << length;
    EXPECT_EQ(scan->damaged_bytes, 0U) << "a cut behind the last proof is torn, at " << length;
    EXPECT_EQ(scan->torn_bytes, length - scan->intact_end) << length;
    expect_only_good_frames(*scan, cut, log);
    // The manifest may know better: then the missing bytes were acknowledged.
    const LogScan known = scan_log(cut, kLog, kFirstSequence, log.bytes.size()).value();
    EXPECT_GE(known.damaged_bytes, log.bytes.size() - length) << length;
  }
}

TEST(Log, NoticesAFlipOfAnyBit) {
  SampleLog log = sample_log(4);
  append_bytes(log.bytes,
               bytes_of(proof_frame(kLog, kFirstSequence + 4, log.bytes.size(), log.bytes.size())));
  const std::uint64_t proven = log.ends.back();
  for (std::size_t at = 0; at < log.bytes.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes flipped = log.bytes;
      flipped[at] ^= static_cast<std::byte>(1U << bit);
      const Result<LogScan> scan = scan_log(flipped, kLog, kFirstSequence, 0);
      ASSERT_TRUE(scan) << at << ": " << scan.error().message();
      expect_only_good_frames(*scan, flipped, log);
      if (at >= proven) continue;  // in the proof itself: nothing is lost
      EXPECT_GT(scan->damaged_bytes, 0U) << "silent loss by byte " << at;
      // Three of four frames are left, and the proof where the unbroken run reaches it.
      EXPECT_EQ(scan->frames.size() + scan->salvaged.size(), 3U) << "byte " << at;
    }
  }
}

TEST(Log, SalvagesFramesBehindDamage) {
  SampleLog log = sample_log(5);
  std::fill(log.bytes.begin() + static_cast<std::ptrdiff_t>(log.ends[0]),
            log.bytes.begin() + static_cast<std::ptrdiff_t>(log.ends[2]), std::byte{0});
  const LogScan scan = scan_log(log.bytes, kLog, kFirstSequence, 0).value();
  EXPECT_THAT(scan.frames, SizeIs(1));
  EXPECT_THAT(scan.salvaged, SizeIs(2));
  EXPECT_EQ(scan.damaged_bytes, log.ends[2] - log.ends[0]);
  expect_only_good_frames(scan, log.bytes, log);
}

TEST(Log, RefusesFramesOfAnotherPlace) {
  const SampleLog log = sample_log(2);
  LogIdentity other = kLog;
  other.series[3] ^= 1;
  EXPECT_THAT(scan_log(log.bytes, other, kFirstSequence, 0).value().frames, SizeIs(0));
  other = kLog;
  ++other.epoch;
  EXPECT_THAT(scan_log(log.bytes, other, kFirstSequence, 0).value().frames, SizeIs(0));
  EXPECT_THAT(scan_log(log.bytes, kLog, kFirstSequence + 1, 0).value().frames, SizeIs(0));
  Bytes moved(16);
  append_bytes(moved, log.bytes);
  EXPECT_THAT(scan_log(moved, kLog, kFirstSequence, 0).value().frames, SizeIs(0));
  Bytes twice(log.bytes.begin(), log.bytes.begin() + static_cast<std::ptrdiff_t>(log.ends[0]));
  append_bytes(twice, Bytes(twice));
  EXPECT_THAT(scan_log(twice, kLog, kFirstSequence, 0).value().frames, SizeIs(1));
}

TEST(Log, RefusesANewerVersionByName) {
  SampleLog log = sample_log(1);
  FrameHeader header;
  std::memcpy(&header, log.bytes.data(), sizeof(header));
  header.version = 9;
  seal_frame(header, std::span(log.bytes).subspan(sizeof(header)), kLog, 0);
  std::memcpy(log.bytes.data(), &header, sizeof(header));
  const Result<LogScan> scan = scan_log(log.bytes, kLog, kFirstSequence, 0);
  ASSERT_FALSE(scan);
  EXPECT_EQ(scan.error().code(), Code::kFormat);
  EXPECT_THAT(scan.error().message(), HasSubstr("version 9"));
}

TEST(Log, BoundsSignedButHostileHeaders) {
  const SampleLog log = sample_log(1);
  const auto mutate = [&log](auto change) {
    FrameHeader header;
    std::memcpy(&header, log.bytes.data(), sizeof(header));
    change(header);
    Bytes bytes = log.bytes;
    seal_frame(header, std::span(bytes).subspan(sizeof(header)), kLog, 0);
    std::memcpy(bytes.data(), &header, sizeof(header));
    return read_frame_header(bytes, 0, kLog);
  };
  EXPECT_FALSE(mutate([](FrameHeader& header) { header.rows = 65'537; }));
  EXPECT_FALSE(mutate([](FrameHeader& header) { header.body_size = 0xFFFFFFFF; }));
  EXPECT_FALSE(mutate([](FrameHeader& header) { header.raw_size = 0xFFFFFFFF; }));
  EXPECT_FALSE(mutate([](FrameHeader& header) { header.raw_size = header.body_size * 400; }));
  EXPECT_FALSE(mutate([](FrameHeader& header) { header.kind = FrameKind::kProof; }));
  const auto flagged = mutate([](FrameHeader& header) { header.flags = 1; });
  ASSERT_FALSE(flagged);
  EXPECT_EQ(flagged.error().code(), Code::kFormat);
}

TEST(Frame, SurvivesAnyBodyUnderAValidChecksum) {
  // The body is unpacked, damaged and packed again: so the faults reach the parsers behind the hashes.
  AnsweredRows odd = page(0, 40);
  odd.rows.odd_close_times = {{3, 5}, {7, minute(9)}};
  odd.rows.wide = {{2, Column::kVolume, "123456789012345678901234567890"}};
  const std::vector<AnsweredRows> pages = {odd, page(40, 50, 0, kStart, kOhlcvColumns)};
  Bytes frame;
  ASSERT_TRUE(FrameEncoder().encode(pages, kLog, 1, 0, 0, frame));
  FrameHeader header;
  std::memcpy(&header, frame.data(), sizeof(header));
  Bytes raw(header.raw_size);
  ASSERT_TRUE(unpack(std::span(frame).subspan(sizeof(header)), raw));
  Random random(5);
  FrameDecoder decoder;
  std::vector<AnsweredRows> read;
  std::size_t refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    Bytes hostile = raw;
    for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
      // Most faults go where the structure is: the beginning.
      const std::uint64_t at = random.below(random.chance(70) ? 400 : hostile.size());
      hostile[at] = static_cast<std::byte>(random.chance(30) ? 0xFF : random.next());
    }
    if (random.chance(10)) hostile.resize(random.below(hostile.size()));
    FrameHeader changed = header;
    changed.raw_size = changed.body_size = static_cast<std::uint32_t>(hostile.size());
    if (random.chance(10)) changed.rows = static_cast<std::uint32_t>(random.below(kFrameRowsMax));
    const Result<void> decoded = decoder.decode(changed, hostile, kAllColumns, read);
    if (!decoded) {
      ++refused;
      ASSERT_THAT(decoded.error().code(), AnyOf(Code::kCorrupt, Code::kFormat));
      continue;
    }
    for (const AnsweredRows& good : read) {
      if (!good.rows.empty()) {
        ASSERT_TRUE(well_ordered(good.rows.open_time()));
      }
      for (const TimeMs time : good.rows.open_time()) ASSERT_TRUE(good.answer.asked.contains(time));
    }
  }
  EXPECT_GT(refused, 4'000U);
}

}  // namespace
}  // namespace bf::store::test
