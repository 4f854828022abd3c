// tests/store/store_copy_test.cpp
//
// Goal: a copy of a store has what was proven durable at one instant, whatever a writer does meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/store_copy.h"
#include "tests/store/sample_rows.h"

namespace bf::store::test {
namespace {

using testing::HasSubstr;

Result<void> no_links(const std::string&) { return fail(Code::kIo, "no links here"); }

TEST(StoreCopy, HasWhatIsDurable) {
  SimFileSystem from;
  const Writing writing = open_writing(from).value();
  ASSERT_TRUE(commit(*writing.writer, page(0, 1'500)));
  ASSERT_TRUE(writing.writer->seal());
  ASSERT_TRUE(commit(*writing.writer, page(1'500, 1'600)));
  ASSERT_TRUE(commit(*writing.writer, page(1'600, 1'650)));
  const AnsweredRows unsynced = page(1'650, 1'700);
  ASSERT_TRUE(writing.writer->append({&unsynced, 1}));

  SimFileSystem to;
  const StoreCopy copy = copy_store(from, to, no_links).value();
  EXPECT_EQ(copy.series, 1U);
  EXPECT_EQ(copy.segments_copied, 2U);
  EXPECT_EQ(copy.segments_linked, 0U);
  to.crash(0);  // all that is volatile is lost: the gap cache at most
  const Rows rows = read_store(to).value();
  // Each frame carries the proof of those before it: the last synced one is proven by the unsynced one.
  EXPECT_EQ(rows.size(), 1'650U);
  EXPECT_EQ(rows.begin()->first, minute(0));
  EXPECT_EQ(rows.rbegin()->first, minute(1'649));

  const Writing goes_on = open_writing(to).value();
  EXPECT_FALSE(goes_on.writer->recovery().damaged());
  ASSERT_TRUE(commit(*goes_on.writer, page(1'650, 1'700)));
  ASSERT_TRUE(goes_on.writer->close());
  EXPECT_EQ(read_store(to).value().size(), 1'700U);
}

TEST(StoreCopy, BeginsAnewWhereAWriterReplacedTheSeries) {
  for (std::uint64_t at = 1; at < 60; ++at) {
    SCOPED_TRACE(at);
    SimFileSystem from;
    const Writing writing = open_writing(from).value();
    for (std::int64_t n = 0; n < 3; ++n) {
      ASSERT_TRUE(commit(*writing.writer, page(n * 100, n * 100 + 100)));
      ASSERT_TRUE(writing.writer->seal());
    }
    ASSERT_TRUE(commit(*writing.writer, page(300, 400)));
    ASSERT_TRUE(commit(*writing.writer, page(400, 500)));
    const std::uint64_t due = from.operations() + at;
    bool done = false;
    from.before_each = [&](const Operation& operation) {
      if (done || operation.number < due) return;
      done = true;
      EXPECT_TRUE(writing.writer->compact());
      EXPECT_TRUE(commit(*writing.writer, page(500, 600)));
    };
    SimFileSystem to;
    const Result<StoreCopy> copy = copy_store(from, to, no_links);
    from.before_each = nullptr;
    ASSERT_TRUE(copy) << copy.error().message();
    const Rows rows = read_store(to).value();
    EXPECT_GE(rows.size(), 400U);
    EXPECT_LE(rows.size(), 600U);
    EXPECT_EQ(std::next(rows.begin(), 399)->first, minute(399));
    if (!done) break;
  }
}

TEST(StoreCopy, IsNoStoreWhereItWasCutShort) {
  SimFileSystem from;
  {
    const Writing writing = open_writing(from).value();
    ASSERT_TRUE(commit(*writing.writer, page(0, 100)));
    ASSERT_TRUE(writing.writer->seal());
  }
  for (std::uint64_t stop = 1;; ++stop) {
    SimFileSystem to;
    to.stop_at(stop);
    const bool done = copy_store(from, to, no_links).has_value();
    to.crash(stop % 4);
    const Result<Rows> rows = read_store(to);
    if (rows) {
      EXPECT_EQ(rows->size(), 100U) << "cut at " << stop;
    }
    if (done) {
      EXPECT_TRUE(rows);
      break;
    }
  }
}

TEST(StoreCopy, StopsAtWhatIsLost) {
  SimFileSystem from;
  {
    const Writing writing = open_writing(from).value();
    ASSERT_TRUE(commit(*writing.writer, page(0, 100)));
    ASSERT_TRUE(writing.writer->seal());
  }
  ASSERT_TRUE(from.remove(kSeries.path() + "/0001.seg"));
  SimFileSystem to;
  const Result<StoreCopy> copy = copy_store(from, to, no_links);
  ASSERT_FALSE(copy);
  EXPECT_EQ(copy.error().code(), Code::kCorrupt);
  EXPECT_THAT(copy.error().message(), HasSubstr("scrub --repair"));
}

}  // namespace
}  // namespace bf::store::test
