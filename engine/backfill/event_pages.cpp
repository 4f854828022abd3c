#include "engine/backfill/event_pages.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/backfill/answers.h"
#include "store/base/assert.h"

namespace bf::backfill {
namespace {

/// More pages than any range has: ten years of hourly events at 100 a page are 876.
constexpr int kEventPagesMax = 10'000;

/// What is still to be asked for. `seen` is an event of it that another page gave; 0: none is known.
struct OpenRange {
  TimeRange range;
  TimeMs seen = 0;
};

/// Events of REST, read but not judged.
struct EventPage {
  TimeRange window;  ///< that was asked for
  store::Answer answer;
  std::vector<CandleBatch> runs;  ///< in order of time, without overlap
  std::size_t rows = 0;           ///< that came
  TimeMs first = 0;               ///< of those in the window;
  TimeMs last = -1;               ///< first > last says that none is
  [[nodiscard]] bool any() const noexcept { return first <= last; }
};

TimeRange times_of(const CandleBatch& run) {
  const auto [first, last] = std::minmax_element(run.open_time().begin(), run.open_time().end());
  return {*first, *last + 1};
}

/// Puts the runs in order of time. False where they overlap: then the page contradicts itself.
bool sort_runs(std::vector<CandleBatch>& runs) {
  std::erase_if(runs, [](const CandleBatch& run) { return run.empty(); });
  if (runs.size() < 2) return true;
  std::sort(runs.begin(), runs.end(), [](const CandleBatch& a, const CandleBatch& b) {
    return times_of(a).from < times_of(b).from;
  });
  for (std::size_t i = 1; i < runs.size(); ++i) {
    if (times_of(runs[i - 1]).to > times_of(runs[i]).from) return false;
  }
  return true;
}

/// Looks at what came. Errors: kProtocol.
Result<void> take_stock(EventPage& page, TimeMs seen) {
  if (!sort_runs(page.runs)) return fail(Code::kProtocol, "its events are in no order");
  bool beside = true;  // nothing but what exclusive ends, read as inclusive ones, bring along
  bool found = seen == 0 || !page.window.contains(seen);
  for (const CandleBatch& run : page.runs) {
    page.rows += run.row_count();
    for (const TimeMs time : run.open_time()) {
      found = found || time == seen;
      if (!page.window.contains(time)) {
        beside = beside && time >= page.window.from - 1 && time <= page.window.to;
        continue;
      }
      page.first = page.any() ? std::min(page.first, time) : time;
      page.last = std::max(page.last, time);
    }
  }
  if (!page.any() && !beside) return fail(Code::kProtocol, "no event is of what was asked for");
  if (!found) {
    return fail(Code::kProtocol, "it left out the event at " + format_time(seen));
  }
  return {};
}

/// Asks once for as much of `open` as goes into one request, from its begin.
async::Task<Result<EventPage>> request_events(SeriesState& state, OpenRange open,
                                              async::CancelToken cancel) {
  const exchange::MarketApi& api = *state.market.api;
  EventPage page;
  page.window = open.range;
  page.window.to = std::min(page.window.to, page.window.from + api.events_window_max());
  page.answer = answer_to(state, store::Channel::kRest, page.window);
  const exchange::ApiRequest request = api.events_request(state.target.series, page.window);
  const Result<net::HttpResponse> response = co_await state.market.client->get(request, cancel);
  if (!response) co_return fail(response.error());
  const Result<void> parsed = api.parse_events(state.target.series, response->body, page.runs);
  if (!parsed) co_return fail(parsed.error().at(request.target));
  const Result<void> sound = take_stock(page, open.seen);
  if (!sound) co_return fail(sound.error().at(request.target));
  co_return std::move(page);
}

/// Cuts `page` to what may be believed of it, and puts the rest of `asked` behind the ranges in `open`.
/// Errors: kProtocol.
Result<void> settle(EventPage& page, TimeRange asked, std::size_t rows_max,
                    std::vector<OpenRange>& open) {
  if (page.rows >= rows_max) {
    if (page.first >= page.last) {
      return fail(Code::kProtocol, "a full page of events that are all of one instant");
    }
    page.answer.asked = {page.first, page.last + 1};
    if (page.last + 1 < asked.to) open.push_back({{page.last, asked.to}, page.last});
    if (asked.from < page.first) open.push_back({{asked.from, page.first + 1}, page.first});
    return {};
  }
  if (page.window.to == asked.to) return {};
  if (page.any()) page.answer.asked.to = page.last + 1;
  open.push_back({{page.answer.asked.to, asked.to}, 0});
  return {};
}

/// Hands the page to the store, each run as the answer to the range up to its last row.
async::Task<Result<void>> store_events(SeriesState& state, EventPage page,
                                       async::CancelToken cancel) {
  if (page.runs.empty()) page.runs.emplace_back();
  const TimeRange believed = page.answer.asked;
  TimeMs from = believed.from;
  for (std::size_t i = 0; i < page.runs.size(); ++i) {
    const bool last = i + 1 == page.runs.size();
    store::Answer answer = page.answer;
    answer.asked = {from, last ? believed.to : times_of(page.runs[i]).to};
    from = answer.asked.to;
    const Result<void> stored =
        co_await store_answer(state, std::move(answer), std::move(page.runs[i]), cancel);
    if (!stored) co_return stored;
  }
  co_return Result<void>();
}

/// One page of `asked`: asked for, believed as far as it may be, stored.
async::Task<Result<void>> try_page(SeriesState& state, OpenRange asked,
                                   std::vector<OpenRange>& open, async::CancelToken cancel) {
  Result<EventPage> page = co_await request_events(state, asked, cancel);
  if (!page) co_return fail(page.error());
  const std::size_t rows_max =
      state.market.api->page_bands(state.target.series.kind).back().rows_max;
  std::vector<OpenRange> rest;
  const Result<void> settled = settle(*page, asked.range, rows_max, rest);
  if (!settled) co_return settled;
  const Result<void> stored = co_await store_events(state, std::move(*page), cancel);
  if (!stored) co_return stored;
  open.insert(open.end(), rest.begin(), rest.end());
  co_return Result<void>();
}

/// Asks again as long as that may help. Errors: the last one; then `asked` is still open.
async::Task<Result<void>> ask_page(SeriesState& state, OpenRange asked,
                                   std::vector<OpenRange>& open, async::CancelToken cancel) {
  if (state.rest_ended) co_return fail(*state.rest_ended);
  Result<void> done;
  for (int attempt = 0; attempt < kReadAttemptsMax; ++attempt) {
    done = co_await try_page(state, asked, open, cancel);
    const bool misread = !done && (done.error().code() == Code::kDataQuality ||
                                   done.error().code() == Code::kProtocol);
    if (!misread) break;
  }
  co_return done;
}

/// Errors: those that end the series' run. What failed otherwise is given up, and the rest is asked for.
async::Task<Result<void>> fetch_all(SeriesState& state, TimeRange wanted,
                                    async::CancelToken cancel) {
  std::vector<OpenRange> open = {{wanted, 0}};
  for (int pages = 0; !open.empty(); ++pages) {
    const OpenRange asked = open.back();
    if (pages == kEventPagesMax) {
      for (const OpenRange& left : open) state.given_up.add(left.range);
      const std::string count = std::to_string(pages);
      add_failure(state.report.failures,
                  Error(Code::kLimit, format_range(wanted) + " takes more than " + count +
                                          " pages of events; the rest is left missing"));
      co_return Result<void>();
    }
    open.pop_back();
    if (pages > 0) ++state.run.progress.pages_planned;  // the plan knew of one
    const Result<void> done = co_await ask_page(state, asked, open, cancel);
    ++state.run.progress.pages_done;
    if (done) {
      state.pages_failed = 0;
    } else if (ends_series(done.error().code())) {
      co_return done;
    } else {
      state.page_failed(done.error(), asked.range);
    }
  }
  co_return Result<void>();
}

}  // namespace

async::Task<Result<void>> fetch_events(SeriesState& state, TimeRange wanted,
                                       async::CancelToken cancel) {
  const Result<void> done = co_await fetch_all(state, wanted, cancel);
  state.market.in_flight.release();
  co_return done;
}

}  // namespace bf::backfill
