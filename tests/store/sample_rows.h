// tests/store/sample_rows.h
//
// Series, pages and stores for the tests of the store: small, deterministic, and readable as text.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "store/row_order.h"
#include "store/store.h"
#include "tests/support/sim_file_system.h"

namespace bf::store::test {

using bf::test::Operation;
using bf::test::Random;
using bf::test::SimDisk;
using bf::test::SimFileSystem;

inline const Series kSeries{{"binance", "um", "BTCUSDT"}, Kind::kCandles, Interval::k1m};
/// 2024-01-31T00:00:00Z: a day before the end of a span.
inline constexpr TimeMs kStart = 1'706'659'200'000;

[[nodiscard]] inline TimeMs minute(std::int64_t n) { return kStart + n * kMinuteMs; }

/// The candle of minute `n` as `version` of it; versions differ in their close and volume.
inline void append_candle(CandleBatch& rows, std::int64_t n, std::int64_t version = 0) {
  Random random(static_cast<std::uint64_t>(n));
  const auto noise = [&random](std::uint64_t bound) {
    return static_cast<std::int64_t>(random.below(bound));
  };
  const std::int64_t open = 4'300'000 + n * 7 + noise(500);
  const std::int64_t close = open + noise(300) - 150 + version;
  const std::int64_t volume = 1'000 + noise(100'000) + version;
  rows.append(Column::kOpenTime, Decimal{minute(n), 0});
  rows.append(Column::kOpen, Decimal{open, 2});
  rows.append(Column::kHigh, Decimal{std::max(open, close) + noise(90), 2});
  rows.append(Column::kLow, Decimal{std::min(open, close) - noise(90), 2});
  rows.append(Column::kClose, Decimal{close, 2});
  rows.append(Column::kVolume, Decimal{volume, 3});
  if (!rows.columns.contains(Column::kTrades)) return;
  rows.append(Column::kQuoteVolume, Decimal{volume * close, 5});
  rows.append(Column::kTrades, Decimal{noise(5'000), 0});
  rows.append(Column::kTakerBuyBase, Decimal{volume / 2, 3});
  rows.append(Column::kTakerBuyQuote, Decimal{volume / 2 * close, 5});
}

[[nodiscard]] inline Answer answer_for(TimeRange asked, const CandleBatch& rows,
                                       TimeMs asked_at = kStart + 40 * kDayMs) {
  Answer answer;
  answer.exchange = "binance";
  answer.asked = asked;
  answer.asked_at = asked_at;
  if (!rows.empty()) {
    answer.first_row = rows.open_time().front();
    answer.last_row = rows.open_time().back();
  }
  return answer;
}

/// Minutes [begin, end), all there.
[[nodiscard]] inline AnsweredRows page(std::int64_t begin, std::int64_t end,
                                       std::int64_t version = 0,
                                       TimeMs asked_at = kStart + 40 * kDayMs,
                                       ColumnSet columns = kCandleColumns) {
  AnsweredRows page;
  page.rows.columns = columns;
  for (std::int64_t n = begin; n < end; ++n) append_candle(page.rows, n, version);
  page.answer = answer_for({minute(begin), minute(end)}, page.rows, asked_at);
  return page;
}

/// What a scan returns, by open time: the row's values as text.
using Rows = std::map<TimeMs, std::string>;

inline void add_rows(Rows& out, const CandleBatch& rows) {
  for (std::size_t i = 0; i < rows.row_count(); ++i) out[rows.open_time()[i]] = row_values(rows, i);
}
[[nodiscard]] inline Rows rows_of(const AnsweredRows& page) {
  Rows rows;
  add_rows(rows, page.rows);
  return rows;
}

/// Reads all rows in `range`; checks on the way that batches keep what store.h says of them.
[[nodiscard]] Result<Rows> scan_all(const SeriesSnapshot& snapshot, TimeRange range = {0, kTimeMax},
                                    ColumnSet columns = kAllColumns, ScanOptions options = {});
/// Opens the store for reading, pins kSeries, verifies it and reads all rows.
[[nodiscard]] Result<Rows> read_store(FileSystem& files, ScanOptions options = {});

/// Opens the store for writing, and `series` in it.
struct Writing {
  std::unique_ptr<Store> store;
  std::unique_ptr<SeriesWriter> writer;
};
[[nodiscard]] Result<Writing> open_writing(FileSystem& files, const Series& series = kSeries);

/// Appends and syncs one page.
[[nodiscard]] Result<void> commit(SeriesWriter& writer, const AnsweredRows& page);

}  // namespace bf::store::test
