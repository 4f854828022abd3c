#include "engine/backfill/market_client.h"

#include "engine/backfill/api_view.h"
#include "store/base/http_date.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_set>

namespace bf::backfill {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kBackoffFirstMs = 500;
constexpr std::int64_t kBackoffMaxMs = 60'000;
/// Where a 429 does not say how long: to the end of a minute's window.
constexpr DurationMs kLimitedPauseMs = kMinuteMs;
/// Where a ban does not say how long: the shortest that Binance documents.
constexpr DurationMs kBanPauseMs = 2 * kMinuteMs;

/// The exchange's time is asked for again where its answer took longer, so often.
constexpr DurationMs kRoundTripGoodMs = 1'000;
constexpr int kClockTurnsMax = 3;
/// Clocks drift: in a long run the time is asked for anew after so long.
constexpr std::int64_t kClockGoodNs = 15LL * 60 * 1'000 * kNsPerMs;
/// A list of instruments that goes on behind so many parts goes in a circle.
constexpr int kListPartsMax = 200;
/// No answer makes a source stay away longer.
constexpr DurationMs kPauseMaxMs = 3 * kDayMs;

/// Path without the query: for messages, which name no values.
std::string path_of(const std::string& target) { return target.substr(0, target.find('?')); }

bool is_transport_failure(Code code) {
  return code == Code::kNetwork || code == Code::kTimeout || code == Code::kTls ||
         code == Code::kProtocol;
}

}  // namespace

MarketClient::MarketClient(async::Loop& loop, net::HttpClient& http, const exchange::MarketApi& api,
                           limits::RateLimiter& limiter, Observer& observer,
                           MarketClientOptions options)
    : loop_(loop),
      http_(http),
      api_(api),
      limiter_(limiter),
      observer_(observer),
      options_(std::move(options)),
      clock_turn_(loop, 1),
      jitter_state_(static_cast<std::uint64_t>(loop.now_ns())) {}

std::string MarketClient::name() const {
  return std::string(api_.exchange()) + "/" + std::string(api_.market());
}

TimeMs MarketClient::now() const { return loop_.clock().wall_ms() + clock_offset_ms_; }

std::optional<DurationMs> MarketClient::date_offset_ms() const {
  if (clock_asked_ns_ < 0 || api_.server_time_request()) return std::nullopt;
  return clock_offset_ms_;
}

std::int64_t MarketClient::backoff_ns(std::int64_t retry) {
  // SplitMix64: full jitter needs no better randomness, and the virtual clock needs the same each run.
  jitter_state_ += 0x9E3779B97F4A7C15ULL;
  std::uint64_t z = jitter_state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  z ^= z >> 31;
  const std::int64_t ceiling =
      std::min(kBackoffMaxMs, kBackoffFirstMs << std::min<std::int64_t>(retry, 10));
  const auto spread = static_cast<std::uint64_t>(ceiling);
  return static_cast<std::int64_t>(z % spread) * kNsPerMs;
}

void MarketClient::end_source(const Error& error) {
  if (ended_) return;
  ended_ = error;
  observer_.on_event(Event{Event::Type::kWarning, "", name() + ": " + error.message()});
}

limits::Feedback MarketClient::feedback(const net::HttpResponse& response) const {
  limits::Feedback feedback;
  for (const limits::LimitRule& rule : limiter_.rules()) {
    if (rule.usage_header.empty()) continue;
    std::int64_t used = -1;
    if (const auto value = response.header(rule.usage_header)) {
      std::from_chars(value->data(), value->data() + value->size(), used);
    }
    feedback.used.push_back(used);
  }
  if (const auto date = response.header("date")) {
    const std::optional<TimeMs> server_time = parse_http_date(*date);
    if (server_time) feedback.server_time = *server_time;
  }
  return feedback;
}

MarketClient::Attempt MarketClient::judge(net::HttpResponse response, const std::string& what) {
  const TimeMs wall = loop_.clock().wall_ms();
  exchange::ApiResponse view = api_view(response);
  view.answered_before = last_success_ns_ >= 0;
  std::optional<exchange::ApiFailure> failure = api_.failure(view, wall);
  if (!failure) {
    last_success_ns_ = loop_.now_ns();
    return Attempt{std::move(response), false, true};
  }
  const Error error = failure->error.at(what);
  const Code code = error.code();
  if (code == Code::kLimited || code == Code::kBanned) {
    const bool ban = code == Code::kBanned;
    DurationMs stay_away = ban ? kBanPauseMs : kLimitedPauseMs;
    if (failure->retry_after_ms > 0) stay_away = std::min(failure->retry_after_ms, kPauseMaxMs);
    limiter_.pause(limits::Pause{wall + stay_away, ban, error.message()});
    observer_.on_event(
        Event{Event::Type::kPaused, "",
              name() + " until " + format_time(wall + stay_away) + ": " + error.message()});
    if (ban) end_source(Error(error).with_retry_at(wall + stay_away));
    return Attempt{fail(Error(error).with_retry_at(wall + stay_away)), !ban, false};
  }
  if (code == Code::kBlocked) {
    const Error blocked(code, error.message() + "; --proxy leads through another address");
    end_source(blocked);
    return Attempt{fail(blocked), false, true};
  }
  return Attempt{fail(error), code == Code::kUnavailable, true};
}

async::Task<MarketClient::Attempt> MarketClient::attempt(exchange::ApiRequest request, bool fresh,
                                                         async::CancelToken cancel) {
  const std::string what = name() + ": GET " + path_of(request.target);
  const limits::Cost cost{request.weight, request.endpoint};
  const Result<limits::Permit> permit = co_await limiter_.acquire(cost, cancel);
  if (!permit) {
    if (permit.error().code() == Code::kBanned) end_source(permit.error());
    co_return Attempt{fail(permit.error().at(what)), false, true};
  }
  if (ended_) {
    limiter_.released(*permit);
    co_return Attempt{fail(*ended_), false, true};
  }
  net::HttpRequest http_request;
  http_request.endpoint = options_.base.endpoint;
  http_request.target = options_.base.path + request.target;
  http_request.user_agent = api_.user_agent();
  http_request.body_bytes_max = request.answer_bytes_max;
  http_request.fresh = fresh;
  http_request.resend = false;  // the server may have counted it: another one needs a permit
  const std::int64_t sent_ns = loop_.now_ns();
  last_sent_ns_ = sent_ns;
  Result<net::HttpResponse> response = co_await http_.get(std::move(http_request), cancel);
  if (!response) {
    limiter_.answered(*permit, limits::Feedback{});
    const Error error = response.error().at(what);
    // A certificate that was never good is refused again; behind good answers TLS only broke off. A
    // proxy's refusal is a matter of its rules and of credentials, not of time.
    const bool refused = (error.code() == Code::kTls && last_success_ns_ < 0) ||
                         error.code() == Code::kUsage || error.code() == Code::kBlocked;
    if (refused) end_source(error);
    co_return Attempt{fail(error), !refused && is_transport_failure(error.code()), true};
  }
  if (response->status == 0) {
    limiter_.answered(*permit, limits::Feedback{});
    const Error closed(Code::kNetwork, what + ": a kept connection was closed");
    co_return Attempt{fail(closed), true, false, true};
  }
  const limits::Feedback heard = feedback(*response);
  limiter_.answered(*permit, heard);
  note_date(heard);
  Attempt attempt = judge(std::move(*response), what);
  attempt.took_ns = loop_.now_ns() - sent_ns;
  co_return attempt;
}

async::Task<Result<TimedResponse>> MarketClient::get_timed(exchange::ApiRequest request,
                                                           async::CancelToken cancel) {
  if (ended_) co_return fail(*ended_);
  Attempt attempt = co_await this->attempt(request, /*fresh=*/false, cancel);
  if (attempt.stale) attempt = co_await this->attempt(request, /*fresh=*/true, cancel);
  if (!attempt.outcome) co_return fail(attempt.outcome.error());
  TimedResponse timed;
  timed.response = *std::move(attempt.outcome);
  timed.took_ns = attempt.took_ns;
  co_return timed;
}

async::Task<Result<net::HttpResponse>> MarketClient::get(exchange::ApiRequest request,
                                                         async::CancelToken cancel) {
  const std::int64_t began_ns = loop_.now_ns();
  std::int64_t retries = 0;
  int limited = 0;
  bool fresh = false;
  while (true) {
    if (ended_) co_return fail(*ended_);
    Attempt attempt = co_await this->attempt(request, fresh, cancel);
    if (attempt.outcome || !attempt.again) co_return std::move(attempt.outcome);
    fresh = attempt.stale;
    if (attempt.stale) continue;
    if (!attempt.counts) {
      if (++limited == options_.limited_max) co_return std::move(attempt.outcome);
      continue;  // the limiter holds the next attempt back
    }
    if (retries == options_.retries_max) {
      // Nobody got an answer in all that time: the source is down, the other pages need not find out.
      const Error& error = attempt.outcome.error();
      if (last_success_ns_ < began_ns) end_source(error);
      co_return std::move(attempt.outcome);
    }
    observer_.on_event(Event{Event::Type::kRetry, "", attempt.outcome.error().message()});
    const async::Wake wake = co_await loop_.sleep(backoff_ns(retries), cancel);
    if (wake == async::Wake::kCancelled) co_return fail(async::CancelToken::error());
    ++retries;
  }
}

/// A Date is a whole second that has begun: by it candles close up to a second late, never early.
void MarketClient::note_date(const limits::Feedback& feedback) {
  if (feedback.server_time == 0 || api_.server_time_request()) return;
  const DurationMs offset = feedback.server_time - loop_.clock().wall_ms();
  // Of two Dates the later one within its second says more.
  const bool first = clock_asked_ns_ < 0;
  if (first || offset > clock_offset_ms_ || clock_offset_ms_ - offset > kSecondMs) {
    clock_offset_ms_ = offset;
  }
  clock_asked_ns_ = loop_.now_ns();
}

async::Task<Result<exchange::InstrumentList>> MarketClient::get_instruments(
    async::CancelToken cancel) {
  exchange::InstrumentList list;
  if (api_.listing() == exchange::Listing::kNone) {
    co_return fail(Code::kUsage, name() + " has no list of instruments: name the symbols as " +
                                     std::string(api_.exchange()) + " spells them");
  }
  std::unordered_set<std::string> names;
  for (int parts = 0; parts < kListPartsMax; ++parts) {
    exchange::ApiRequest request = api_.instruments_request(list.next);
    request.answer_bytes_max = exchange::kListBytesMax;
    const Result<net::HttpResponse> response = co_await get(std::move(request), cancel);
    if (!response) co_return fail(response.error());
    Result<exchange::InstrumentList> part = api_.parse_instruments(list.next, response->body);
    if (!part) co_return fail(part.error().at(name()));
    for (exchange::InstrumentInfo& info : part->instruments) {
      // What changes its status between two parts stands in both; so do names that are used again.
      if (names.insert(info.symbol).second) list.instruments.push_back(std::move(info));
    }
    if (!part->capacities.empty()) list.capacities = std::move(part->capacities);
    if (part->server_time != 0) list.server_time = part->server_time;
    list.next = std::move(part->next);
    if (list.next.empty()) co_return std::move(list);
  }
  co_return fail(Code::kProtocol, name() + ": the list of instruments does not end");
}

async::Task<Result<void>> MarketClient::ask_clock(exchange::ApiRequest request,
                                                  async::CancelToken cancel) {
  // A clock that is known need not be had at once: an answer that waited for the limit says little, and
  // the next turn comes.
  const bool known = clock_asked_ns_ >= 0;
  for (int turn = 0; turn < (known ? 1 : kClockTurnsMax); ++turn) {
    const std::int64_t began_ns = loop_.now_ns();
    const Result<net::HttpResponse> response = co_await get(request, cancel);
    if (!response) co_return fail(response.error());
    const Result<TimeMs> server_time = api_.parse_server_time(response->body);
    if (!server_time) co_return fail(server_time.error().at(name()));
    const DurationMs round_trip_ms = (loop_.now_ns() - began_ns) / kNsPerMs;
    const bool good = round_trip_ms <= kRoundTripGoodMs;
    if (known && !good) break;
    // Behind the exchange's clock by the answer's way, never ahead of it: by this one candles close.
    clock_offset_ms_ = *server_time - loop_.clock().wall_ms();
    limiter_.set_clock_offset(clock_offset_ms_ + round_trip_ms / 2, round_trip_ms / 2 + 1);
    if (good) break;
  }
  co_return Result<void>();
}

async::Task<Result<void>> MarketClient::ensure_clock(async::CancelToken cancel) {
  const Result<void> turn = co_await clock_turn_.acquire(cancel);
  if (!turn) co_return turn;
  Result<void> known;
  const bool stale = clock_asked_ns_ < 0 || loop_.now_ns() - clock_asked_ns_ > kClockGoodNs;
  std::optional<exchange::ApiRequest> request = api_.server_time_request();
  if (stale && request) {
    known = co_await ask_clock(*std::move(request), cancel);
    if (known) clock_asked_ns_ = loop_.now_ns();
  }
  clock_turn_.release();
  co_return known;
}

}  // namespace bf::backfill
