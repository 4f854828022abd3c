#include "engine/backfill/rest_pages.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "engine/backfill/answers.h"
#include "store/base/assert.h"

namespace bf::backfill {
namespace {

/// Rows of REST, read but not judged.
struct RestPage {
  store::Answer answer;
  CandleBatch rows;
};

/// Asks for the candles of `asked`. Errors: as MarketClient::get; kProtocol.
async::Task<Result<RestPage>> request_page(SeriesState& state, exchange::ApiRequest request,
                                           TimeRange asked, async::CancelToken cancel) {
  RestPage page;
  page.answer = answer_to(state, store::Channel::kRest, asked);
  Result<net::HttpResponse> response = co_await state.market.client->get(request, cancel);
  if (!response) co_return fail(response.error());
  page.rows = state.run.pump->spare_rows();
  const Result<void> parsed =
      state.market.api->parse_candles(state.target.series, response->body, page.rows);
  if (!parsed) co_return fail(parsed.error().at(request.target));
  state.market.client->recycle(std::move(*response));
  co_return std::move(page);
}

/// Slots at the end of what a page was asked for that it gave no row for; empty when there are none.
TimeRange tail_hole(Interval interval, TimeRange answered, const CandleBatch& rows) {
  TimeMs newest = kTimeMin - 1;
  for (const TimeMs open_time : rows.open_time()) {
    if (answered.contains(open_time)) newest = std::max(newest, open_time);
  }
  if (newest < kTimeMin) return answered;
  return {std::max(answered.from, next_slot(interval, newest)), answered.to};
}

/// What comes behind a page that ends in a hole: one request without an end, whose one row spans the
/// hole whole, wherever it ends; without a row there is nothing up to the end of what is wanted (a
/// symbol that is no longer traded). Its `asked` is what it answers.
/// Errors: kProtocol when the row lies in the hole: then it is the page that left it out.
async::Task<Result<RestPage>> span_hole(SeriesState& state, TimeRange hole,
                                        async::CancelToken cancel) {
  const std::optional<exchange::ApiRequest> without_end =
      state.market.api->next_candle_request(state.target.series, hole.from);
  BF_ASSERT(without_end);  // an exchange whose answers may lack the newest rows has one
  const exchange::ApiRequest& request = *without_end;
  Result<RestPage> page = co_await request_page(state, request, hole, cancel);
  if (!page) co_return page;
  if (page->rows.empty()) {
    page->answer.asked.to = std::max(hole.to, state.target.wanted.to);
    co_return page;
  }
  const TimeMs next = slot_begin(state.interval(), page->rows.open_time().front());
  if (next < hole.from) co_return fail(Code::kProtocol, request.target + ": the row is too old");
  if (next < hole.to) {
    co_return fail(
        Code::kProtocol,
        request.target + ": the page before it left out the candle at " + format_time(next));
  }
  page->answer.asked.to = next_slot(state.interval(), next);
  co_return page;
}

/// Slots at the begin of what a page was asked for that it gave no row for; all of them where it gave
/// none.
TimeRange head_hole(Interval interval, TimeRange asked, const CandleBatch& rows) {
  TimeMs to = asked.to;
  for (const TimeMs open_time : rows.open_time()) {
    if (asked.contains(open_time)) to = std::min(to, slot_begin(interval, open_time));
  }
  return {asked.from, std::max(to, asked.from)};
}

/// Takes the newest slots off an answer that gave no row for them and came soon after their end: an
/// exchange's history lags behind its clock, so that they are still to come.
void leave_out_what_lags(const SeriesState& state, RestPage& page) {
  constexpr DurationMs kLagMs = 5 * kMinuteMs;
  const TimeRange hole = tail_hole(state.interval(), page.answer.asked, page.rows);
  if (!hole.empty() && hole.to > page.answer.asked_at - kLagMs) page.answer.asked.to = hole.from;
}

async::Task<Result<RestPage>> request_window(SeriesState& state, TimeRange window,
                                             async::CancelToken cancel) {
  const exchange::ApiRequest request =
      state.market.api->candles_request(state.target.series, window);
  Result<RestPage> page = co_await request_page(state, request, window, cancel);
  if (!page) co_return page;
  if (page->rows.empty()) {
    leave_out_what_lags(state, *page);
    co_return page;
  }
  const std::vector<TimeMs>& times = page->rows.open_time();
  const bool any = std::any_of(times.begin(), times.end(),
                               [window](TimeMs time) { return window.contains(time); });
  if (!any) co_return fail(Code::kProtocol, request.target + ": no row is of what was asked for");
  leave_out_what_lags(state, *page);
  co_return page;
}

async::Task<Result<void>> store_page(SeriesState& state, RestPage page, async::CancelToken cancel) {
  if (page.answer.asked.empty()) co_return Result<void>();
  const store::Answer answer = page.answer;
  const Result<void> stored = co_await store_answer(state, answer, std::move(page.rows), cancel);
  co_return stored;
}

/// Asks for one page once, of an exchange whose answers lack the oldest rows when it was asked for too
/// many. So a page that begins with a hole is not believed before the hole was asked for alone: what
/// comes then shows that the exchange serves smaller pages than it documents.
async::Task<Result<void>> try_newest_page(SeriesState& state, TimeRange window,
                                          async::CancelToken cancel) {
  Result<RestPage> page = co_await request_window(state, window, cancel);
  while (true) {
    if (!page) co_return fail(page.error());
    const TimeRange hole = head_hole(state.interval(), window, page->rows);
    if (page->rows.empty() || hole.empty() || state.known_holes.covers(hole)) break;
    Result<RestPage> behind = co_await request_window(state, hole, cancel);
    if (!behind) co_return fail(behind.error());
    if (behind->rows.empty()) {
      state.known_holes.add(hole);
      const Result<void> stored = co_await store_page(state, std::move(*behind), cancel);
      if (!stored) co_return stored;
      break;
    }
    const auto served = static_cast<std::uint32_t>(page->rows.row_count());
    state.market.page_rows_max = std::min(state.market.page_rows_max, served);
    page->answer.asked.from = hole.to;
    const Result<void> stored = co_await store_page(state, std::move(*page), cancel);
    if (!stored) co_return stored;
    page = std::move(behind);
    window = hole;
  }
  const Result<void> stored = co_await store_page(state, std::move(*page), cancel);
  co_return stored;
}

/// Asks for one page once, and stores it with what spans the hole at its end.
async::Task<Result<void>> try_oldest_page(SeriesState& state, TimeRange window,
                                          async::CancelToken cancel) {
  const exchange::ApiRequest request =
      state.market.api->candles_request(state.target.series, window);
  Result<RestPage> page = co_await request_page(state, request, window, cancel);
  if (!page) co_return fail(page.error());
  const TimeRange hole = tail_hole(state.interval(), window, page->rows);
  if (hole.empty() || state.known_holes.covers(hole)) {
    const Result<void> stored = co_await store_page(state, std::move(*page), cancel);
    co_return stored;
  }
  // The page is not believed before it is known what comes behind it.
  Result<RestPage> span = co_await span_hole(state, hole, cancel);
  if (!span) co_return fail(span.error());
  TimeRange spanned_slots = span->answer.asked;
  if (!span->rows.empty()) spanned_slots.to = slot_begin(state.interval(), spanned_slots.to - 1);
  state.known_holes.add(spanned_slots);
  const Result<void> stored = co_await store_page(state, std::move(*page), cancel);
  if (!stored) co_return fail(stored.error().at(request.target));
  const Result<void> spanned = co_await store_page(state, std::move(*span), cancel);
  co_return spanned;
}

/// Asks again as long as that may help. Errors: the last one.
async::Task<Result<void>> ask_page(SeriesState& state, TimeRange window,
                                   async::CancelToken cancel) {
  if (state.rest_ended) co_return fail(*state.rest_ended);
  const bool newest = state.market.api->truncation() == exchange::Truncation::kOldest;
  Result<void> done;
  for (int attempt = 0; attempt < kReadAttemptsMax; ++attempt) {
    if (newest) {
      done = co_await try_newest_page(state, window, cancel);
    } else {
      done = co_await try_oldest_page(state, window, cancel);
    }
    // What the client gave up was tried often enough; an answer that reads badly may read well again.
    const bool misread = !done && (done.error().code() == Code::kDataQuality ||
                                   done.error().code() == Code::kProtocol);
    if (!misread) break;
  }
  co_return done;
}

}  // namespace

async::Task<Result<void>> fetch_page(SeriesState& state, TimeRange window,
                                     async::CancelToken cancel) {
  const Result<void> done = co_await ask_page(state, window, cancel);
  state.market.in_flight.release();
  ++state.run.progress.pages_done;
  if (done) {
    state.pages_failed = 0;
    co_return done;
  }
  if (ends_series(done.error().code())) co_return done;
  state.page_failed(done.error(), window);
  co_return Result<void>();
}

}  // namespace bf::backfill
