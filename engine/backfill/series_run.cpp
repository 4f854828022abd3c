#include "engine/backfill/series_run.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "engine/backfill/fetch_plan.h"
#include "engine/backfill/instruments.h"
#include "engine/backfill/targets.h"

namespace bf::backfill {
namespace {

/// Planning again finds what an archive's file lacked and what answers left open; it ends because
/// every answer covers its range and every failure is given up.
constexpr int kRoundsMax = 4;

/// The list's listing instant is the day on which the symbol was made known; trading begins later. What
/// lies before the first candle is not listed, instead of missing for ever.
async::Task<Result<void>> refine_listing(SeriesState& state, async::CancelToken cancel) {
  // A first event says nothing of when trading began.
  if (state.target.series.is_events()) co_return Result<void>();
  const TimeMs first_slot = state.target.wanted.from;
  const store::GapIndex& gaps = state.sink->writer->gaps();
  if (first_slot != slot_begin(state.interval(), state.target.listed)) co_return Result<void>();
  // Elsewhere it takes many requests to find, and a page that begins with a hole asks for that anyway.
  if (!state.market.api->next_candle_request(state.target.series, first_slot)) {
    co_return Result<void>();
  }
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
  co_return co_await record_life(state.run, state.target.series.instrument, first);
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

std::int64_t slots_in(Interval interval, const RangeSet& set) {
  std::int64_t slots = 0;
  for (const TimeRange& range : set.ranges()) slots += slot_count(interval, range);
  return slots;
}

/// What fallbacks gave, or owe, of slots outside the instrument's life is part of what was wanted.
void report_outside(const SeriesState& state, SeriesReport& report) {
  const Interval interval = state.interval();
  RangeSet outside(state.target.fillable);
  outside.subtract(state.target.wanted);
  const RangeSet held = outside.intersect(state.sink->writer->gaps().held());
  RangeSet found = held;
  found.add(state.owed);
  if (found.empty()) return;
  report.slots.held += slots_in(interval, held);
  report.slots.missing += slots_in(interval, state.owed);
  const TimeRange listed = {slot_begin(interval, state.target.listed), kTimeMax};
  const std::int64_t not_served =
      report.not_served > 0 ? slots_in(interval, found.intersect(listed)) : 0;
  report.not_served -= not_served;
  report.not_listed -= slots_in(interval, found) - not_served;
  report.wanted.from = std::min(report.wanted.from, found.ranges().front().from);
}

/// The own source's part, and behind it the fallbacks'.
async::Task<Result<void>> fetch_all(SeriesState& state, Chain& chain, async::CancelToken cancel) {
  const Result<void> fetched = co_await fetch_missing(state, cancel);
  if (!fetched || chain.empty()) co_return fetched;
  co_return co_await chain.fill(state, cancel);
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
async::Task<void> count_conflicts(SeriesState& state, std::int64_t held_before,
                                  std::int64_t held_after) {
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
  RangeSet wanted = gaps.to_fetch(target.wanted, market.client->now());
  wanted.subtract(given_up);
  return plan_wanted(options, market, target.series, wanted, gaps, archive_tried);
}

async::Task<Result<void>> run_series(RunState& run, MarketRun& market, Chain& chain,
                                     SeriesTarget target, SeriesReport& report,
                                     async::CancelToken cancel) {
  const Result<PumpSeries*> opened = co_await run.pump->open(target.series);
  if (!opened) {
    add_failure(report.failures, opened.error());
    if (ends_run(opened.error().code())) co_return fail(opened.error());
    co_return Result<void>();
  }
  SeriesState state(run, market, target, report, *opened);
  report_recovery(state.sink->writer->recovery(), report);
  const std::int64_t held_before = state.sink->writer->gaps().count(target.asked).held;

  const Result<void> fetched = co_await fetch_all(state, chain, cancel);
  const Result<void> finished = co_await run.pump->finish(state.sink);
  const store::GapIndex& gaps = state.sink->writer->gaps();
  report.slots = gaps.count(target.wanted);
  report_outside(state, report);
  const std::int64_t held_after = gaps.count(target.asked).held;
  report.rows_stored = state.sink->rows_committed;
  run.pump->forget(state.sink);
  co_await count_conflicts(state, held_before, held_after);

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
