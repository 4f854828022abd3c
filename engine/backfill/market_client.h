// engine/backfill/market_client.h
//
// One market of one exchange as a run uses it: every request goes through its rate limiter, every
// answer back into it, and what may be tried again is tried again.
//
//   a kept connection was closed  once more at once, and counted twice
//   refused, reset, timeout, 5xx   backoff 0.5 s .. 60 s with full jitter, at most retries_max times
//   429                            the whole source pauses as long as the answer says
//   418, ban                       the source ends for this run; the deadline is stored
//   403, 451, certificate refused  the source ends for this run: waiting does not help
//   no good answer to anybody for as long as one request's tries took
//                                  the source ends for this run: it is down
//   anything else                  an error at once
//
// Threads: the Loop's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/async/semaphore.h"
#include "engine/backfill/run.h"
#include "engine/exchange/market_api.h"
#include "engine/limits/rate_limiter.h"
#include "engine/net/http_client.h"

namespace bf::backfill {

struct MarketClientOptions {
  net::Url base;
  std::int64_t retries_max = 6;
  int limited_max = 20;  ///< a server that answers every request with 429 is not served for ever
};

/// An answer, and the time from its departure on, connecting included, waiting for the limits not.
struct TimedResponse {
  net::HttpResponse response;
  std::int64_t took_ns = 0;
};

class MarketClient {
 public:
  /// Everything outlives the client.
  MarketClient(async::Loop& loop, net::HttpClient& http, const exchange::MarketApi& api,
               limits::RateLimiter& limiter, Observer& observer, MarketClientOptions options);

  /// Takes back an answer that is done with, see HttpClient::recycle.
  void recycle(net::HttpResponse response) { http_.recycle(std::move(response)); }

  /// A good answer (MarketApi::failure found nothing).
  /// Errors: kCancelled; kBanned and kBlocked (of this and every later request); kUnavailable, kNetwork,
  ///         kTimeout, kTls, kProtocol after the last retry; kUnknownName, kRejected at once.
  [[nodiscard]] async::Task<Result<net::HttpResponse>> get(exchange::ApiRequest request,
                                                           async::CancelToken cancel);

  /// One attempt, as get() makes several, and how long it took. Errors: as get(), at once.
  [[nodiscard]] async::Task<Result<TimedResponse>> get_timed(exchange::ApiRequest request,
                                                             async::CancelToken cancel);

  /// The whole list of instruments, however many answers it takes. Errors: as get(); kProtocol;
  /// kUsage where there is no list.
  [[nodiscard]] async::Task<Result<exchange::InstrumentList>> get_instruments(
      async::CancelToken cancel);

  /// Asks for the exchange's time, unless that was done a short while ago, and sets the offset of now().
  /// Whoever comes while the answer is under way waits for it. Where the exchange has no such answer the
  /// Date header of every other one does, once there was one.
  [[nodiscard]] async::Task<Result<void>> ensure_clock(async::CancelToken cancel);
  /// Wall ms by the exchange's clock, as far as it is known.
  [[nodiscard]] TimeMs now() const;
  /// How far that clock is ahead of ours by the last Date header, which is up to a second old; nullopt
  /// where none came, and where the exchange has an answer for its time.
  [[nodiscard]] std::optional<DurationMs> date_offset_ms() const;
  /// When the last request left, steady ns; connecting comes after that.
  [[nodiscard]] std::int64_t last_sent_ns() const noexcept { return last_sent_ns_; }

  [[nodiscard]] const exchange::MarketApi& api() const noexcept { return api_; }
  [[nodiscard]] limits::RateLimiter& limiter() noexcept { return limiter_; }
  [[nodiscard]] std::string name() const;  ///< "binance/um"
  /// Why no request of this source is sent any more, once that is so.
  [[nodiscard]] const std::optional<Error>& ended() const noexcept { return ended_; }

 private:
  /// What to do after one attempt: return `response` or `error`, or try again.
  struct Attempt {
    Result<net::HttpResponse> outcome;
    bool again = false;
    bool counts = true;  ///< against retries_max
    /// The connection was closed before it was used: again at once, on a fresh one.
    bool stale = false;
    std::int64_t took_ns = 0;  ///< from the departure to the answer, where there is one
  };
  [[nodiscard]] async::Task<Attempt> attempt(exchange::ApiRequest request, bool fresh,
                                             async::CancelToken cancel);
  [[nodiscard]] Attempt judge(net::HttpResponse response, const std::string& what);
  [[nodiscard]] limits::Feedback feedback(const net::HttpResponse& response) const;
  void note_date(const limits::Feedback& feedback);
  [[nodiscard]] async::Task<Result<void>> ask_clock(exchange::ApiRequest request,
                                                    async::CancelToken cancel);
  [[nodiscard]] std::int64_t backoff_ns(std::int64_t retry);
  void end_source(const Error& error);

  async::Loop& loop_;
  net::HttpClient& http_;
  const exchange::MarketApi& api_;
  limits::RateLimiter& limiter_;
  Observer& observer_;
  MarketClientOptions options_;
  async::Semaphore clock_turn_;
  std::int64_t clock_asked_ns_ = -1;  ///< when the exchange's time was last asked for; -1: never
  DurationMs clock_offset_ms_ = 0;
  std::int64_t last_success_ns_ = -1;
  std::int64_t last_sent_ns_ = 0;
  std::uint64_t jitter_state_;
  std::optional<Error> ended_;
};

}  // namespace bf::backfill
