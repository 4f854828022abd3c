// bench/parse_bench.cpp
//
// Reading pages of Binance USD-M: 64 different bodies of 1,000 real rows, in turn. `engine` is what a run
// calls: validated columns of exact decimals, all ten. `simdjson` is On-Demand to int64 without a check.
//
//   parse_bench [Google Benchmark's flags]     from the project's root
//   --benchmark_enable_random_interleaving=true lets the two take turns
//
// Rates are of CPU time. Both readings of every body are compared, value by value, first.
#include "bench/support/bench_store.h"
#include "bench/support/kline_bodies.h"
#include "bench/support/simdjson_rows.h"
#include "engine/exchange/market_api.h"

namespace bf::bench {
namespace {

const Series kSeries = {{"binance", "um", "FILUSDT"}, Kind::kCandles, Interval::k1m};

class Bodies {
 public:
  Bodies() : api_(value_of(exchange::find_market("binance", "um"))) {
    bodies_ = value_of(um_kline_bodies("fixtures"));
  }
  void check() {
    for (const std::string& body : bodies_) {
      read_by_engine(body);
      read_by_simdjson(body);
      if (!batch_.wide.empty()) stop("a value is too wide for its column");
      for (std::size_t i = 0; i < SimdjsonRows::kColumns; ++i) compare(i);
    }
  }
  template <class Read>
  void run(benchmark::State& state, const Read& read) {
    std::size_t bytes = 0;
    for (auto _ : state) {
      for (const std::string& body : bodies_) {
        read(body);
        bytes += body.size();
      }
    }
    count_candles(state, bodies_.size() * kBodyRows);
    state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
  }
  void read_by_engine(const std::string& body) {
    expect(api_->parse_candles(kSeries, body, batch_));
    benchmark::DoNotOptimize(batch_.open_time().data());
  }
  void read_by_simdjson(const std::string& body) {
    if (!rows_.parse(body, body.capacity())) stop("simdjson cannot read a body");
    benchmark::DoNotOptimize(rows_.columns()[0].data());
  }

 private:
  /// Column `i` of both readings.
  void compare(std::size_t i) const {
    const ColumnValues& own = batch_.data[i];
    const std::vector<std::int64_t>& other = rows_.columns()[i];
    if (own.values.size() != kBodyRows || other.size() != kBodyRows) stop("rows are missing");
    const bool decimal = i != 0 && i != static_cast<std::size_t>(Column::kTrades);
    std::int64_t power = 1;
    for (int scale = own.scale; decimal && scale < SimdjsonRows::kScale; ++scale) power *= 10;
    for (std::size_t row = 0; row < kBodyRows; ++row) {
      if (own.values[row] * power != other[row]) stop("the two readings differ");
    }
  }

  const exchange::MarketApi* api_;
  std::vector<std::string> bodies_;
  CandleBatch batch_;
  SimdjsonRows rows_;
};

}  // namespace
}  // namespace bf::bench

int main(int argc, char** argv) {
  using namespace bf::bench;
  Bodies bodies;
  bodies.check();
  bench("parse/engine", [&bodies](benchmark::State& state) {
    bodies.run(state, [&bodies](const std::string& body) { bodies.read_by_engine(body); });
  });
  bench("parse/simdjson", [&bodies](benchmark::State& state) {
    bodies.run(state, [&bodies](const std::string& body) { bodies.read_by_simdjson(body); });
  });
  return run_benches(argc, argv);
}
