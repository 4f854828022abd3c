// engine/backfill/run_state.h
//
// What the parts of a run share while it goes on.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "engine/async/semaphore.h"
#include "engine/backfill/archive_client.h"
#include "engine/backfill/market_client.h"
#include "engine/backfill/store_pump.h"
#include "engine/limits/ban_file.h"

namespace bf::backfill {

/// An answer that cannot be read or contradicts itself is asked for so often.
inline constexpr int kReadAttemptsMax = 3;

/// One market as all series of a run share it.
struct MarketRun {
  MarketRun(async::Loop& loop, std::int64_t concurrency, std::int64_t archive_concurrency)
      : in_flight(loop, concurrency), archive_in_flight(loop, archive_concurrency) {}

  const exchange::MarketApi* api = nullptr;
  const Selection* selection = nullptr;   ///< null for a fallback, of which nothing is selected
  bool has_fallbacks = false;             ///< others may fill what this one lacks
  std::shared_ptr<limits::BanFile> bans;  ///< null: bans do not outlive the process
  std::shared_ptr<limits::BudgetFile> budget;  ///< null: other processes have limits of their own
  std::shared_ptr<limits::RateLimiter> limiter;
  bool shares_limiter = false;  ///< with a market of the run that was opened before
  std::unique_ptr<MarketClient> client;
  std::unique_ptr<ArchiveClient> archive;  ///< null where the market has none
  async::Semaphore in_flight;
  async::Semaphore archive_in_flight;
  /// The most rows of a page that the exchange was seen to serve in this run, where documents say more.
  std::uint32_t page_rows_max = std::numeric_limits<std::uint32_t>::max();
};

/// What all series of a run share.
struct RunState {
  RunState(Services& services_in, const RunOptions& options_in, StorePump* pump_in, bool keeps_in)
      : services(services_in), options(options_in), pump(pump_in), keeps(keeps_in) {}

  [[nodiscard]] Series series_of(const MarketRun& market, std::string symbol) const {
    Series series;
    series.instrument.exchange = market.api->exchange();
    series.instrument.market = market.api->market();
    series.instrument.symbol = std::move(symbol);
    series.kind = options.kind;
    series.interval = options.interval;
    return series;
  }

  Services& services;
  const RunOptions& options;
  StorePump* pump;  ///< null where no candle is fetched
  bool keeps;       ///< what lists say is written into the ledger; false for a plan
  Progress progress;
};

/// What is asked of one series.
struct SeriesTarget {
  Series series;
  TimeRange asked;
  TimeRange wanted;  ///< cut to the instrument's life and to now
  /// The asked slots that fallbacks may fill: as `wanted`, with those before the listing and those that
  /// are not served any more.
  TimeRange fillable;
  std::string canonical;  ///< the instrument's canonical symbol; "" where it is not known
  std::string multiplier = "1";
  TimeMs listed = 0;            ///< as far as it is known; kTimeMin: it is not
  std::int64_t not_listed = 0;  ///< asked slots outside the instrument's life
  std::int64_t not_served = 0;  ///< asked slots older than what the exchange still serves
};

}  // namespace bf::backfill
