// engine/backfill/fallback.h
//
// The chain of a market: others that fill, each in its turn, what its own source lacks. What is older
// than the own exchange's history, what it left out, and what it could not be asked for; never what was
// after the delisting, and never what the own source is still to be asked for. Rows of a fallback hold
// their slots until the own exchange has one: it ranks higher, whenever it comes.
//
// Instruments are matched by canonical symbol. Where their multipliers differ (1000BONK and BONK) prices
// and volumes are rescaled exactly; base volumes are coins everywhere, as each exchange's parser counts
// contracts by their size.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/backfill/instruments.h"
#include "engine/backfill/series_state.h"

namespace bf::backfill {

/// One market of a chain.
class FallbackMarket {
 public:
  FallbackMarket(async::Loop& loop, std::unique_ptr<MarketRun> market)
      : market_(std::move(market)), turn_(loop, 1) {}

  /// The instrument that stands for another exchange's.
  struct Link {
    Series series;
    TimeRange life;
    int price_shift = 0;
  };
  /// None where this market has no such instrument. Without `exact`, an instrument whose listing no list
  /// tells counts as there ever since.
  /// Errors: what kept the list away; kRejected for multipliers that do not fit; those of the ledger.
  [[nodiscard]] async::Task<Result<std::optional<Link>>> link_to(RunState& run,
                                                                 const SeriesTarget& target,
                                                                 bool exact,
                                                                 async::CancelToken cancel);

  /// Adds what fill() would ask for of `open`, and takes it out of `open`. As fill(), it says whether the
  /// exchange was found to have the instrument, or refused to tell: then its other markets are not asked.
  /// Errors: kCancelled, and what the ledger's write says.
  [[nodiscard]] async::Task<Result<bool>> plan(RunState& run, const SeriesTarget& target,
                                               const store::GapIndex& gaps, RangeSet& open,
                                               async::CancelToken cancel);
  /// Asks for `open` slots of the series, as far as this market had the instrument.
  /// Errors: those that end the series or the run. What else fails is in `own`'s report, and `own` is
  /// told what this market owes.
  [[nodiscard]] async::Task<Result<bool>> fill(SeriesState& own, const RangeSet& open,
                                               async::CancelToken cancel);

  [[nodiscard]] const MarketRun& market() const noexcept { return *market_; }
  [[nodiscard]] MarketRun& market() noexcept { return *market_; }
  [[nodiscard]] std::string_view exchange() const noexcept { return market_->api->exchange(); }
  /// What was planned, with the time that this market's limits impose.
  [[nodiscard]] std::vector<plan::SourceTotals> planned(int max_weight_percent) const;

 private:
  [[nodiscard]] async::Task<Result<void>> ensure_list(RunState& run, async::CancelToken cancel);
  [[nodiscard]] async::Task<Result<void>> read_list(RunState& run, async::CancelToken cancel);
  [[nodiscard]] async::Task<Result<void>> find_listing(RunState& run, const Series& series,
                                                       store::InstrumentFacts& facts,
                                                       async::CancelToken cancel);
  [[nodiscard]] store::InstrumentFacts* find(const SeriesTarget& target);
  /// What this market had of `open` and should be asked for.
  [[nodiscard]] RangeSet to_ask(const Link& link, const store::GapIndex& gaps,
                                const RangeSet& open) const;
  [[nodiscard]] async::Task<Result<void>> fetch(SeriesState& own, const Link& link,
                                                const RangeSet& open, async::CancelToken cancel);

  std::unique_ptr<MarketRun> market_;
  async::Semaphore turn_;  ///< of whoever asks for the list
  bool listed_ = false;
  std::optional<Error> list_failed_;
  KnownInstruments known_;
  std::multimap<std::string, std::string> by_canonical_;  ///< canonical symbol -> own name
  std::vector<plan::SourceTotals> planned_;
};

/// All of a market's fallbacks, in their order.
class Chain {
 public:
  void add(std::unique_ptr<FallbackMarket> market) { markets_.push_back(std::move(market)); }
  [[nodiscard]] bool empty() const noexcept { return markets_.empty(); }
  [[nodiscard]] const std::vector<std::unique_ptr<FallbackMarket>>& markets() const noexcept {
    return markets_;
  }

  /// What is known to be the fallbacks' part before anything was asked for. Errors: kCancelled; kIo.
  [[nodiscard]] async::Task<Result<void>> plan(RunState& run, const SeriesTarget& target,
                                               const store::GapIndex& gaps,
                                               async::CancelToken cancel);
  /// Asks each in its turn for what has no row yet, behind the own source's part of the run.
  /// Errors: those that end the series or the run.
  [[nodiscard]] async::Task<Result<void>> fill(SeriesState& own, async::CancelToken cancel);

 private:
  std::vector<std::unique_ptr<FallbackMarket>> markets_;
};

/// Slots of `target` without a row that fallbacks may fill. `not_given`: what the own source was asked
/// for in vain, or could not be asked for.
[[nodiscard]] RangeSet open_slots(const SeriesTarget& target, const store::GapIndex& gaps,
                                  const RangeSet& not_given, TimeMs now);

}  // namespace bf::backfill
