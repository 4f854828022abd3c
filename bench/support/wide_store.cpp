#include "bench/support/wide_store.h"

#include <array>
#include <cstdio>

#include "store/base/interval.h"

namespace bf::bench {
namespace {

constexpr TimeMs kBegin = 1'704'067'200'000;  // 2024-01-01

Series series_of(std::size_t number) {
  std::array<char, 16> name{};
  std::snprintf(name.data(), name.size(), "S%03uUSDT", static_cast<unsigned>(number));
  return Series{{"binance", "um", name.data()}, Kind::kCandles, Interval::k1m};
}

/// `page` with its rows moved to the minutes from `begin` on.
void move_to(store::AnsweredRows& page, TimeMs begin) {
  TimeMs time = begin;
  for (TimeMs& open_time : page.rows.column(Column::kOpenTime).values) {
    open_time = time;
    time += kMinuteMs;
  }
  page.answer = answer_of(page.rows, 0, page.rows.row_count());
}

}  // namespace

WideStore::WideStore(const CandleFile& file, const WideStoreOptions& options)
    : range_{kBegin, advance_slots(Interval::k1mo, kBegin, options.months)} {
  if (file.rows.row_count() < options.rows) stop(file.name + " has too few rows");
  for (std::size_t i = 0; i < options.series; ++i) {
    all_.push_back(series_of(i));
    fill(all_.back(), file, options);
  }
}

void WideStore::fill(const Series& series, const CandleFile& file,
                     const WideStoreOptions& options) {
  const auto writer = value_of(store().writer(series));
  store::AnsweredRows page = page_of(file.rows, kCandleColumns, 0, options.rows);
  page.rows.odd_close_times.clear();
  for (int month = 0; month < options.months; ++month) {
    move_to(page, advance_slots(Interval::k1mo, kBegin, month));
    expect(writer->append(std::span(&page, 1)));
    rows_ += static_cast<std::int64_t>(page.rows.row_count());
  }
  expect(writer->sync());
  expect(writer->seal());
  expect(writer->close());
}

}  // namespace bf::bench
