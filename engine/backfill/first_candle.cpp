#include "engine/backfill/first_candle.h"

#include <algorithm>
#include <utility>

namespace bf::backfill {
namespace {

/// The most slots that one page of the market holds.
std::int64_t page_slots(const MarketRun& market, Kind kind) {
  const std::uint32_t rows = market.api->page_bands(kind).back().rows_max;
  return std::min(rows, market.page_rows_max);
}

/// The open time of the oldest row in `window`; none where the page has no row in it.
async::Task<Result<std::optional<TimeMs>>> oldest_in(MarketRun& market, Series series,
                                                     TimeRange window, async::CancelToken cancel) {
  const exchange::ApiRequest request = market.api->candles_request(series, window);
  const Result<net::HttpResponse> response = co_await market.client->get(request, cancel);
  if (!response) co_return fail(response.error());
  CandleBatch rows;
  const Result<void> parsed = market.api->parse_candles(series, response->body, rows);
  if (!parsed) co_return fail(parsed.error().at(request.target));
  std::optional<TimeMs> oldest;
  for (const TimeMs open_time : rows.open_time()) {
    if (window.contains(open_time)) oldest = std::min(oldest.value_or(open_time), open_time);
  }
  co_return oldest;
}

/// Pages of `series` back from now until one is empty: the oldest row seen.
async::Task<Result<std::optional<TimeMs>>> search_back(MarketRun& market, Series series,
                                                       async::CancelToken cancel) {
  std::optional<TimeMs> oldest;
  TimeMs to = slot_ceil(series.interval, market.client->now());
  while (to > kTimeMin) {
    const TimeMs begin = advance_slots(series.interval, to, -page_slots(market, series.kind));
    const TimeRange window = {std::max(begin, kTimeMin), to};
    const Result<std::optional<TimeMs>> found = co_await oldest_in(market, series, window, cancel);
    if (!found) co_return found;
    if (!found->has_value()) break;
    oldest = *found;
    to = slot_begin(series.interval, **found);
  }
  co_return oldest;
}

}  // namespace

async::Task<Result<std::optional<TimeMs>>> search_first_candle(MarketRun& market, Series series,
                                                               async::CancelToken cancel) {
  const Interval own = series.interval;
  const bool coarser = interval_ms(own) < kDayMs && market.api->serves(series.kind, Interval::k1d);
  if (coarser) series.interval = Interval::k1d;
  const Result<std::optional<TimeMs>> first = co_await search_back(market, series, cancel);
  if (!first || !first->has_value() || !coarser) co_return first;

  series.interval = own;
  // The oldest day has a candle of every shorter interval that it was made of.
  TimeMs from = slot_begin(own, **first);
  const TimeMs end = **first + kDayMs;
  while (from < end) {
    const TimeMs to = advance_slots(own, from, page_slots(market, series.kind));
    const TimeRange window = {from, to};
    Result<std::optional<TimeMs>> found = co_await oldest_in(market, series, window, cancel);
    if (!found || found->has_value()) co_return found;
    from = to;
  }
  co_return first;
}

}  // namespace bf::backfill
