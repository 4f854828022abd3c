// tests/fuzz/bitunix_fuzz.cpp
//
// Goal and method as bybit_fuzz.cpp's, of Bitunix: its rows are objects. Which volume is which is judged
// by the page and taken from the reader; that both are those of the document is asserted.
#include "engine/exchange/bitunix_futures.h"

#include "store/base/assert.h"
#include "tests/fuzz/plain_rows.h"

namespace bf::fuzz {
namespace {

constexpr std::pair<std::string_view, Column> kMembers[] = {
    {"time", Column::kOpenTime},       {"open", Column::kOpen},
    {"high", Column::kHigh},           {"low", Column::kLow},
    {"close", Column::kClose},         {"baseVol", Column::kVolume},
    {"quoteVol", Column::kQuoteVolume}};

/// The rows of a document; nullopt where it is no page.
std::optional<Table> read_slowly(const PlainValue& document) {
  if (document.kind != PlainValue::Kind::kObject) return std::nullopt;
  if (document.count("data") != 1 || document.count("code") != 1) return std::nullopt;
  const PlainValue& code = *document.member("code");
  if (code.text.empty() || digits_of(code) != 0) return std::nullopt;
  const PlainValue& data = *document.member("data");
  if (data.kind != PlainValue::Kind::kArray) return std::nullopt;
  Table table;
  for (const PlainValue& row : data.elements) {
    if (row.kind != PlainValue::Kind::kObject) return std::nullopt;
    std::vector<std::string> cells;
    for (const auto& [name, column] : kMembers) {
      if (row.count(name) != 1) return std::nullopt;
      const std::optional<std::string> text = cell(*row.member(name), column);
      if (!text) return std::nullopt;
      cells.push_back(*text);
    }
    table.push_back(std::move(cells));
  }
  return table;
}

void run(std::string_view input) {
  const exchange::BitunixFutures market;
  const Series series{{"bitunix", "futures", "BTCUSDT"}, Kind::kCandles, Interval::k1m};
  const PaddedInput padded(input);
  CandleBatch batch;
  const bool read = market.parse_candles(series, padded.view(), batch).has_value();
  const std::optional<PlainValue> document = read_plain(input);
  if (document && input.find('\\') == std::string_view::npos) {
    const std::optional<Table> slow = read_slowly(*document);
    BF_ASSERT(read == slow.has_value());
    if (read) {
      std::vector<Column> columns;
      for (const auto& [name, column] : kMembers) columns.push_back(column);
      const bool as_named = table_of(batch, columns) == *slow;
      std::swap(columns[5], columns[6]);
      BF_ASSERT(as_named || table_of(batch, columns) == *slow);
    }
  }
  (void)market.parse_instruments("", padded.view());
  (void)market.failure({200, padded.view(), {}, false}, 1'700'000'000'000);
}

}  // namespace
}  // namespace bf::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bf::fuzz::run(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
