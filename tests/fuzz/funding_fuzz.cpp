// tests/fuzz/funding_fuzz.cpp
//
// Goal: no answer about funding does worse than to be refused. Method: every market's reader gets every
// input; what it takes must hang together, and a refused answer must leave nothing behind.
#include "engine/exchange/market_api.h"
#include "store/base/assert.h"
#include "tests/fuzz/plain_json.h"

namespace bf::fuzz {
namespace {

void check(const std::vector<CandleBatch>& runs, ColumnSet columns) {
  const ColumnSet* before = nullptr;
  for (const CandleBatch& run : runs) {
    BF_ASSERT(!run.empty());
    BF_ASSERT(run.columns.intersect(columns) == run.columns);
    BF_ASSERT(run.columns.contains(Column::kFundingRate));
    BF_ASSERT(before == nullptr || !(*before == run.columns));
    for (std::size_t i = 0; i < kColumnCount; ++i) {
      if (!run.columns.contains(static_cast<Column>(i))) continue;
      BF_ASSERT(run.data[i].values.size() == run.row_count());
    }
    for (const TimeMs time : run.open_time()) BF_ASSERT(time >= kTimeMin && time < kTimeMax);
    before = &run.columns;
  }
}

void run(const PaddedInput& padded, std::string exchange, std::string market, std::string symbol) {
  const exchange::MarketApi& api = **exchange::find_market(exchange, market);
  const Series series{{std::move(exchange), std::move(market), std::move(symbol)},
                      bf::Kind::kFunding,
                      Interval::kEvents};
  std::vector<CandleBatch> runs;
  if (api.parse_events(series, padded.view(), runs)) {
    check(runs, api.columns(bf::Kind::kFunding));
  } else {
    BF_ASSERT(runs.empty());
  }
}

}  // namespace
}  // namespace bf::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bf::fuzz::PaddedInput padded({reinterpret_cast<const char*>(data), size});
  bf::fuzz::run(padded, "binance", "um", "BTCUSDT");
  bf::fuzz::run(padded, "okx", "swap", "BTC-USDT-SWAP");
  bf::fuzz::run(padded, "bybit", "linear", "BTCUSDT");
  bf::fuzz::run(padded, "blofin", "swap", "BTC-USDT");
  bf::fuzz::run(padded, "deribit", "futures", "BTC-PERPETUAL");
  return 0;
}
