// tests/store/store_model_test.cpp
//
// Goal: order does not matter, and the store is what a map of rows would be. Method: random pages in
// random order, with random seals, reopenings and kills between them, against a model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/store/sample_rows.h"

namespace bf::store::test {
namespace {

/// The model: per open time the answer and values that stand.
class Model {
 public:
  void add(const AnsweredRows& page) {
    for (std::size_t i = 0; i < page.rows.row_count(); ++i) {
      const TimeMs time = page.rows.open_time()[i];
      const std::string values = row_values(page.rows, i);
      const auto at = rows_.find(time);
      if (at != rows_.end() && !stands(page.answer, values, at->second)) continue;
      rows_[time] = Entry{page.answer, values};
    }
  }
  [[nodiscard]] Rows rows() const {
    Rows rows;
    for (const auto& [time, entry] : rows_) rows[time] = entry.values;
    return rows;
  }

 private:
  struct Entry {
    Answer answer;
    std::string values;
  };
  static bool stands(const Answer& answer, const std::string& values, const Entry& against) {
    const auto rank = compare_rank(answer, against.answer, kSeries.instrument.exchange);
    return rank != 0 ? rank > 0 : values > against.values;
  }

  std::map<TimeMs, Entry> rows_;
};

/// A page of random rows: holes, versions, channels, exchanges, columns, ties of rank.
AnsweredRows random_page(Random& random) {
  const auto begin = static_cast<std::int64_t>(random.below(3'000));
  const auto end =
      begin + 1 + static_cast<std::int64_t>(random.below(random.chance(10) ? 2'000 : 120));
  AnsweredRows page;
  page.rows.columns = random.chance(15) ? kOhlcvColumns : kCandleColumns;
  const unsigned kept = random.chance(50) ? 100 : static_cast<unsigned>(random.below(101));
  for (std::int64_t n = begin; n < end; ++n) {
    if (!random.chance(kept)) continue;
    append_candle(page.rows, n, random.chance(20) ? static_cast<std::int64_t>(random.below(5)) : 0);
  }
  if (!page.rows.empty() && random.chance(20))
    page.rows.column(Column::kOpenTime).values.back() += 11;
  page.answer = answer_for({minute(begin), minute(end)}, page.rows,
                           kStart + static_cast<TimeMs>(random.below(5)) * kDayMs);
  page.answer.channel = static_cast<Channel>(1 + random.below(4));
  if (random.chance(20)) page.answer.exchange = random.chance(50) ? "okx" : "bybit";
  return page;
}

RangeSet slots_of(const Rows& rows) {
  RangeSet slots;
  for (const auto& [time, values] : rows) {
    slots.add({slot_begin(Interval::k1m, time), next_slot(Interval::k1m, time)});
  }
  return slots;
}

void run_seed(std::uint64_t seed) {
  Random random(seed);
  SimFileSystem files;
  Model model;
  Result<Writing> writing = open_writing(files);
  ASSERT_TRUE(writing);
  for (int step = 0; step < 40; ++step) {
    std::vector<AnsweredRows> pages;
    for (std::uint64_t n = 1 + random.below(3); n > 0; --n) pages.push_back(random_page(random));
    for (const AnsweredRows& page : pages) model.add(page);
    ASSERT_TRUE(writing->writer->append(pages));
    ASSERT_TRUE(writing->writer->sync());
    if (random.chance(25)) {
      const Result<void> sealed = writing->writer->seal();
      ASSERT_TRUE(sealed) << sealed.error().message();
    }
    if (random.chance(15)) {
      const bool killed = random.chance(50);
      if (!killed) {
        ASSERT_TRUE(writing->writer->close());
      }
      writing = Writing{};
      if (killed) files.kill();
      if (random.chance(30)) files.crash(random.next());
      writing = open_writing(files);
      ASSERT_TRUE(writing) << writing.error().message();
    }
    if (step % 8 != 7) continue;
    const Result<Rows> rows = read_store(files, {.provenance = true, .live = true});
    ASSERT_TRUE(rows) << rows.error().message();
    ASSERT_EQ(*rows, model.rows()) << "seed " << seed << " step " << step;
    ASSERT_EQ(writing->writer->gaps().held(), slots_of(*rows))
        << "seed " << seed << " step " << step;
  }
}

TEST(StoreModel, IsWhatAMapOfRowsWouldBe) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    run_seed(seed);
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace bf::store::test
