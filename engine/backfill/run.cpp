#include "engine/backfill/run.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "engine/async/task_group.h"
#include "engine/backfill/instruments.h"
#include "engine/backfill/not_found_log.h"
#include "engine/backfill/open_market.h"
#include "engine/backfill/series_run.h"
#include "engine/backfill/targets.h"

namespace bf::backfill {
namespace {

constexpr std::int64_t kProgressPeriodNs = 250'000'000;

/// One market's part of a run, and what it reports.
struct MarketPart {
  std::unique_ptr<MarketRun> market;
  Chain chain;
  std::vector<SeriesTarget> targets;
  std::vector<SeriesReport> reports;
  std::vector<plan::SourceTotals> planned;
  std::vector<Failure> failures;
};

Result<void> open_part(Services& services, const RunOptions& options, const Selection& selection,
                       net::HttpClient& http, LimiterPool& limiters, MarketPart& part) {
  const Result<const exchange::MarketApi*> api =
      exchange::find_market(selection.exchange, selection.market);
  if (!api) return fail(api.error());
  Result<std::unique_ptr<MarketRun>> market = open_market(services, options, **api, http, limiters);
  if (!market) return fail(market.error());
  part.market = std::move(*market);
  part.market->selection = &selection;
  Result<Chain> chain = open_chain(services, options, **api, http, limiters);
  if (!chain) return fail(chain.error());
  part.chain = std::move(*chain);
  part.market->has_fallbacks = !part.chain.empty();
  return {};
}

SeriesReport report_of(const SeriesTarget& target) {
  SeriesReport report;
  report.series = target.series;
  report.asked = target.asked;
  report.wanted = target.wanted;
  report.not_listed = target.not_listed;
  report.not_served = target.not_served;
  return report;
}

/// What the store knows of each target, read on the store's thread; a series that is not there (or not
/// readable: opening it will say so) counts as empty.
async::Task<std::vector<store::GapIndex>> read_gaps(Services& services,
                                                    const std::vector<SeriesTarget>& targets) {
  std::vector<store::GapIndex> gaps;
  const std::function<void()> job = [&] {
    for (const SeriesTarget& target : targets) {
      gaps.emplace_back(target.series);
      if (services.store == nullptr) continue;
      Result<store::GapIndex> known = services.store->gaps(target.series);
      if (known) gaps.back() = std::move(*known);
    }
  };
  co_await services.store_worker.run(job);
  co_return std::move(gaps);
}

/// Plans every target, so that the whole cost is known before the first page is asked for.
async::Task<Result<void>> plan_targets(RunState& run, MarketPart& part, async::CancelToken cancel) {
  const std::vector<store::GapIndex> gaps = co_await read_gaps(run.services, part.targets);
  const exchange::ArchiveApi* const archive =
      part.market->archive ? &part.market->archive->api() : nullptr;
  for (std::size_t i = 0; i < part.targets.size(); ++i) {
    const plan::SeriesPlan plan =
        plan_of(run.options, *part.market, part.targets[i], gaps[i], RangeSet(), RangeSet());
    plan::add_totals(plan, *part.market->api, archive, part.planned);
    run.progress.pages_planned += static_cast<std::int64_t>(plan.files.size() + plan.pages.size());
    part.reports[i].slots = gaps[i].count(part.targets[i].wanted);
    const Result<void> chained = co_await part.chain.plan(run, part.targets[i], gaps[i], cancel);
    if (!chained) co_return chained;
  }
  const int share = run.options.max_weight_percent != 0 ? run.options.max_weight_percent
                                                        : part.market->api->default_share_percent();
  for (plan::SourceTotals& totals : part.planned) {
    plan::set_seconds(totals, part.market->api->limit_rules(), share);
  }
  for (const auto& fallback : part.chain.markets()) {
    const auto planned = fallback->planned(run.options.max_weight_percent);
    part.planned.insert(part.planned.end(), planned.begin(), planned.end());
  }
  for (const plan::SourceTotals& totals : part.planned) {
    const std::string text = totals.source + ": " + std::to_string(totals.requests) +
                             " requests, weight " + std::to_string(totals.weight) + ", about " +
                             std::to_string(totals.seconds) + " s by its limits";
    run.services.observer.on_event(Event{Event::Type::kPlanned, "", text});
  }
  co_return Result<void>();
}

void announce_ranges(RunState& run, const MarketPart& part) {
  for (const SeriesTarget& target : part.targets) {
    run.services.observer.on_event(
        Event{Event::Type::kRangeResolved, target.series.name(), format_range(target.wanted)});
  }
}

Result<void> check_served(const RunState& run, const MarketRun& market) {
  // What is held was looked at one by one.
  if (!market.selection->held.empty()) return {};
  if (market.api->serves(run.options.kind, run.options.interval)) return {};
  return fail(Code::kUsage, market.client->name() + " has no " +
                                std::string(kind_name(run.options.kind)) + " of interval " +
                                std::string(interval_name(run.options.interval)));
}

/// Names that nobody gave and that the exchange never had are kept where people look for them.
async::Task<Result<void>> keep_not_found(RunState& run, const std::vector<SeriesReport>& refused) {
  std::vector<NotFound> all;
  for (const SeriesReport& series : refused) {
    for (const Failure& failure : series.failures) {
      if (failure.code != Code::kNotFound) continue;
      all.push_back({series.series.instrument.name(), failure.message});
    }
  }
  if (!run.keeps || all.empty()) co_return Result<void>();
  Result<void> kept;
  const std::function<void()> job = [&] {
    kept = log_not_found(*run.services.files, run.services.loop.clock().wall_ms(), all);
  };
  co_await run.services.store_worker.run(job);
  co_return kept;
}

/// Resolves and plans; a market that fails here fails alone.
async::Task<Result<void>> prepare_market(RunState& run, MarketPart& part,
                                         async::CancelToken cancel) {
  if (const Result<void> served = check_served(run, *part.market); !served) {
    add_failure(part.failures, served.error());
    co_return Result<void>();
  }
  Result<Targets> resolved = co_await resolve_targets(run, *part.market, cancel);
  if (!resolved) {
    if (resolved.error().code() == Code::kCancelled) co_return fail(resolved.error());
    add_failure(part.failures, resolved.error());
    co_return Result<void>();
  }
  const Result<void> kept = co_await keep_not_found(run, resolved->refused);
  if (!kept) add_failure(part.failures, kept.error());
  part.targets = std::move(resolved->targets);
  for (const SeriesTarget& target : part.targets) part.reports.push_back(report_of(target));
  for (SeriesReport& refused : resolved->refused) part.reports.push_back(std::move(refused));
  run.progress.series_total += static_cast<std::int64_t>(part.targets.size());
  announce_ranges(run, part);
  co_return co_await plan_targets(run, part, cancel);
}

async::Task<Result<void>> run_one(RunState& run, MarketPart& part, std::size_t index,
                                  async::Semaphore& places, async::CancelToken cancel) {
  SeriesReport& report = part.reports[index];
  const Result<void> done =
      co_await run_series(run, *part.market, part.chain, part.targets[index], report, cancel);
  places.release();
  ++run.progress.series_done;
  const bool events = report.series.is_events();
  const std::string text =
      std::to_string(report.rows_stored) + (events ? " events stored, " : " candles stored, ") +
      std::to_string(report.slots.missing) + (events ? " ms" : "") + " missing";
  run.services.observer.on_event(Event{Event::Type::kSeriesDone, report.series.name(), text});
  co_return done;
}

/// Few series at a time, so that commits group, spans seal once and a kill leaves few logs.
async::Task<Result<void>> run_market(RunState& run, MarketPart& part, async::CancelToken cancel) {
  const Result<void> prepared = co_await prepare_market(run, part, cancel);
  if (!prepared) co_return prepared;
  async::Semaphore places(run.services.loop, run.options.series_at_once);
  async::TaskGroup group(run.services.loop, cancel);
  Result<void> place;
  for (std::size_t i = 0; i < part.targets.size(); ++i) {
    place = co_await places.acquire(group.token());
    if (!place) break;
    group.spawn(run_one(run, part, i, places, group.token()));
  }
  const Result<void> joined = co_await group.join();
  if (!joined) co_return joined;
  co_return place;
}

/// Asks for lists alone. One that is not to be had does not keep the other away.
async::Task<Result<void>> refresh_market(RunState& run, MarketPart& part,
                                         async::CancelToken cancel) {
  KnownInstruments known = co_await read_ledger(run, *part.market);
  const Result<void> listed = co_await refresh_from_exchange(run, *part.market, known, cancel);
  if (!listed) add_failure(part.failures, listed.error());
  if (!has_archive_list(*part.market)) co_return Result<void>();
  const Result<void> archived = co_await refresh_from_archive(run, *part.market, known, cancel);
  if (!archived) add_failure(part.failures, archived.error());
  co_return Result<void>();
}

using MarketTask = async::Task<Result<void>> (*)(RunState&, MarketPart&, async::CancelToken);

/// Of each limiter of the run once.
std::vector<limits::LimiterState> limiter_states(
    const std::vector<std::unique_ptr<MarketPart>>& parts) {
  std::vector<limits::LimiterState> states;
  const auto add = [&](const MarketRun& market) {
    if (!market.shares_limiter) states.push_back(market.limiter->state());
  };
  for (const std::unique_ptr<MarketPart>& part : parts) {
    add(*part->market);
    for (const auto& fallback : part->chain.markets()) add(fallback->market());
  }
  return states;
}

void update_progress(RunState& run, const std::vector<std::unique_ptr<MarketPart>>& parts,
                     std::int64_t elapsed_ns) {
  Progress& progress = run.progress;
  if (run.pump != nullptr) progress.candles_stored = run.pump->rows_committed();
  progress.weight_used = progress.weight_capacity = progress.limited = 0;
  double limit_seconds = 0;
  for (const limits::LimiterState& state : limiter_states(parts)) {
    progress.limited += static_cast<std::int64_t>(state.limited);
    if (state.rules.empty()) continue;
    progress.weight_used += state.rules.front().used;
    progress.weight_capacity += state.rules.front().capacity;
  }
  for (const std::unique_ptr<MarketPart>& part : parts) {
    for (const plan::SourceTotals& totals : part->planned) {
      limit_seconds = std::max(limit_seconds, static_cast<double>(totals.seconds));
    }
  }
  if (progress.pages_done == 0 || progress.pages_planned == 0) return;
  // By the plan's limits, or by the pace so far where that is slower.
  const auto done = static_cast<double>(progress.pages_done);
  const auto planned = static_cast<double>(std::max(progress.pages_planned, progress.pages_done));
  const double whole =
      std::max(limit_seconds, static_cast<double>(elapsed_ns) / 1e9 * planned / done);
  progress.eta_seconds = whole * (planned - done) / planned;
}

async::Task<Result<void>> tick_progress(RunState& run,
                                        const std::vector<std::unique_ptr<MarketPart>>& parts,
                                        std::int64_t began_ns, async::CancelToken cancel) {
  async::Loop& loop = run.services.loop;
  while (true) {
    const async::Wake wake = co_await loop.sleep(kProgressPeriodNs, cancel);
    if (wake == async::Wake::kCancelled) co_return Result<void>();
    update_progress(run, parts, loop.now_ns() - began_ns);
    run.services.observer.on_progress(run.progress);
  }
}

/// A fallback that ended is worth a word where something is missing for it.
void add_ended_fallbacks(MarketPart& part) {
  const bool missing = std::any_of(part.reports.begin(), part.reports.end(),
                                   [](const auto& series) { return series.slots.missing > 0; });
  for (const auto& fallback : part.chain.markets()) {
    const std::optional<Error>& ended = fallback->market().client->ended();
    if (missing && ended) add_failure(part.failures, *ended);
  }
}

void collect(const std::vector<std::unique_ptr<MarketPart>>& parts, RunReport& report) {
  for (const limits::LimiterState& state : limiter_states(parts)) {
    report.limited += static_cast<std::int64_t>(state.limited);
    report.bans += static_cast<std::int64_t>(state.bans);
  }
  for (const std::unique_ptr<MarketPart>& part : parts) {
    add_ended_fallbacks(*part);
    for (SeriesReport& series : part->reports) {
      report.candles_stored += series.rows_stored;
      report.series.push_back(std::move(series));
    }
    report.planned.insert(report.planned.end(), part->planned.begin(), part->planned.end());
    report.failures.insert(report.failures.end(), part->failures.begin(), part->failures.end());
  }
}

/// Runs `task` for every market beside the pump (null: none) and the progress ticker.
async::Task<void> run_parts(RunState& run, std::vector<std::unique_ptr<MarketPart>>& parts,
                            MarketTask task, RunReport& report, async::CancelToken cancel) {
  async::Loop& loop = run.services.loop;
  const std::int64_t began_ns = loop.now_ns();
  // The pump is not cancelled: what was pushed is committed.
  async::TaskGroup background(loop, async::CancelToken());
  async::TaskGroup ticker(loop, async::CancelToken());
  if (run.pump != nullptr) background.spawn(run.pump->run());
  ticker.spawn(tick_progress(run, parts, began_ns, ticker.token()));

  async::TaskGroup markets(loop, cancel);
  for (const std::unique_ptr<MarketPart>& part : parts) {
    markets.spawn(task(run, *part, markets.token()));
  }
  const Result<void> joined = co_await markets.join();
  if (run.pump != nullptr) run.pump->close();
  const Result<void> pumped = co_await background.join();
  ticker.cancel();
  const Result<void> ticked = co_await ticker.join();
  for (const Result<void>* ended : {&joined, &pumped, &ticked}) {
    if (*ended || ended->error().code() == Code::kCancelled) continue;
    add_failure(report.failures, ended->error());
  }
  report.cancelled = cancel.cancelled();
  update_progress(run, parts, loop.now_ns() - began_ns);
  run.services.observer.on_progress(run.progress);
  report.wall_seconds = static_cast<double>(loop.now_ns() - began_ns) / 1e9;
}

async::Task<RunReport> do_markets(Services& services, RunOptions options, MarketTask task,
                                  StorePump* pump, bool keeps, async::CancelToken cancel) {
  RunReport report;
  RunState run(services, options, pump, keeps);
  net::HttpClient http(services.transport);
  LimiterPool limiters;
  std::vector<std::unique_ptr<MarketPart>> parts;
  for (const Selection& selection : options.selections) {
    const bool twice = std::any_of(parts.begin(), parts.end(), [&](const auto& part) {
      return part->market->selection->exchange == selection.exchange &&
             part->market->selection->market == selection.market;
    });
    if (twice) {
      add_failure(report.failures, Error(Code::kUsage, selection.exchange + "/" + selection.market +
                                                           " is selected twice"));
      continue;
    }
    auto part = std::make_unique<MarketPart>();
    const Result<void> opened = open_part(services, options, selection, http, limiters, *part);
    if (!opened) {
      add_failure(report.failures, opened.error());
      continue;
    }
    parts.push_back(std::move(part));
  }
  co_await run_parts(run, parts, task, report, cancel);
  co_await http.close();
  report.requests = static_cast<std::int64_t>(http.stats().requests);
  report.bytes_in = static_cast<std::int64_t>(http.stats().bytes_in);
  collect(parts, report);
  co_return std::move(report);
}

}  // namespace

async::Task<RunReport> run_backfill(Services& services, RunOptions options,
                                    async::CancelToken cancel) {
  BF_ASSERT(services.files != nullptr && services.store != nullptr && services.ledger != nullptr);
  StorePump pump(services, options.free_bytes_min);
  co_return co_await do_markets(services, std::move(options), &run_market, &pump, /*keeps=*/true,
                                cancel);
}

async::Task<RunReport> plan_backfill(Services& services, RunOptions options,
                                     async::CancelToken cancel) {
  co_return co_await do_markets(services, std::move(options), &prepare_market, nullptr,
                                /*keeps=*/false, cancel);
}

async::Task<RunReport> refresh_instruments(Services& services, RunOptions options,
                                           async::CancelToken cancel) {
  BF_ASSERT(services.files != nullptr && services.store != nullptr && services.ledger != nullptr);
  co_return co_await do_markets(services, std::move(options), &refresh_market, nullptr,
                                /*keeps=*/true, cancel);
}

}  // namespace bf::backfill
