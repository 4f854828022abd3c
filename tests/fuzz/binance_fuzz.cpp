// tests/fuzz/binance_fuzz.cpp
//
// Goal: the fast reader of Binance's klines and a plain one agree on every document: both refuse it, or
// both read the same values. Method: what is no JSON at all, and texts with escapes, may only be refused
// or read without harm; lists, times, errors and the archive's checksums are read for what the sanitizers
// see.
#include "engine/exchange/market_api.h"
#include "store/base/assert.h"
#include "tests/fuzz/plain_rows.h"

namespace bf::fuzz {
namespace {

constexpr std::size_t kFields = 12;
constexpr std::size_t kCloseTimeField = 6;
/// Where the columns stand in a row.
constexpr std::pair<std::size_t, Column> kPlaces[] = {
    {0, Column::kOpenTime},     {1, Column::kOpen},
    {2, Column::kHigh},         {3, Column::kLow},
    {4, Column::kClose},        {5, Column::kVolume},
    {7, Column::kQuoteVolume},  {8, Column::kTrades},
    {9, Column::kTakerBuyBase}, {10, Column::kTakerBuyQuote},
};

/// The cells of `columns` in a row, and behind them when the candle closed.
std::optional<std::vector<std::string>> read_row(const PlainValue& row, ColumnSet columns) {
  if (row.kind != PlainValue::Kind::kArray || row.elements.size() != kFields) return std::nullopt;
  std::vector<std::string> cells;
  for (const auto& [place, column] : kPlaces) {
    if (!columns.contains(column)) continue;
    const PlainValue& value = row.elements[place];
    std::optional<std::string> text = cell(value, column);
    if (column == Column::kTrades) {
      const std::optional<std::int64_t> count = digits_of(value);
      text = count && !value.text.empty() ? std::optional(std::to_string(*count)) : std::nullopt;
    }
    if (!text) return std::nullopt;
    cells.push_back(*text);
  }
  const PlainValue& closed = row.elements[kCloseTimeField];
  const std::optional<TimeMs> time = time_of(closed);
  if (!time || closed.text.empty()) return std::nullopt;
  cells.push_back(std::to_string(*time));
  return cells;
}

std::optional<Table> read_slowly(const PlainValue& document, ColumnSet columns) {
  if (document.kind != PlainValue::Kind::kArray) return std::nullopt;
  Table table;
  for (const PlainValue& row : document.elements) {
    std::optional<std::vector<std::string>> cells = read_row(row, columns);
    if (!cells) return std::nullopt;
    table.push_back(std::move(*cells));
  }
  return table;
}

Table table_with_close_times(const CandleBatch& batch, ColumnSet columns) {
  std::vector<Column> listed;
  for (const auto& [place, column] : kPlaces) {
    if (columns.contains(column)) listed.push_back(column);
  }
  Table table = table_of(batch, listed);
  for (std::size_t row = 0; row < table.size(); ++row) {
    const TimeMs odd = batch.odd_close_time(row);
    const TimeMs usual = next_slot(Interval::k1m, batch.open_time()[row]) - 1;
    table[row].push_back(std::to_string(odd != 0 ? odd : usual));
  }
  return table;
}

void run(std::string_view input, std::string market, bf::Kind kind) {
  const exchange::MarketApi& api = **exchange::find_market("binance", market);
  const Series series{{"binance", std::move(market), "BTCUSDT"}, kind, Interval::k1m};
  const ColumnSet columns = api.columns(kind);
  const PaddedInput padded(input);
  CandleBatch batch;
  const bool read = api.parse_candles(series, padded.view(), batch).has_value();
  const std::optional<PlainValue> document = read_plain(input);
  if (document && input.find('\\') == std::string_view::npos) {
    const std::optional<Table> slow = read_slowly(*document, columns);
    BF_ASSERT(read == slow.has_value());
    if (read) BF_ASSERT(table_with_close_times(batch, columns) == *slow);
  }
  (void)api.parse_instruments("", padded.view());
  (void)api.parse_server_time(padded.view());
  (void)api.failure({200, padded.view(), {}, false}, 1'700'000'000'000);
  (void)api.failure({418, padded.view(), {}, true}, 1'700'000'000'000);
  (void)exchange::find_archive("binance", api.market())->parse_checksum(padded.view());
}

}  // namespace
}  // namespace bf::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  bf::fuzz::run(input, "um", bf::Kind::kCandles);
  bf::fuzz::run(input, "spot", bf::Kind::kCandles);
  bf::fuzz::run(input, "um", bf::Kind::kMark);
  return 0;
}
