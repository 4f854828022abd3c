// tests/store/interruption_test.cpp
//
// Goal: whatever stops a writer, at whichever operation, what was acknowledged is there afterwards and
// nothing is there that was never appended; a reader beside it always finds one consistent store; and
// a writer that ran out of space goes on. Method: one run that makes, appends, seals, reopens and
// compacts and closes, looked at before each of its operations, and run again with each of them failing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/store/sample_rows.h"

namespace bf::store::test {
namespace {

/// What the run knows of itself.
struct Oracle {
  Rows acknowledged;
  Rows appended;
};

Result<void> commit_known(SeriesWriter& writer, const AnsweredRows& rows, Oracle& oracle) {
  for (const auto& [time, values] : rows_of(rows)) oracle.appended[time] = values;
  const Result<void> done = commit(writer, rows);
  if (done) oracle.acknowledged = oracle.appended;
  return done;
}

/// The standard run: two lives of a writer, in each a seal and a compaction; the rows cross the end of a span.
Result<void> standard_run(FileSystem& files, Oracle& oracle) {
  for (std::int64_t life = 0; life < 2; ++life) {
    Result<Writing> writing = open_writing(files);
    if (!writing) return fail(writing.error());
    SeriesWriter& writer = *writing->writer;
    const std::int64_t first = 1'400 + life * 60;
    for (std::int64_t i = 0; i < 5; ++i) {
      const auto done = commit_known(writer, page(first + i * 12, first + (i + 1) * 12), oracle);
      if (!done) return done;
      if (i != 2) continue;
      if (const auto sealed = writer.seal(); !sealed) return sealed;
    }
    if (const auto compacted = writer.compact(); !compacted) return fail(compacted.error());
    if (const auto closed = writer.close(); !closed) return closed;
  }
  return {};
}

/// `rows` hold all that was acknowledged and nothing but what was appended.
testing::AssertionResult consistent(const Rows& rows, const Oracle& oracle) {
  for (const auto& [time, values] : oracle.acknowledged) {
    const auto at = rows.find(time);
    if (at == rows.end()) return testing::AssertionFailure() << "lost " << format_time(time);
    if (at->second != values) return testing::AssertionFailure() << "wrong " << format_time(time);
  }
  for (const auto& [time, values] : rows) {
    const auto at = oracle.appended.find(time);
    if (at == oracle.appended.end() || at->second != values) {
      return testing::AssertionFailure() << "invented " << format_time(time);
    }
  }
  return testing::AssertionSuccess();
}

/// Recovers, checks, goes on writing, seals and reads again.
testing::AssertionResult recovers(SimFileSystem& files, const Oracle& oracle) {
  Oracle more = oracle;
  {
    Result<Writing> writing = open_writing(files);
    if (!writing) return testing::AssertionFailure() << "open: " << writing.error().message();
    if (writing->writer->recovery().damaged()) {
      return testing::AssertionFailure() << "a crash was taken for damage";
    }
    const auto done = commit_known(*writing->writer, page(3'000, 3'005), more);
    if (!done) return testing::AssertionFailure() << "commit: " << done.error().message();
    more.acknowledged = oracle.acknowledged;
    more.acknowledged.merge(rows_of(page(3'000, 3'005)));
    if (const auto sealed = writing->writer->seal(); !sealed) {
      return testing::AssertionFailure() << "seal: " << sealed.error().message();
    }
  }
  const Result<Rows> rows = read_store(files);
  if (!rows) return testing::AssertionFailure() << "read: " << rows.error().message();
  return consistent(*rows, more);
}

TEST(Interruption, APowerLossBeforeAnyOperationTakesNothingAcknowledged) {
  SimFileSystem files;
  Oracle oracle;
  std::size_t states = 0;
  files.before_each = [&](const Operation& operation) {
    if (!operation.mutates()) return;
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      SimFileSystem crashed(files.disk().after_crash(seed));
      ASSERT_TRUE(recovers(crashed, oracle))
          << "seed " << seed << " before " << operation.text() << "\n"
          << crashed.recent(10);
      ++states;
    }
  };
  const Result<void> done = standard_run(files, oracle);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_GT(states, 700U);
}

TEST(Interruption, APowerLossDuringRecoveryTakesNothingEither) {
  // First a kill that leaves an unproven log, then a power loss at each operation of its recovery.
  SimFileSystem first;
  Oracle oracle;
  {
    Result<Writing> writing = open_writing(first);
    ASSERT_TRUE(writing);
    for (std::int64_t i = 0; i < 4; ++i) {
      ASSERT_TRUE(commit_known(*writing->writer, page(i * 5, i * 5 + 5), oracle));
    }
  }
  first.kill();
  SimFileSystem files(first.disk());
  files.before_each = [&](const Operation& operation) {
    if (!operation.mutates()) return;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      SimFileSystem crashed(files.disk().after_crash(seed));
      ASSERT_TRUE(recovers(crashed, oracle)) << "seed " << seed << " before " << operation.text();
    }
  };
  ASSERT_TRUE(open_writing(files));
}

TEST(Interruption, AnyFailedOperationLeavesAStoreThatRecovers) {
  for (const int error : {EIO, ENOSPC}) {
    for (const auto times : {SimFileSystem::Times::kOnce, SimFileSystem::Times::kForEver}) {
      for (std::uint64_t n = 1;; ++n) {
        SimFileSystem files;
        Oracle oracle;
        files.fail_short_at(n, error, times);
        const Result<void> done = standard_run(files, oracle);
        if (!files.fault_hit()) {
          EXPECT_TRUE(done) << done.error().message();
          break;
        }
        // The process goes on when the fault is over, without a reboot; then the power fails.
        files.fail_at(0, 0);
        ASSERT_TRUE(recovers(files, oracle)) << "operation " << n << "\n" << files.recent();
        SimFileSystem crashed(files.disk().after_crash(n));
        ASSERT_TRUE(recovers(crashed, oracle)) << "power loss after operation " << n;
      }
    }
  }
}

TEST(Interruption, ASealThatRanOutOfSpaceCanBeRepeated) {
  std::size_t repeated = 0;
  for (std::uint64_t n = 1;; ++n) {
    SimFileSystem files;
    Oracle oracle;
    Result<Writing> writing = open_writing(files);
    ASSERT_TRUE(writing);
    ASSERT_TRUE(commit_known(*writing->writer, page(1'400, 1'480), oracle));
    files.fail_short_at(files.operations() + n, ENOSPC);
    const Result<void> sealed = writing->writer->seal();
    if (!files.fault_hit()) break;
    files.fail_at(0, 0);
    const Result<void> again = writing->writer->seal();
    // A failed sync, and a manifest of which nobody knows whether it is durable, end the writer.
    if (!again) {
      ASSERT_EQ(again.error().message(), sealed.error().message()) << "operation " << n;
      writing = Writing{};
      ASSERT_TRUE(recovers(files, oracle)) << "operation " << n << "\n" << files.recent();
      continue;
    }
    ++repeated;
    ASSERT_TRUE(commit_known(*writing->writer, page(1'480, 1'500), oracle)) << "operation " << n;
    const Result<Rows> rows = read_store(files, {.live = true});
    ASSERT_TRUE(rows) << rows.error().message() << "\n" << files.recent();
    EXPECT_EQ(*rows, oracle.appended) << "operation " << n;
  }
  EXPECT_GT(repeated, 10U);
}

TEST(Interruption, AReaderBesideTheWriterAlwaysSeesAConsistentStore) {
  SimFileSystem files;
  Oracle oracle;
  std::size_t reads = 0;
  Rows last;
  files.before_each = [&](const Operation& operation) {
    if (!operation.mutates()) return;
    SimFileSystem other(files.disk());
    for (const bool live : {false, true}) {
      const Result<Rows> rows = read_store(other, {.provenance = true, .live = live});
      if (!rows) {
        EXPECT_EQ(rows.error().code(), Code::kNotFound) << rows.error().message();
        EXPECT_TRUE(oracle.acknowledged.empty()) << "before " << operation.text();
        continue;
      }
      ++reads;
      Oracle seen = oracle;
      if (!live) {
        // What was seen as durable stays; the last commit may not be proven yet.
        seen.acknowledged = last;
        last = *rows;
      }
      ASSERT_TRUE(consistent(*rows, seen)) << "before " << operation.text();
    }
  };
  ASSERT_TRUE(standard_run(files, oracle));
  EXPECT_GT(reads, 100U);
}

TEST(Interruption, DamageInTheMiddleOfALogIsReportedKeptAsideAndHealed) {
  SimFileSystem files;
  Oracle oracle;
  {
    Result<Writing> writing = open_writing(files);
    ASSERT_TRUE(writing);
    for (std::int64_t i = 0; i < 6; ++i) {
      ASSERT_TRUE(commit_known(*writing->writer, page(i * 10, i * 10 + 10), oracle));
    }
  }
  const std::string log = kSeries.path() + "/0001.log";
  const std::uint64_t size = files.disk().size(files.disk().find(log));
  files.kill();
  for (std::uint64_t at = 0; at < size; at += 5) {
    SimFileSystem damaged(files.disk());
    damaged.disk().flip_bit(damaged.disk().find(log), at, 4);
    const Result<Writing> writing = open_writing(damaged);
    ASSERT_TRUE(writing) << writing.error().message();
    const RecoveryReport& report = writing->writer->recovery();
    const Rows rows = scan_all(*writing->store->read(kSeries).value()).value();
    ASSERT_TRUE(consistent(rows, Oracle{{}, oracle.appended})) << "byte " << at;
    EXPECT_EQ(rows.size(), 50U) << "one frame of ten rows is lost by byte " << at;
    if (!report.damaged()) {
      EXPECT_EQ(rows, rows_of(page(0, 50)))
          << "only the last commit may go unreported, byte " << at;
      continue;
    }
    EXPECT_NE(damaged.disk().find(report.quarantine), 0U) << report.quarantine;
    EXPECT_EQ(damaged.disk().size(damaged.disk().find(report.quarantine)), size);
    // What was lost is missing, not absent: the next run fetches it.
    const SlotCounts counts = writing->writer->gaps().count({minute(0), minute(60)});
    EXPECT_EQ(counts.held, 50);
    EXPECT_EQ(counts.missing, 10);
  }
}

}  // namespace
}  // namespace bf::store::test
