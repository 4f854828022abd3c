#include "engine/backfill/tune.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/async/task_group.h"
#include "engine/backfill/limiter_pool.h"
#include "engine/backfill/source_url.h"
#include "engine/plan/planner.h"
#include "store/base/assert.h"

namespace bf::backfill {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr double kNsPerSecond = 1e9;
constexpr DurationMs kStepMsMin = 100;
/// 1, 2, 4 ... kTuneInFlightMax.
constexpr DurationMs kStepsMax = 7;
/// After the end of a step, for those that are under way.
constexpr DurationMs kLateMs = 5'000;
/// What more workers have to bring.
constexpr double kFaster = 1.1;
/// So near is as good.
constexpr double kNearly = 0.95;
/// From this part of the workers' time on, the limits and not the network decide.
constexpr double kHeldBackPart = 0.25;

/// What the workers share. Outlives every task.
struct Tuning {
  async::Loop& loop;
  const exchange::MarketApi& api;
  MarketClient& client;
  Series series;
  TimeRange history;  ///< pages are taken from its end, and from there again
  std::uint32_t page_rows = 0;
  TimeMs page_end = 0;
};

/// What one step's workers saw.
struct Tally {
  std::vector<std::int64_t> took_ns;
  std::int64_t held_ns = 0;
  std::int64_t bytes = 0;
  std::int64_t rows = 0;
  std::int64_t last_ns = 0;
};

exchange::ApiRequest next_request(Tuning& tuning) {
  const DurationMs page_ms = DurationMs{tuning.page_rows} * kMinuteMs;
  if (tuning.page_end - page_ms < tuning.history.from) tuning.page_end = tuning.history.to;
  const TimeRange window{std::max(tuning.history.from, tuning.page_end - page_ms), tuning.page_end};
  tuning.page_end = window.from;
  return tuning.api.candles_request(tuning.series, window);
}

async::Task<Result<void>> ask_once(Tuning& tuning, Tally& tally, async::CancelToken cancel) {
  exchange::ApiRequest request = next_request(tuning);
  const std::int64_t began_ns = tuning.loop.now_ns();
  const Result<TimedResponse> timed = co_await tuning.client.get_timed(std::move(request), cancel);
  if (!timed) co_return fail(timed.error());
  CandleBatch rows;
  const Result<void> parsed = tuning.api.parse_candles(tuning.series, timed->response.body, rows);
  if (!parsed) co_return fail(parsed.error().at(tuning.client.name()));
  tally.last_ns = tuning.loop.now_ns();
  tally.took_ns.push_back(timed->took_ns);
  tally.held_ns += tally.last_ns - began_ns - timed->took_ns;
  tally.bytes += static_cast<std::int64_t>(timed->response.body.size());
  tally.rows += static_cast<std::int64_t>(rows.row_count());
  co_return Result<void>();
}

async::Task<Result<void>> ask_until(Tuning& tuning, Tally& tally, std::int64_t end_ns,
                                    async::CancelToken cancel) {
  do {
    const Result<void> asked = co_await ask_once(tuning, tally, cancel);
    if (!asked) co_return asked;
  } while (tuning.loop.now_ns() < end_ns);
  co_return Result<void>();
}

/// Lifetime: `group` outlives the task.
async::Task<Result<void>> stop_at(async::Loop& loop, std::int64_t at_ns, async::TaskGroup& group,
                                  async::CancelToken done) {
  const async::Wake wake = co_await loop.sleep(at_ns - loop.now_ns(), done);
  if (wake == async::Wake::kTimeout) group.cancel();
  co_return Result<void>();
}

/// `workers` at once until `end_ns`, each for one request at least. Being stopped for lateness is no error.
async::Task<Result<void>> work(Tuning& tuning, Tally& tally, std::int64_t workers,
                               std::int64_t end_ns, async::CancelToken cancel) {
  async::TaskGroup group(tuning.loop, cancel);
  async::TaskGroup timer(tuning.loop, async::CancelToken());
  for (std::int64_t i = 0; i < workers; ++i) {
    group.spawn(ask_until(tuning, tally, end_ns, group.token()));
  }
  timer.spawn(stop_at(tuning.loop, end_ns + kLateMs * kNsPerMs, group, timer.token()));
  const Result<void> asked = co_await group.join();
  timer.cancel();
  const Result<void> timed = co_await timer.join();
  if (!timed) co_return timed;
  const bool late = !asked && asked.error().code() == Code::kCancelled && !cancel.cancelled();
  if (late) co_return Result<void>();
  co_return asked;
}

TuneStep step_of(std::int64_t workers, Tally tally, std::int64_t began_ns) {
  TuneStep step;
  step.in_flight = workers;
  step.requests = static_cast<std::int64_t>(tally.took_ns.size());
  if (tally.took_ns.empty()) return step;
  std::sort(tally.took_ns.begin(), tally.took_ns.end());
  const auto at = [&tally](std::size_t percent) {
    const std::size_t index = tally.took_ns.size() * percent / 100;
    return static_cast<double>(tally.took_ns[std::min(index, tally.took_ns.size() - 1)]) /
           static_cast<double>(kNsPerMs);
  };
  step.median_ms = at(50);
  step.p99_ms = at(99);
  const auto elapsed_ns = static_cast<double>(std::max<std::int64_t>(1, tally.last_ns - began_ns));
  const double per_second = kNsPerSecond / elapsed_ns;
  step.requests_per_second = static_cast<double>(step.requests) * per_second;
  step.candles_per_second = static_cast<double>(tally.rows) * per_second;
  step.bytes_per_second = static_cast<double>(tally.bytes) * per_second;
  step.held_back = static_cast<double>(tally.held_ns) >
                   kHeldBackPart * elapsed_ns * static_cast<double>(workers);
  return step;
}

/// Requests a second that the limits allow for long. Rules of other endpoints do not count.
double limit_of(const limits::RateLimiter& limiter, const exchange::ApiRequest& request) {
  const limits::LimiterState state = limiter.state();
  double least = 0;
  for (std::size_t i = 0; i < limiter.rules().size(); ++i) {
    const limits::LimitRule& rule = limiter.rules()[i];
    if (!rule.endpoint.empty() && rule.endpoint != request.endpoint) continue;
    const double cost = rule.unit == limits::Unit::kWeight ? request.weight : 1;
    const double rate = static_cast<double>(state.rules[i].capacity) / cost /
                        (static_cast<double>(rule.window_ms) / 1'000);
    least = least == 0 ? rate : std::min(least, rate);
  }
  return least;
}

void choose(TuneReport& report) {
  double target = 0;
  for (const TuneStep& step : report.steps) target = std::max(target, step.requests_per_second);
  if (report.limit_per_second > 0) target = std::min(target, report.limit_per_second);
  const auto good = std::find_if(
      report.steps.begin(), report.steps.end(),
      [target](const TuneStep& step) { return step.requests_per_second >= kNearly * target; });
  report.concurrency = good->in_flight;
}

async::Task<Result<void>> climb(Tuning& tuning, TuneReport& report, DurationMs step_ms,
                                async::CancelToken cancel) {
  double best = 0;
  for (std::int64_t workers = 1; workers <= kTuneInFlightMax; workers *= 2) {
    // One request each, at once, makes the connections; uncounted.
    Tally unused;
    const Result<void> warm = co_await work(tuning, unused, workers, tuning.loop.now_ns(), cancel);
    if (!warm) co_return warm;
    Tally tally;
    const std::int64_t began_ns = tuning.loop.now_ns();
    const Result<void> worked =
        co_await work(tuning, tally, workers, began_ns + step_ms * kNsPerMs, cancel);
    if (!worked) co_return worked;
    const TuneStep step = step_of(workers, std::move(tally), began_ns);
    if (step.requests > 0) report.steps.push_back(step);
    const bool limited = step.requests == 0 || step.held_back ||
                         (report.limit_per_second > 0 &&
                          step.requests_per_second >= kNearly * report.limit_per_second);
    if (limited || step.requests_per_second < kFaster * best) {
      report.end = limited ? TuneEnd::kLimits : TuneEnd::kNoFaster;
      break;
    }
    best = step.requests_per_second;
  }
  if (report.steps.empty()) {
    co_return fail(Code::kLimit, tuning.client.name() +
                                     ": the limits let no request through in time: "
                                     "they are used up; try again later");
  }
  choose(report);
  co_return Result<void>();
}

/// Whose candles are asked for, and since when there are any.
struct Subject {
  std::string symbol;
  TimeMs listed = kTimeMin;
};

async::Task<Result<Subject>> find_subject(MarketClient& client, const Selection& selection,
                                          async::CancelToken cancel) {
  Subject subject;
  if (!selection.symbols.empty()) subject.symbol = selection.symbols.front();
  if (client.api().listing() == exchange::Listing::kNone) {
    if (subject.symbol.empty()) {
      co_return fail(Code::kUsage,
                     client.name() + " has no list of instruments: name one, --symbol");
    }
    co_return subject;
  }
  const Result<exchange::InstrumentList> list = co_await client.get_instruments(cancel);
  if (!list) co_return fail(list.error());
  for (const auto& [rule, capacity] : list->capacities) {
    client.limiter().set_capacity(rule, capacity);
  }
  const exchange::InstrumentInfo* found = nullptr;
  for (const exchange::InstrumentInfo& info : list->instruments) {
    if (!subject.symbol.empty()) {
      if (info.symbol == subject.symbol) found = &info;
    } else if (info.trading && (found == nullptr || info.listed < found->listed)) {
      found = &info;
    }
  }
  if (found == nullptr) {
    co_return fail(
        Code::kUnknownName,
        client.name() + " lists no " +
            (subject.symbol.empty() ? "instrument that is traded" : printable(subject.symbol, 40)));
  }
  subject.symbol = found->symbol;
  subject.listed = std::max(kTimeMin, found->listed);
  co_return subject;
}

async::Task<Result<TuneReport>> tune_market(Tuning& tuning, const Selection& selection,
                                            DurationMs duration_ms, async::CancelToken cancel) {
  const Result<void> clock = co_await tuning.client.ensure_clock(cancel);
  if (!clock) co_return fail(clock.error());
  const Result<Subject> subject = co_await find_subject(tuning.client, selection, cancel);
  if (!subject) co_return fail(subject.error());
  const TimeMs now = tuning.client.now();
  tuning.series.instrument.symbol = subject->symbol;
  const TimeMs served = tuning.api.history_from(Kind::kCandles, Interval::k1m, now);
  tuning.history.from =
      slot_begin(Interval::k1m, std::max(subject->listed, served) + kMinuteMs - 1);
  tuning.history.to = slot_begin(Interval::k1m, now - kMinuteMs);
  if (tuning.history.from >= tuning.history.to) {
    co_return fail(Code::kUsage, tuning.client.name() + ": " + printable(subject->symbol, 40) +
                                     " has no candles yet");
  }
  tuning.page_end = tuning.history.to;

  TuneReport report;
  report.source = tuning.client.name();
  report.symbol = subject->symbol;
  report.page_rows = tuning.page_rows;
  report.limit_per_second = limit_of(tuning.client.limiter(), next_request(tuning));
  const DurationMs step_ms = std::max(kStepMsMin, duration_ms / kStepsMax);
  const Result<void> climbed = co_await climb(tuning, report, step_ms, cancel);
  if (!climbed) co_return fail(climbed.error());
  co_return report;
}

}  // namespace

async::Task<Result<TuneReport>> tune_source(async::Loop& loop, net::Transport& transport,
                                            RunOptions options, DurationMs duration_ms,
                                            async::CancelToken cancel) {
  BF_ASSERT(options.selections.size() == 1);
  const Selection& selection = options.selections.front();
  const auto found = exchange::find_market(selection.exchange, selection.market);
  if (!found) co_return fail(found.error());
  const exchange::MarketApi& api = **found;
  if (!api.serves(Kind::kCandles, Interval::k1m)) {
    co_return fail(Code::kUsage,
                   selection.exchange + "/" + selection.market + " has no 1m candles");
  }
  const Result<net::Url> base = source_url(options, options.base_urls, api, api.default_base_url());
  if (!base) co_return fail(base.error());
  MarketRun market(loop, /*concurrency=*/1, /*archive_concurrency=*/1);
  market.api = &api;
  LimiterPool limiters;
  const Result<void> joined = limiters.join(market, options, *base, loop);
  if (!joined) co_return fail(joined.error());

  SilentObserver observer;
  net::HttpClient http(transport);
  MarketClientOptions client_options{*base, /*retries_max=*/0, /*limited_max=*/1};
  MarketClient client(loop, http, api, *market.limiter, observer, std::move(client_options));
  Tuning tuning{loop, api, client, {}, {}, 0, 0};
  tuning.series.instrument.exchange = api.exchange();
  tuning.series.instrument.market = api.market();
  tuning.page_rows =
      plan::throughput_of(api, Kind::kCandles, Interval::k1m, /*share_percent=*/100).page_rows;
  Result<TuneReport> report = co_await tune_market(tuning, selection, duration_ms, cancel);
  co_await http.close();
  co_return report;
}

}  // namespace bf::backfill
