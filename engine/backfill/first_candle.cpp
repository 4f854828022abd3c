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

/// What a page says of its window.
struct PageBegin {
  std::optional<TimeMs> oldest;  ///< open time of the oldest row in it
  std::int64_t rows = 0;
};

async::Task<Result<PageBegin>> begin_of(MarketRun& market, Series series, TimeRange window,
                                        async::CancelToken cancel) {
  const exchange::ApiRequest request = market.api->candles_request(series, window);
  const Result<net::HttpResponse> response = co_await market.client->get(request, cancel);
  if (!response) co_return fail(response.error());
  CandleBatch rows;
  const Result<void> parsed = market.api->parse_candles(series, response->body, rows);
  if (!parsed) co_return fail(parsed.error().at(request.target));
  PageBegin begin;
  for (const TimeMs open_time : rows.open_time()) {
    if (!window.contains(open_time)) continue;
    begin.oldest = std::min(begin.oldest.value_or(open_time), open_time);
    ++begin.rows;
  }
  co_return begin;
}

/// Whether a page that begins with a hole may owe it to the exchange, which serves fewer rows than it
/// documents and drops the oldest. None is known to serve less than a tenth.
bool may_be_cut(const PageBegin& page, std::int64_t slots) { return page.rows * 10 >= slots; }

/// Pages of `series` back from the end of `within` until nothing lies before: the oldest row seen.
async::Task<Result<std::optional<TimeMs>>> search_back(MarketRun& market, Series series,
                                                       TimeRange within,
                                                       async::CancelToken cancel) {
  std::optional<TimeMs> oldest;
  TimeMs to = slot_ceil(series.interval, within.to);
  const std::int64_t slots = page_slots(market, series.kind);
  while (to > within.from) {
    const TimeMs from = std::max(advance_slots(series.interval, to, -slots), within.from);
    const TimeRange window = {from, to};
    const Result<PageBegin> page = co_await begin_of(market, series, window, cancel);
    if (!page) co_return fail(page.error());
    if (!page->oldest) break;
    oldest = page->oldest;
    to = slot_begin(series.interval, *oldest);
    if (to > window.from && !may_be_cut(*page, slots)) break;
  }
  co_return oldest;
}

}  // namespace

async::Task<Result<std::optional<TimeMs>>> search_first_candle(MarketRun& market, Series series,
                                                               async::CancelToken cancel) {
  const Interval own = series.interval;
  const bool coarser = interval_ms(own) < kDayMs && market.api->serves(series.kind, Interval::k1d);
  if (coarser) series.interval = Interval::k1d;
  const TimeRange all = {kTimeMin, market.client->now()};
  const Result<std::optional<TimeMs>> first = co_await search_back(market, series, all, cancel);
  if (!first || !first->has_value() || !coarser) co_return first;

  series.interval = own;
  // The oldest day has a candle of every shorter interval that it was made of.
  const TimeRange day = {slot_begin(own, **first), **first + kDayMs};
  Result<std::optional<TimeMs>> found = co_await search_back(market, series, day, cancel);
  if (!found || found->has_value()) co_return found;
  co_return first;
}

}  // namespace bf::backfill
