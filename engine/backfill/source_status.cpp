#include "engine/backfill/source_status.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/async/task_group.h"
#include "engine/backfill/limiter_pool.h"
#include "engine/backfill/source_url.h"
#include "engine/plan/planner.h"

namespace bf::backfill {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
/// An archive is asked for a file this old. That there is none by its name is an answer too.
constexpr DurationMs kArchiveFileAge = 62 * kDayMs;
constexpr std::string_view kArchiveSymbol = "BTCUSDT";

/// A REST server, and those who share its budget.
struct MarketServer {
  explicit MarketServer(async::Loop& loop) : market(loop, 1, 1) {}
  MarketRun market;
  std::vector<std::size_t> sources;  ///< whose status its answer is
};

struct ArchiveServer {
  exchange::ArchiveFile file;
  net::Url base;
  std::vector<std::size_t> sources;
};

/// What asking shares. Lifetime: outlives every task.
struct Round {
  async::Loop& loop;
  net::HttpClient& http;
  DurationMs deadline_ms;
  std::vector<SourceStatus> statuses;
  std::vector<std::unique_ptr<MarketServer>> markets;
  std::vector<std::unique_ptr<ArchiveServer>> archives;
};

/// What an answer, or the lack of one, says of a server.
struct Finding {
  SourceState state = SourceState::kReachable;
  std::string reason;
  TimeMs until = 0;
};

Finding finding_of(const Error& error, DurationMs deadline_ms) {
  switch (error.code()) {
    case Code::kUnknownName:  // by whoever knows names
      return {};
    case Code::kLimited:
      return {SourceState::kLimited, error.message(), error.retry_at_ms()};
    case Code::kBanned:
      return {SourceState::kBanned, error.message(), error.retry_at_ms()};
    case Code::kBlocked:
      return {SourceState::kBlocked, error.message(), 0};
    case Code::kCancelled:
      return {SourceState::kUnreachable,
              "no answer within " + std::to_string(deadline_ms / kSecondMs) + " s", 0};
    default:
      return {SourceState::kUnreachable, error.message(), 0};
  }
}

void set_finding(Round& round, const std::vector<std::size_t>& sources, const Finding& finding) {
  for (const std::size_t i : sources) {
    SourceStatus& status = round.statuses[i];
    status.state = finding.state;
    status.reason = finding.reason;
    status.until = finding.until;
  }
}

/// The exchange's clock, `trip_ms` after the request left: by its answer, else by the second of the Date
/// header. Errors: kProtocol: what should be a time is none.
Result<void> set_clock(const MarketClient& client, const Result<net::HttpResponse>& response,
                       TimeMs wall_now, DurationMs trip_ms, SourceStatus& status) {
  status.clock_uncertainty_ms = trip_ms / 2 + 1;
  if (const std::optional<DurationMs> date = client.date_offset_ms()) {
    status.clock_offset_ms = *date + kSecondMs / 2 + trip_ms / 2;
    status.clock_uncertainty_ms += kSecondMs / 2;
  } else if (response && client.api().server_time_request()) {
    const Result<TimeMs> time = client.api().parse_server_time(response->body);
    if (!time) return fail(time.error().at(client.name()));
    status.clock_offset_ms = *time - (wall_now - trip_ms / 2);
  }
  return {};
}

std::vector<LimitUse> uses_of(const limits::RateLimiter& limiter,
                              const Result<net::HttpResponse>& response) {
  const limits::LimiterState state = limiter.state();
  std::vector<LimitUse> uses;
  for (std::size_t i = 0; i < state.rules.size(); ++i) {
    const limits::LimitRule& rule = limiter.rules()[i];
    LimitUse use{rule.name, state.rules[i].used, rule.capacity, state.rules[i].capacity, false};
    use.reported = response && !rule.usage_header.empty() && response->header(rule.usage_header);
    uses.push_back(std::move(use));
  }
  return uses;
}

async::Task<Result<void>> ask_market(Round& round, MarketServer& server,
                                     async::CancelToken cancel) {
  MarketRun& market = server.market;
  exchange::ApiRequest request = market.api->ping_request(round.loop.clock().wall_ms());
  const Result<net::HttpResponse> response =
      co_await market.client->get(std::move(request), cancel);
  const DurationMs trip_ms = (round.loop.now_ns() - market.client->last_sent_ns()) / kNsPerMs;

  Finding finding;
  SourceStatus told;
  if (!response) finding = finding_of(response.error(), round.deadline_ms);
  if (finding.state == SourceState::kReachable) {
    told.answer_ms = trip_ms;
    const Result<void> clock =
        set_clock(*market.client, response, round.loop.clock().wall_ms(), trip_ms, told);
    if (!clock) finding = finding_of(clock.error(), round.deadline_ms);
  }
  set_finding(round, server.sources, finding);
  // A ban that was not seen here is one that stood: nothing was sent.
  const bool asked = finding.state != SourceState::kBanned || market.limiter->state().bans > 0;
  const std::vector<LimitUse> uses = uses_of(*market.limiter, response);
  for (const std::size_t i : server.sources) {
    SourceStatus& status = round.statuses[i];
    status.asked = asked;
    status.limits = uses;
    if (finding.state != SourceState::kReachable) continue;
    status.answer_ms = told.answer_ms;
    status.clock_offset_ms = told.clock_offset_ms;
    status.clock_uncertainty_ms = told.clock_uncertainty_ms;
  }
  co_return Result<void>();
}

/// What the archive's server answered.
Finding finding_of(const net::HttpResponse& response) {
  constexpr int kFound = 200, kForbidden = 403, kNotFound = 404, kLegal = 451;
  if (response.status == kFound || response.status == kNotFound) return {};
  const bool blocked = response.status == kForbidden || response.status == kLegal;
  return {
      blocked ? SourceState::kBlocked : SourceState::kUnreachable,
      "HTTP " + std::to_string(response.status) + " with \"" + printable(response.body, 80) + "\"",
      0};
}

async::Task<Result<void>> ask_archive(Round& round, ArchiveServer& server,
                                      async::CancelToken cancel) {
  net::HttpRequest request;
  request.endpoint = server.base.endpoint;
  request.target = server.base.path + server.file.checksum_path;
  const std::int64_t began_ns = round.loop.now_ns();
  const Result<net::HttpResponse> response = co_await round.http.get(std::move(request), cancel);
  const DurationMs answer_ms = (round.loop.now_ns() - began_ns) / kNsPerMs;
  const Finding finding =
      response ? finding_of(*response) : finding_of(response.error(), round.deadline_ms);
  set_finding(round, server.sources, finding);
  for (const std::size_t i : server.sources) {
    round.statuses[i].asked = true;
    if (finding.state == SourceState::kReachable) round.statuses[i].answer_ms = answer_ms;
  }
  co_return Result<void>();
}

std::string server_name(const net::Endpoint& endpoint) {
  std::string name = endpoint.name();
  if (endpoint.proxy != nullptr) name += " by " + endpoint.proxy->name();
  return name;
}

/// What is known of a market without asking.
SourceStatus status_of(const exchange::MarketApi& api, const RunOptions& options, TimeMs now) {
  SourceStatus status;
  status.source = std::string(api.exchange()) + "/" + std::string(api.market());
  status.share_percent =
      options.max_weight_percent != 0 ? options.max_weight_percent : api.default_share_percent();
  if (!api.serves(Kind::kCandles, Interval::k1m)) return status;
  const plan::Throughput most =
      plan::throughput_of(api, Kind::kCandles, Interval::k1m, status.share_percent);
  status.page_rows = most.page_rows;
  status.candles_per_minute = most.candles_per_minute;
  const TimeMs oldest = api.history_from(Kind::kCandles, Interval::k1m, now);
  if (oldest != kTimeMin) status.history_from = slot_begin(Interval::k1m, oldest + kMinuteMs - 1);
  return status;
}

Result<void> add_market(Round& round, const RunOptions& options, const exchange::MarketApi& api,
                        LimiterPool& limiters, Observer& observer) {
  const Result<net::Url> base = source_url(options, options.base_urls, api, api.default_base_url());
  if (!base) return fail(base.error());
  auto server = std::make_unique<MarketServer>(round.loop);
  server->market.api = &api;
  const Result<void> joined = limiters.join(server->market, options, *base, round.loop);
  if (!joined) return fail(joined.error());

  const std::size_t index = round.statuses.size();
  round.statuses.push_back(status_of(api, options, round.loop.clock().wall_ms()));
  round.statuses.back().server = server_name(base->endpoint);
  for (const std::unique_ptr<MarketServer>& known : round.markets) {
    if (known->market.limiter != server->market.limiter) continue;
    round.statuses[index].shares_with = round.statuses[known->sources.front()].source;
    known->sources.push_back(index);
    return {};
  }
  MarketClientOptions client{*base, /*retries_max=*/0, /*limited_max=*/1};
  server->market.client = std::make_unique<MarketClient>(
      round.loop, round.http, api, *server->market.limiter, observer, std::move(client));
  server->sources.push_back(index);
  round.markets.push_back(std::move(server));
  return {};
}

Result<void> add_archive(Round& round, const RunOptions& options, const exchange::MarketApi& api) {
  const exchange::ArchiveApi* const archive = exchange::find_archive(api.exchange(), api.market());
  if (archive == nullptr) return {};
  Result<net::Url> base =
      source_url(options, options.archive_urls, api, archive->default_base_url());
  if (!base) return fail(base.error());
  const Series any{Instrument{std::string(api.exchange()), std::string(api.market()),
                              std::string(kArchiveSymbol)},
                   Kind::kCandles, Interval::k1m};
  const TimeMs then = round.loop.clock().wall_ms() - kArchiveFileAge;
  std::optional<exchange::ArchiveFile> file = archive->month_file(any, then);
  if (!file) return {};

  SourceStatus status;
  status.source = any.instrument.exchange + "/" + any.instrument.market + " archive";
  status.server = server_name(base->endpoint);
  const std::size_t index = round.statuses.size();
  round.statuses.push_back(std::move(status));
  for (const std::unique_ptr<ArchiveServer>& known : round.archives) {
    if (known->base.endpoint != base->endpoint || known->base.path != base->path) continue;
    round.statuses[index].shares_with = round.statuses[known->sources.front()].source;
    known->sources.push_back(index);
    return {};
  }
  round.archives.push_back(std::make_unique<ArchiveServer>());
  ArchiveServer& server = *round.archives.back();
  server.file = *std::move(file);
  server.base = *std::move(base);
  server.sources.push_back(index);
  return {};
}

Result<void> add_sources(Round& round, const RunOptions& options, LimiterPool& limiters,
                         Observer& observer) {
  for (const Selection& selection : options.selections) {
    const auto api = exchange::find_market(selection.exchange, selection.market);
    if (!api) return fail(api.error());
    const Result<void> market = add_market(round, options, **api, limiters, observer);
    if (!market) return market;
    const Result<void> archive = add_archive(round, options, **api);
    if (!archive) return archive;
  }
  return {};
}

/// Lifetime: `group` outlives the task.
async::Task<Result<void>> stop_after(async::Loop& loop, DurationMs ms, async::TaskGroup& group,
                                     async::CancelToken done) {
  const async::Wake wake = co_await loop.sleep(ms * kNsPerMs, done);
  if (wake == async::Wake::kTimeout) group.cancel();
  co_return Result<void>();
}

}  // namespace

std::string_view state_name(SourceState state) noexcept {
  switch (state) {
    case SourceState::kReachable:
      return "reachable";
    case SourceState::kLimited:
      return "limited";
    case SourceState::kBanned:
      return "banned";
    case SourceState::kBlocked:
      return "blocked";
    case SourceState::kUnreachable:
      break;
  }
  return "unreachable";
}

async::Task<Result<std::vector<SourceStatus>>> ask_sources(async::Loop& loop,
                                                           net::Transport& transport,
                                                           RunOptions options,
                                                           DurationMs deadline_ms,
                                                           async::CancelToken cancel) {
  SilentObserver observer;
  net::HttpClient http(transport);
  LimiterPool limiters;
  Round round{loop, http, deadline_ms, {}, {}, {}};
  const Result<void> added = add_sources(round, options, limiters, observer);
  if (!added) {
    co_await http.close();
    co_return fail(added.error());
  }
  async::TaskGroup asking(loop, cancel);
  async::TaskGroup timer(loop, async::CancelToken());
  for (const std::unique_ptr<MarketServer>& server : round.markets) {
    asking.spawn(ask_market(round, *server, asking.token()));
  }
  for (const std::unique_ptr<ArchiveServer>& server : round.archives) {
    asking.spawn(ask_archive(round, *server, asking.token()));
  }
  timer.spawn(stop_after(loop, deadline_ms, asking, timer.token()));
  const Result<void> asked = co_await asking.join();
  timer.cancel();
  const Result<void> timed = co_await timer.join();
  co_await http.close();
  if (cancel.cancelled()) co_return fail(async::CancelToken::error());
  for (const Result<void>* ended : {&asked, &timed}) {
    if (!*ended) co_return fail(ended->error());
  }
  co_return std::move(round.statuses);
}

}  // namespace bf::backfill
