// engine/plan/planner.h
//
// What to ask for: wanted minus covered, as the cheapest set of requests. Pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/exchange/market_api.h"
#include "engine/limits/limit_rule.h"
#include "store/base/range_set.h"

namespace bf::plan {

/// One REST page: ask for exactly the open times in `window`.
struct PageWindow {
  TimeRange window;            ///< slot to slot
  std::uint32_t rows_max = 0;  ///< slots in it; of events: how many there may be, by estimate
  std::uint32_t weight = 0;    ///< of one request
  std::uint32_t requests = 1;  ///< of events: as many as those take
};

/// The set of pages of the least total weight that covers `wanted` (slot-aligned), oldest first,
/// without overlap; among equals the fewest pages. A page may bridge slots that are not wanted where
/// that is cheaper than two pages.
[[nodiscard]] std::vector<PageWindow> plan_pages(Interval interval, const RangeSet& wanted,
                                                 std::span<const exchange::PageBand> bands);

/// Ranges of events that cover `wanted`, oldest first. Those that lie so close that what is between them
/// fits a page, were there an event an hour, are one: whoever asks for it asks for what is held as well,
/// and saves a request. How many pages a range takes shows as they come: they are no more than the limits
/// of the market allow, and the fewest when asked for whole.
[[nodiscard]] std::vector<PageWindow> plan_events(const RangeSet& wanted,
                                                  const exchange::MarketApi& market, Kind kind);

enum class SourceChoice : std::uint8_t { kAuto, kRest, kArchive };
/// "auto", "rest", "archive". Errors: kUsage.
[[nodiscard]] Result<SourceChoice> parse_source_choice(std::string_view text);

/// What to fetch of one series, oldest first. Archive files and pages do not overlap.
struct SeriesPlan {
  Series series;
  std::vector<exchange::ArchiveFile> files;
  std::vector<PageWindow> pages;
  [[nodiscard]] bool empty() const noexcept { return files.empty() && pages.empty(); }
};

struct PlanOptions {
  SourceChoice source = SourceChoice::kAuto;
  TimeMs now = 0;  ///< wall ms of the exchange's clock
  /// Ranges that the archive was asked for already and whose holes only REST can answer.
  RangeSet archive_answered;
  /// With kAuto, an archive file is taken where it serves at least so many wanted slots.
  std::int64_t archive_rows_min = 3'000;
  /// Pages hold no more rows, whatever the market's bands say.
  std::uint32_t page_rows_max = std::numeric_limits<std::uint32_t>::max();
};

/// Months and days that the archive has (published by `now`) where they pay, REST for the rest.
/// `archive` may be null. With kArchive, what no file can serve stays out of the plan.
[[nodiscard]] SeriesPlan plan_series(const Series& series, const RangeSet& wanted,
                                     const exchange::MarketApi& market,
                                     const exchange::ArchiveApi* archive,
                                     const PlanOptions& options);

/// Totals of one source, for `bf-engine plan` and the ETA.
struct SourceTotals {
  std::string source;  ///< "binance/um rest", "binance archive"
  std::int64_t requests = 0;
  std::int64_t weight = 0;
  std::int64_t candles = 0;
  std::int64_t bytes = 0;    ///< estimate
  std::int64_t seconds = 0;  ///< that the limits impose; 0 where nothing limits
  /// What of it the rules for one endpoint count.
  struct EndpointPart {
    std::string_view endpoint;  ///< ApiRequest::endpoint
    std::int64_t requests = 0;
    std::int64_t weight = 0;
  };
  std::vector<EndpointPart> by_endpoint = {};
};
/// Adds `plan` to the totals of its sources (made where they are missing).
void add_totals(const SeriesPlan& plan, const exchange::MarketApi& market,
                const exchange::ArchiveApi* archive, std::vector<SourceTotals>& totals);
/// Fills in `seconds` of each REST source: the time that `weight` and `requests` take under `rules` at
/// `share_percent`.
void set_seconds(SourceTotals& totals, const limits::LimitRules& rules, int share_percent);

/// What a market's REST gives at most, in the long run.
struct Throughput {
  std::uint32_t page_rows = 0;          ///< of the pages that give most
  std::int64_t candles_per_minute = 0;  ///< under limit_rules() at the share; 0: nothing limits it
};
/// Requires: the market serves this kind at this interval.
[[nodiscard]] Throughput throughput_of(const exchange::MarketApi& market, Kind kind,
                                       Interval interval, int share_percent);

}  // namespace bf::plan
