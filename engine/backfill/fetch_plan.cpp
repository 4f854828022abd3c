#include "engine/backfill/fetch_plan.h"

#include "engine/async/task_group.h"
#include "engine/backfill/archive_files.h"
#include "engine/backfill/event_pages.h"
#include "engine/backfill/rest_pages.h"

namespace bf::backfill {
namespace {

bool is_archive(store::Channel channel) {
  return channel == store::Channel::kArchiveDaily || channel == store::Channel::kArchiveMonthly;
}

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
    if (state.target.series.is_events()) {
      group.spawn(fetch_events(state, page.window, group.token()));
    } else {
      group.spawn(fetch_page(state, page.window, group.token()));
    }
  }
  co_return Result<void>();
}

}  // namespace

plan::SeriesPlan plan_wanted(const RunOptions& options, const MarketRun& market,
                             const Series& series, const RangeSet& wanted,
                             const store::GapIndex& gaps, const RangeSet& archive_tried) {
  plan::PlanOptions plan_options;
  plan_options.source = options.source;
  plan_options.now = market.client->now();
  plan_options.archive_answered = archive_tried;
  plan_options.page_rows_max = market.page_rows_max;
  for (const store::Answer& answer : gaps.answers()) {
    if (!is_archive(answer.channel) || answer.exchange != series.instrument.exchange) continue;
    plan_options.archive_answered.add(answer.asked);
  }
  return plan::plan_series(series, wanted, *market.api,
                           market.archive ? &market.archive->api() : nullptr, plan_options);
}

async::Task<Result<void>> fetch_plan(SeriesState& state, plan::SeriesPlan plan,
                                     async::CancelToken cancel) {
  async::TaskGroup group(state.run.services.loop, cancel);
  const Result<void> spawned = co_await spawn_all(state, plan, group);
  const Result<void> joined = co_await group.join();
  if (!joined) co_return joined;
  co_return spawned;
}

}  // namespace bf::backfill
