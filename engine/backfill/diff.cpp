#include "engine/backfill/diff.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "engine/async/task_group.h"
#include "engine/backfill/fetch_plan.h"
#include "engine/backfill/open_market.h"
#include "engine/backfill/rescale.h"
#include "engine/backfill/validate.h"

namespace bf::backfill {
namespace {

/// One series while it is compared.
struct DiffState {
  const RunOptions& options;
  MarketRun& market;
  const DiffTarget& target;
  Series other;
  int price_shift = 0;
  SeriesDiff& diff;
};

Result<CandleBatch> held_rows(const DiffTarget& target, TimeRange window) {
  CandleBatch rows;
  const std::unique_ptr<store::Scan> scan = target.held->scan(window, kAllColumns);
  store::ScanBatch batch;
  while (true) {
    const Result<bool> more = scan->next(batch);
    if (!more) return fail(more.error());
    if (!*more) return rows;
    if (rows.empty()) rows.columns = batch.rows.columns;
    rows.columns = rows.columns.intersect(batch.rows.columns);
    batch.rows.columns = rows.columns;
    rows.append_rows(batch.rows, 0, batch.rows.row_count());
  }
}

/// Rows of an answer as they would have been stored: sorted, closed, judged.
Result<CandleBatch> judged_rows(const DiffState& state, TimeRange window, CandleBatch rows) {
  if (const Result<void> moved = rescale(rows, state.price_shift); !moved) {
    return fail(moved.error());
  }
  store::Answer answer;
  answer.exchange = state.other.instrument.exchange;
  answer.asked = window;
  answer.asked_at = state.market.client->now();
  const TimeMs closed_by = answer.asked_at - state.options.grace_ms;
  CandleBatch sorted;
  sorted.columns = rows.columns;
  Result<Judged> judged = judge_rows(state.other, answer, std::move(rows), closed_by);
  if (!judged) return fail(judged.error());
  for (const store::AnsweredRows& part : judged->parts) {
    if (part.rows.empty()) continue;  // coverage alone, without columns
    sorted.append_rows(part.rows, 0, part.rows.row_count());
  }
  return sorted;
}

Result<void> compare(DiffState& state, TimeRange window, const CandleBatch& other) {
  const Result<CandleBatch> held = held_rows(state.target, window);
  if (!held) return fail(held.error());
  compare_rows(*held, other, window, state.target.tick, state.diff.rows);
  return {};
}

/// Compares one page. Of an exchange whose answers may lack the oldest rows, what a page begins without
/// is asked for alone, until nothing comes.
async::Task<Result<void>> compare_page(DiffState& state, TimeRange window,
                                       async::CancelToken cancel) {
  const exchange::MarketApi& api = *state.market.api;
  const bool may_lack = api.truncation() == exchange::Truncation::kOldest;
  while (!window.empty()) {
    const exchange::ApiRequest request = api.candles_request(state.other, window);
    const Result<net::HttpResponse> response = co_await state.market.client->get(request, cancel);
    if (!response) co_return fail(response.error());
    CandleBatch rows;
    const Result<void> parsed = api.parse_candles(state.other, response->body, rows);
    if (!parsed) co_return fail(parsed.error().at(request.target));
    const Result<CandleBatch> judged = judged_rows(state, window, std::move(rows));
    if (!judged) co_return fail(judged.error().at(request.target));
    TimeMs from = window.from;
    if (may_lack && !judged->empty()) {
      from = slot_begin(state.other.interval, judged->open_time().front());
    }
    const Result<void> compared = compare(state, {from, window.to}, *judged);
    if (!compared) co_return compared;
    window.to = from;
  }
  co_return Result<void>();
}

async::Task<Result<void>> compare_file(DiffState& state, exchange::ArchiveFile file,
                                       async::CancelToken cancel) {
  const Result<ArchiveRows> fetched =
      co_await state.market.archive->fetch(state.other, file, cancel);
  if (!fetched) co_return fail(fetched.error());
  const TimeRange window = file.range.intersect(state.target.range);
  const Result<CandleBatch> judged = judged_rows(state, window, fetched->rows);
  if (!judged) co_return fail(judged.error().at("archive " + file.path));
  co_return compare(state, window, *judged);
}

/// Holds a place while `work` goes on; a failure is the series', and only a stop ends the others.
async::Task<Result<void>> in_place(DiffState& state, async::Semaphore& places,
                                   async::Task<Result<void>> work) {
  const Result<void> done = co_await std::move(work);
  places.release();
  if (done) co_return done;
  if (done.error().code() == Code::kCancelled) co_return done;
  add_failure(state.diff.failures, done.error());
  co_return Result<void>();
}

async::Task<Result<void>> compare_plan(DiffState& state, plan::SeriesPlan plan, async::Loop& loop,
                                       async::CancelToken cancel) {
  async::TaskGroup group(loop, cancel);
  Result<void> place;
  for (const exchange::ArchiveFile& file : plan.files) {
    place = co_await state.market.archive_in_flight.acquire(group.token());
    if (!place) break;
    group.spawn(
        in_place(state, state.market.archive_in_flight, compare_file(state, file, group.token())));
  }
  for (const plan::PageWindow& page : plan.pages) {
    if (!place) break;
    place = co_await state.market.in_flight.acquire(group.token());
    if (!place) break;
    group.spawn(
        in_place(state, state.market.in_flight, compare_page(state, page.window, group.token())));
  }
  const Result<void> joined = co_await group.join();
  if (!joined) co_return joined;
  co_return place;
}

/// The sources of a comparison, opened as series need them.
class Sources {
 public:
  Sources(Services& services, const RunOptions& options, std::string against)
      : services_(services),
        options_(options),
        against_(std::move(against)),
        run_(services, options_, nullptr, /*keeps=*/false),
        http_(services.transport) {}

  async::Task<Result<void>> compare(const DiffTarget& target, SeriesDiff& diff,
                                    async::CancelToken cancel) {
    const Instrument& own = target.series.instrument;
    if (target.series.is_events()) {
      co_return fail(Code::kUsage, "events are not compared: leave them out with --kind candles");
    }
    const auto api = exchange::find_market(own.exchange, own.market);
    if (!api) co_return fail(api.error());
    const bool itself = against_ == "rest" || against_ == "archive";
    if (!itself) co_return co_await compare_other(**api, target, diff, cancel);
    const Result<MarketRun*> market = own_market(**api);
    if (!market) co_return fail(market.error());
    DiffState state{options_, **market, target, target.series, 0, diff};
    co_return co_await compare_with(state, cancel);
  }

  async::Task<void> close() { co_await http_.close(); }
  [[nodiscard]] std::int64_t requests() const {
    return static_cast<std::int64_t>(http_.stats().requests);
  }

 private:
  Result<MarketRun*> own_market(const exchange::MarketApi& api) {
    std::unique_ptr<MarketRun>& market = own_[&api];
    if (market == nullptr) {
      auto opened = open_market(services_, options_, api, http_, limiters_);
      if (!opened) return fail(opened.error());
      market = std::move(*opened);
    }
    return market.get();
  }

  Result<Chain*> chain_of(const exchange::MarketApi& api) {
    const auto known = chains_.find(&api);
    if (known != chains_.end()) return &known->second;
    Result<Chain> opened = open_chain(services_, options_, api, http_, limiters_);
    if (!opened) return fail(opened.error());
    return &chains_.emplace(&api, std::move(*opened)).first->second;
  }

  async::Task<Result<void>> compare_other(const exchange::MarketApi& api, const DiffTarget& target,
                                          SeriesDiff& diff, async::CancelToken cancel) {
    const Result<Chain*> chain = chain_of(api);
    if (!chain) co_return fail(chain.error());
    if ((*chain)->empty()) {
      co_return fail(Code::kUsage, against_ + " has no other market for " + target.series.name() +
                                       "; --against rest asks its own exchange once more");
    }
    SeriesTarget wanted;
    wanted.series = target.series;
    wanted.canonical = target.canonical;
    wanted.multiplier = target.multiplier;
    for (const std::unique_ptr<FallbackMarket>& market : (*chain)->markets()) {
      const Result<std::optional<FallbackMarket::Link>> link =
          co_await market->link_to(run_, wanted, /*exact=*/false, cancel);
      if (!link) co_return fail(link.error());
      if (!*link) continue;
      DiffState state{options_,        market->market(),     target,
                      (*link)->series, (*link)->price_shift, diff};
      co_return co_await compare_with(state, cancel);
    }
    co_return fail(Code::kNotFound,
                   against_ + " has no instrument that is " +
                       (target.canonical.empty() ? "known to be the same" : target.canonical));
  }

  async::Task<Result<void>> compare_with(DiffState& state, async::CancelToken cancel) {
    const bool archive = against_ == "archive";
    if (archive && state.market.archive == nullptr) {
      co_return fail(Code::kUsage, state.market.client->name() + " has no archive");
    }
    if (!archive) {
      const Result<void> clock = co_await state.market.client->ensure_clock(cancel);
      if (!clock) co_return clock;
    }
    state.diff.other = state.other.instrument.name() + (archive ? " archive" : " rest");
    RunOptions options = options_;
    options.source = archive ? plan::SourceChoice::kArchive : plan::SourceChoice::kRest;
    const store::GapIndex nothing(state.other);
    plan::SeriesPlan plan = plan_wanted(options, state.market, state.other,
                                        RangeSet(state.diff.range), nothing, RangeSet());
    co_return co_await compare_plan(state, std::move(plan), services_.loop, cancel);
  }

  Services& services_;
  const RunOptions& options_;
  std::string against_;
  RunState run_;
  net::HttpClient http_;
  LimiterPool limiters_;
  std::map<const exchange::MarketApi*, std::unique_ptr<MarketRun>> own_;
  std::map<const exchange::MarketApi*, Chain> chains_;
};

}  // namespace

async::Task<DiffReport> run_diff(Services& services, RunOptions options, std::string against,
                                 std::vector<DiffTarget> targets, async::CancelToken cancel) {
  DiffReport report;
  options.fallbacks = {{"all", {against}}};
  if (against == "rest" || against == "archive") options.fallbacks.clear();
  Sources sources(services, options, against);
  for (const DiffTarget& target : targets) {
    SeriesDiff diff;
    diff.series = target.series;
    diff.range = target.range;
    const Result<void> compared = co_await sources.compare(target, diff, cancel);
    if (!compared && compared.error().code() == Code::kCancelled) break;
    if (!compared) add_failure(diff.failures, compared.error());
    finish(diff.rows);
    report.series.push_back(std::move(diff));
  }
  report.cancelled = cancel.cancelled();
  report.requests = sources.requests();
  co_await sources.close();
  co_return std::move(report);
}

}  // namespace bf::backfill
