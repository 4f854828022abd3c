#include "engine/backfill/series_run.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "engine/async/task_group.h"
#include "engine/backfill/reject_log.h"
#include "engine/backfill/targets.h"
#include "engine/backfill/validate.h"

namespace bf::backfill {
namespace {

/// Planning again finds what an archive's file lacked and what answers left open; it ends because
/// every answer covers its range and every failure is given up.
constexpr int kRoundsMax = 4;
/// When so many pages have failed for good, one behind the other, REST is not asked for the rest of the
/// series: each would cost its tries, and a place that other series could use.
constexpr int kPagesFailedMax = 8;
/// Rows of one answer that go to the store as one piece.
constexpr std::size_t kPieceRowsMax = 16'384;

/// One series while it runs.
struct SeriesState {
  RunState& run;
  MarketRun& market;
  SeriesTarget& target;
  SeriesReport& report;
  PumpSeries* sink = nullptr;
  RangeSet archive_tried;           ///< files that were asked for in this run
  RangeSet given_up;                ///< ranges whose pages failed for good in this run
  RangeSet known_holes;             ///< spanned by one answer: not worth a page
  std::int64_t pushed = 0;          ///< rows
  int pages_failed = 0;             ///< since the last good one
  std::optional<Error> rest_ended;  ///< why REST is not asked for anything more in this run

  [[nodiscard]] Interval interval() const { return target.series.interval; }
  void page_failed(const Error& error, TimeRange window);
};

/// Whether an error ends all runs: the disk is full, or the user wants to stop.
bool ends_run(Code code) { return code == Code::kCancelled || code == Code::kNoSpace; }

/// Whether an error ends the series' run and not the page alone: the store will not take more.
bool ends_series(Code code) {
  return code == Code::kIo || code == Code::kSyncFailed || code == Code::kCorrupt || ends_run(code);
}

/// Whether REST will not give more of the series, whatever it is asked. An archive may.
bool ends_rest(Code code) {
  return code == Code::kBanned || code == Code::kBlocked || code == Code::kUnknownName;
}

void SeriesState::page_failed(const Error& error, TimeRange window) {
  given_up.add(window);
  add_failure(report.failures, error);
  ++pages_failed;
  if (ends_rest(error.code()) || pages_failed == kPagesFailedMax) rest_ended = error;
}

void count_rows(SeriesReport& report, const store::Answer& answer, std::int64_t rows) {
  std::string source = answer.exchange;
  source.append(" ").append(store::channel_name(answer.channel));
  for (SourceRows& known : report.rows_by_source) {
    if (known.source != source) continue;
    known.rows += rows;
    return;
  }
  report.rows_by_source.push_back(SourceRows{std::move(source), rows});
}

/// Cuts an answer with many rows into pieces that cover it together.
std::vector<store::AnsweredRows> in_pieces(store::AnsweredRows part, Interval interval) {
  std::vector<store::AnsweredRows> pieces;
  if (part.rows.row_count() <= kPieceRowsMax) {
    pieces.push_back(std::move(part));
    return pieces;
  }
  TimeMs from = part.answer.asked.from;
  for (std::size_t begin = 0; begin < part.rows.row_count(); begin += kPieceRowsMax) {
    const std::size_t end = std::min(begin + kPieceRowsMax, part.rows.row_count());
    const bool last = end == part.rows.row_count();
    store::AnsweredRows piece;
    piece.answer = part.answer;
    piece.answer.first_row = part.rows.open_time()[begin];
    piece.answer.last_row = part.rows.open_time()[end - 1];
    const TimeMs to = last ? part.answer.asked.to : next_slot(interval, piece.answer.last_row);
    piece.answer.asked = {from, to};
    piece.rows.columns = part.rows.columns;
    piece.rows.append_rows(part.rows, begin, end);
    pieces.push_back(std::move(piece));
    from = to;
  }
  return pieces;
}

async::Task<Result<void>> keep_rejected(SeriesState& state, const store::Answer& answer,
                                        std::vector<RejectedRow> rejected) {
  state.report.rows_rejected += static_cast<std::int64_t>(rejected.size());
  for (const RejectedRow& row : rejected) {
    state.run.services.observer.on_event(Event{Event::Type::kRejectedRow,
                                               state.target.series.name(),
                                               format_time(row.open_time) + ": " + row.reason});
  }
  Result<void> logged;
  const std::function<void()> job = [&] {
    logged = log_rejected(*state.run.services.files, answer.asked_at, state.target.series,
                          store::channel_name(answer.channel), rejected);
  };
  co_await state.run.services.store_worker.run(job);
  co_return logged;
}

/// Judges `rows` and hands the good ones to the store.
async::Task<Result<void>> store_answer(SeriesState& state, store::Answer answer, CandleBatch rows,
                                       async::CancelToken cancel) {
  const TimeMs closed_by = answer.asked_at - state.run.options.grace_ms;
  Result<Judged> judged = judge_rows(state.target.series, answer, std::move(rows), closed_by);
  if (!judged) co_return fail(judged.error());
  if (!judged->rejected.empty()) {
    const Result<void> kept = co_await keep_rejected(state, answer, judged->rejected);
    if (!kept) co_return fail(kept.error());
  }
  count_rows(state.report, answer, judged->rows);
  state.pushed += judged->rows;
  for (store::AnsweredRows& part : judged->parts) {
    std::vector<store::AnsweredRows> pieces = in_pieces(std::move(part), state.interval());
    for (store::AnsweredRows& piece : pieces) {
      const Result<void> pushed =
          co_await state.run.pump->push(state.sink, std::move(piece), cancel);
      if (!pushed) co_return fail(pushed.error());
    }
  }
  co_return Result<void>();
}

/// An answer to what is about to be asked. It is dated before the request leaves: a candle that closes
/// while the answer is under way was still forming when it was made.
store::Answer answer_to(const SeriesState& state, store::Channel channel, TimeRange asked) {
  store::Answer answer;
  answer.exchange = state.target.series.instrument.exchange;
  answer.channel = channel;
  answer.asked = asked;
  answer.asked_at = state.market.client->now();
  return answer;
}

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
  const Result<net::HttpResponse> response = co_await state.market.client->get(request, cancel);
  if (!response) co_return fail(response.error());
  const Result<void> parsed =
      state.market.api->parse_candles(state.target.series, response->body, page.rows);
  if (!parsed) co_return fail(parsed.error().at(request.target));
  co_return std::move(page);
}

/// Slots at the end of what a page was asked for that it gave no row for; empty when there are none.
TimeRange tail_hole(Interval interval, TimeRange answered, const CandleBatch& rows) {
  TimeMs from = answered.from;
  for (const TimeMs open_time : rows.open_time()) {
    if (answered.contains(open_time)) from = std::max(from, next_slot(interval, open_time));
  }
  return {from, answered.to};
}

/// What comes behind a page that ends in a hole: one request without an end, whose one row spans the
/// hole whole, wherever it ends; without a row there is nothing up to the end of what is wanted (a
/// symbol that is no longer traded). Its `asked` is what it answers.
/// Errors: kProtocol when the row lies in the hole: then it is the page that left it out.
async::Task<Result<RestPage>> span_hole(SeriesState& state, TimeRange hole,
                                        async::CancelToken cancel) {
  const exchange::ApiRequest request =
      state.market.api->next_candle_request(state.target.series, hole.from);
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

async::Task<Result<void>> store_page(SeriesState& state, RestPage page, async::CancelToken cancel) {
  const store::Answer answer = page.answer;
  const Result<void> stored = co_await store_answer(state, answer, std::move(page.rows), cancel);
  co_return stored;
}

/// Asks for one page once, and stores it with what spans the hole at its end.
async::Task<Result<void>> try_page(SeriesState& state, TimeRange window,
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
  Result<void> done;
  for (int attempt = 0; attempt < kReadAttemptsMax; ++attempt) {
    done = co_await try_page(state, window, cancel);
    // What the client gave up was tried often enough; an answer that reads badly may read well again.
    const bool misread = !done && (done.error().code() == Code::kDataQuality ||
                                   done.error().code() == Code::kProtocol);
    if (!misread) break;
  }
  co_return done;
}

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

async::Task<Result<void>> try_file(SeriesState& state, exchange::ArchiveFile file,
                                   async::CancelToken cancel) {
  const store::Channel channel =
      file.monthly ? store::Channel::kArchiveMonthly : store::Channel::kArchiveDaily;
  store::Answer answer = answer_to(state, channel, file.range);
  Result<ArchiveRows> fetched =
      co_await state.market.archive->fetch(state.target.series, file, cancel);
  if (!fetched) co_return fail(fetched.error());
  answer.archive_hash = fetched->hash;
  const Result<void> stored =
      co_await store_answer(state, answer, std::move(fetched->rows), cancel);
  if (!stored) co_return fail(stored.error().at("archive " + file.path));
  co_return Result<void>();
}

async::Task<Result<void>> fetch_file(SeriesState& state, exchange::ArchiveFile file,
                                     async::CancelToken cancel) {
  const Result<void> done = co_await try_file(state, file, cancel);
  state.market.archive_in_flight.release();
  ++state.run.progress.pages_done;
  state.archive_tried.add(file.range);
  if (done || ends_series(done.error().code())) co_return done;
  // A file that is not there is no failure where REST can still be asked for its slots.
  const bool rest_follows = state.run.options.source != plan::SourceChoice::kArchive;
  if (done.error().code() == Code::kNotFound && rest_follows) co_return Result<void>();
  add_failure(state.report.failures, done.error());
  if (!rest_follows) state.given_up.add(file.range);
  co_return Result<void>();
}

/// Sends everything in `plan`, oldest first, each request as soon as there is a place for it.
async::Task<Result<void>> spawn_all(SeriesState& state, const plan::SeriesPlan& plan,
                                    async::TaskGroup& group) {
  for (const exchange::ArchiveFile& file : plan.files) {
    const Result<void> place = co_await state.market.archive_in_flight.acquire(group.token());
    if (!place) co_return place;
    group.spawn(fetch_file(state, file, group.token()));
  }
  for (const plan::PageWindow& page : plan.pages) {
    if (state.known_holes.covers(page.window)) {
      ++state.run.progress.pages_done;
      continue;
    }
    const Result<void> place = co_await state.market.in_flight.acquire(group.token());
    if (!place) co_return place;
    group.spawn(fetch_page(state, page.window, group.token()));
  }
  co_return Result<void>();
}

async::Task<Result<void>> fetch_plan(SeriesState& state, plan::SeriesPlan plan,
                                     async::CancelToken cancel) {
  async::TaskGroup group(state.run.services.loop, cancel);
  const Result<void> spawned = co_await spawn_all(state, plan, group);
  const Result<void> joined = co_await group.join();
  if (!joined) co_return joined;
  co_return spawned;
}

/// The list's listing instant is the day on which the symbol was made known; trading begins later. What
/// lies before the first candle is not listed, instead of missing for ever.
async::Task<Result<void>> refine_listing(SeriesState& state, async::CancelToken cancel) {
  const TimeMs first_slot = state.target.wanted.from;
  const store::GapIndex& gaps = state.sink->writer->gaps();
  if (first_slot != slot_begin(state.interval(), state.target.listed)) co_return Result<void>();
  if (gaps.held().contains(first_slot)) co_return Result<void>();
  const Result<TimeMs> first_candle =
      co_await find_first_candle(state.market, state.target.series, cancel);
  if (!first_candle) co_return fail(first_candle.error());
  const TimeMs first =
      std::min(slot_begin(state.interval(), *first_candle), state.target.wanted.to);
  if (first <= first_slot) co_return Result<void>();
  state.report.not_listed += slot_count(state.interval(), {first_slot, first});
  state.target.wanted.from = first;
  state.report.wanted.from = first;
  co_return co_await record_listing(state.run, state.target.series.instrument, first);
}

/// Plans and fetches until nothing is left that this run can do.
async::Task<Result<void>> fetch_missing(SeriesState& state, async::CancelToken cancel) {
  for (int round = 0; round < kRoundsMax; ++round) {
    plan::SeriesPlan plan =
        plan_of(state.run.options, state.market, state.target, state.sink->writer->gaps(),
                state.archive_tried, state.given_up);
    if (plan.empty()) co_return Result<void>();
    if (round == 0) {
      // Without the exchange's time ours has to do; what is wrong with REST shows in its pages.
      const Result<void> clock = co_await state.market.client->ensure_clock(cancel);
      if (!clock && ends_series(clock.error().code())) co_return clock;
      const Result<void> refined = co_await refine_listing(state, cancel);
      if (!refined && ends_series(refined.error().code())) co_return refined;
      if (state.target.wanted.empty()) co_return Result<void>();
      plan = plan_of(state.run.options, state.market, state.target, state.sink->writer->gaps(),
                     state.archive_tried, state.given_up);
    } else {
      // The first round was counted when the run began.
      state.run.progress.pages_planned +=
          static_cast<std::int64_t>(plan.files.size() + plan.pages.size());
    }
    const Result<void> fetched = co_await fetch_plan(state, std::move(plan), cancel);
    const Result<void> flushed = co_await state.run.pump->flush(state.sink);
    if (!fetched) co_return fetched;
    if (!flushed) co_return flushed;
  }
  co_return Result<void>();
}

void report_recovery(const store::RecoveryReport& recovery, SeriesReport& report) {
  if (!recovery.damaged()) return;
  add_failure(report.failures,
              Error(Code::kCorrupt, std::to_string(recovery.damaged_bytes) +
                                        " damaged bytes of the log were set aside in " +
                                        recovery.quarantine + " (" +
                                        std::to_string(recovery.salvaged_frames) +
                                        " frames saved); what was lost is fetched again"));
}

/// Rows that this run stored over held ones with other values show up as conflicts.
async::Task<void> count_conflicts(SeriesState& state, std::int64_t held_before) {
  const std::int64_t held_after = state.report.slots.held;
  if (state.pushed == 0 || held_before + state.pushed <= held_after) co_return;
  std::int64_t conflicts = 0;
  const std::function<void()> job = [&] {
    const Result<std::unique_ptr<store::SeriesSnapshot>> snapshot =
        state.run.services.store->read(state.target.series);
    if (!snapshot) return;
    const Result<std::vector<store::Conflict>> found = (*snapshot)->conflicts();
    if (found) conflicts = static_cast<std::int64_t>(found->size());
  };
  co_await state.run.services.store_worker.run(job);
  state.report.conflicts = conflicts;
}

}  // namespace

plan::SeriesPlan plan_of(const RunOptions& options, const MarketRun& market,
                         const SeriesTarget& target, const store::GapIndex& gaps,
                         const RangeSet& archive_tried, const RangeSet& given_up) {
  plan::PlanOptions plan_options;
  plan_options.source = options.source;
  plan_options.now = market.client->now();
  plan_options.archive_answered = archive_tried;
  for (const store::Answer& answer : gaps.answers()) {
    if (answer.channel == store::Channel::kArchiveDaily ||
        answer.channel == store::Channel::kArchiveMonthly) {
      plan_options.archive_answered.add(answer.asked);
    }
  }
  RangeSet wanted = gaps.to_fetch(target.wanted, plan_options.now);
  wanted.subtract(given_up);
  return plan::plan_series(target.series, wanted, *market.api,
                           market.archive ? &market.archive->api() : nullptr, plan_options);
}

async::Task<Result<void>> run_series(RunState& run, MarketRun& market, SeriesTarget target,
                                     SeriesReport& report, async::CancelToken cancel) {
  const Result<PumpSeries*> opened = co_await run.pump->open(target.series);
  if (!opened) {
    add_failure(report.failures, opened.error());
    if (ends_run(opened.error().code())) co_return fail(opened.error());
    co_return Result<void>();
  }
  SeriesState state{run, market, target, report, *opened, {}, {}, {}, 0, 0, {}};
  report_recovery(state.sink->writer->recovery(), report);
  const std::int64_t held_before = state.sink->writer->gaps().count(target.wanted).held;

  const Result<void> fetched = co_await fetch_missing(state, cancel);
  const Result<void> finished = co_await run.pump->finish(state.sink);
  report.slots = state.sink->writer->gaps().count(target.wanted);
  report.rows_stored = state.sink->rows_committed;
  run.pump->forget(state.sink);
  co_await count_conflicts(state, held_before);

  // A failed sync or write shows in both: the first is the cause.
  if (!fetched && fetched.error().code() != Code::kCancelled) {
    add_failure(report.failures, fetched.error());
  } else if (!finished) {
    add_failure(report.failures, finished.error());
  }
  if (!fetched && ends_run(fetched.error().code())) co_return fetched;
  if (!finished && ends_run(finished.error().code())) co_return finished;
  co_return Result<void>();
}

}  // namespace bf::backfill
