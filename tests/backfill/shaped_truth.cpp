#include "tests/backfill/shaped_truth.h"

#include <algorithm>

namespace bf::test {
namespace {

constexpr std::uint64_t kRevisedSeed = 0x7265766973656421;

sim::GeneratedOptions without_outages(std::size_t symbols, std::uint64_t seed) {
  sim::GeneratedOptions options;
  options.seed = seed;
  options.symbols = symbols;
  options.outage_every_days = 0;
  return options;
}

sim::GeneratedOptions with_seed(sim::GeneratedOptions options, std::uint64_t seed) {
  options.seed = seed;
  return options;
}

}  // namespace

ShapedTruth::ShapedTruth(std::size_t symbols, std::uint64_t seed)
    : ShapedTruth(without_outages(symbols, seed)) {}

ShapedTruth::ShapedTruth(const sim::GeneratedOptions& options)
    : rows_(options), revised_rows_(with_seed(options, options.seed ^ kRevisedSeed)) {
  for (const sim::Market market : sim::kMarkets) {
    const std::span<const sim::SimInstrument> all = rows_.instruments(market);
    instruments_[static_cast<std::size_t>(market)].assign(all.begin(), all.end());
  }
}

void ShapedTruth::add_hole(const std::string& symbol, TimeRange hole) { holes_[symbol].add(hole); }

void ShapedTruth::clear_holes() { holes_.clear(); }

void ShapedTruth::set_life(const std::string& symbol, TimeRange life) {
  for (std::vector<sim::SimInstrument>& market : instruments_) {
    for (sim::SimInstrument& instrument : market) {
      if (instrument.symbol == symbol) instrument.life = life;
    }
  }
}

void ShapedTruth::revise(TimeRange range) { revised_.add(range); }

std::span<const sim::SimInstrument> ShapedTruth::instruments(sim::Market market) const noexcept {
  return instruments_[static_cast<std::size_t>(market)];
}

std::vector<Interval> ShapedTruth::intervals(sim::Market market, std::string_view symbol) const {
  return rows_.intervals(market, symbol);
}

RangeSet ShapedTruth::existing(sim::Market market, std::string_view symbol, TimeRange opens) const {
  const sim::SimInstrument* const instrument = find_instrument(*this, market, symbol);
  if (instrument == nullptr) return {};
  RangeSet there(opens.intersect(instrument->life));
  const auto holes = holes_.find(symbol);
  if (holes != holes_.end()) there.subtract(holes->second);
  return there;
}

sim::RowsInfo ShapedTruth::append_rows(const sim::SimSeries& series, const sim::RowQuery& query,
                                       std::string& out) const {
  struct Piece {
    TimeRange opens;
    const sim::GeneratedTruth* truth;
  };
  std::vector<Piece> pieces;
  const RangeSet there = existing(series.market, series.symbol, query.opens);
  for (const TimeRange& range : there.ranges()) {
    RangeSet kept(range);
    kept.subtract(revised_);
    for (const TimeRange& opens : kept.ranges()) pieces.push_back({opens, &rows_});
    const RangeSet changed = revised_.intersect(range);
    for (const TimeRange& opens : changed.ranges()) pieces.push_back({opens, &revised_rows_});
  }
  std::sort(pieces.begin(), pieces.end(),
            [](const Piece& a, const Piece& b) { return a.opens.from < b.opens.from; });
  sim::RowsInfo info;
  for (const Piece& piece : pieces) {
    if (info.rows == query.rows_max) break;
    std::string rows;
    const sim::RowsInfo part = piece.truth->append_rows(
        series, {piece.opens, query.rows_max - info.rows, /*newest=*/false}, rows);
    if (part.rows == 0) continue;
    if (info.rows == 0) {
      info.first_open = part.first_open;
    } else {
      out += ',';
    }
    out += rows;
    info.last_open = part.last_open;
    info.rows += part.rows;
  }
  return info;
}

}  // namespace bf::test
