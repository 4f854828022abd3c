// tests/fuzz/bybit_fuzz.cpp
//
// Goal: the fast reader of Bybit's candles and a plain one agree on every document: both refuse it, or
// both read the same values. Method: what is no JSON at all, and texts with escapes, may only be refused
// or read without harm; lists, times and errors are read for what the sanitizers see.
#include "engine/exchange/bybit.h"

#include "store/base/assert.h"
#include "tests/fuzz/plain_rows.h"

namespace bf::fuzz {
namespace {

using exchange::Bybit;

/// The rows of a document; nullopt where it is no page of `category`.
std::optional<Table> read_slowly(const PlainValue& document, const Bybit& market,
                                 const Series& series, std::span<const Column> columns) {
  if (document.kind != PlainValue::Kind::kObject || document.count("result") != 1)
    return std::nullopt;
  for (std::size_t i = 0; i < document.names.size(); ++i) {
    const std::string& key = document.names[i];
    const PlainValue& value = document.elements[i];
    if (key == "retCode" && digits_of(value) != 0) return std::nullopt;
    if (key == "time" && !time_of(value)) return std::nullopt;
  }
  if (document.count("retCode") == 0) return std::nullopt;
  const PlainValue& result = *document.member("result");
  if (result.kind != PlainValue::Kind::kObject || result.count("list") != 1) return std::nullopt;
  for (std::size_t i = 0; i < result.names.size(); ++i) {
    const std::string& key = result.names[i];
    const PlainValue& value = result.elements[i];
    const bool wrong_text = value.kind != PlainValue::Kind::kText;
    if (key == "category" && (wrong_text || value.text != market.market())) return std::nullopt;
    if (key == "symbol" && (wrong_text || value.text != series.instrument.symbol)) {
      return std::nullopt;
    }
  }
  const PlainValue& list = *result.member("list");
  if (list.kind != PlainValue::Kind::kArray) return std::nullopt;
  Table table;
  for (const PlainValue& row : list.elements) {
    if (row.kind != PlainValue::Kind::kArray || row.elements.size() != columns.size())
      return std::nullopt;
    std::vector<std::string> cells;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::optional<std::string> text = cell(row.elements[i], columns[i]);
      if (!text) return std::nullopt;
      cells.push_back(*text);
    }
    table.push_back(std::move(cells));
  }
  return table;
}

void run(std::string_view input, Bybit::Category category, bf::Kind kind) {
  const Bybit market(category);
  const Series series{{"bybit", std::string(market.market()), "BTCUSDT"}, kind, Interval::k1m};
  std::vector<Column> columns = {Column::kOpenTime, Column::kOpen, Column::kHigh, Column::kLow,
                                 Column::kClose};
  if (kind == bf::Kind::kCandles) {
    const bool inverse = category == Bybit::Category::kInverse;
    columns.push_back(inverse ? Column::kQuoteVolume : Column::kVolume);
    columns.push_back(inverse ? Column::kVolume : Column::kQuoteVolume);
  }
  const PaddedInput padded(input);
  CandleBatch batch;
  const bool read = market.parse_candles(series, padded.view(), batch).has_value();
  const std::optional<PlainValue> document = read_plain(input);
  if (document && input.find('\\') == std::string_view::npos) {
    const std::optional<Table> slow = read_slowly(*document, market, series, columns);
    BF_ASSERT(read == slow.has_value());
    if (read) BF_ASSERT(table_of(batch, columns) == *slow);
  }
  (void)market.parse_instruments("", padded.view());
  (void)market.parse_server_time(padded.view());
  (void)market.failure({200, padded.view(), {}, false}, 1'700'000'000'000);
  (void)market.failure({403, padded.view(), {}, true}, 1'700'000'000'000);
}

}  // namespace
}  // namespace bf::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using bf::exchange::Bybit;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  bf::fuzz::run(input, Bybit::Category::kLinear, bf::Kind::kCandles);
  bf::fuzz::run(input, Bybit::Category::kInverse, bf::Kind::kCandles);
  bf::fuzz::run(input, Bybit::Category::kLinear, bf::Kind::kMark);
  return 0;
}
