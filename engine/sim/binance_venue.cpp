#include "engine/sim/binance_venue.h"

#include <algorithm>
#include <utility>

namespace bf::sim {
namespace {

constexpr std::int64_t kFundingRequestsMax = 500;

ClientLimits make_limits(Market market, const PublishedLimits& published, bool enforced) {
  LimitOptions limits;
  limits.enforced = enforced;
  if (market == Market::kUm) {
    limits.weight_per_minute = published.um_weight_per_minute;
  } else {
    limits.weight_per_minute = published.spot_weight_per_minute;
    limits.requests_per_5_minutes = published.spot_requests_per_5_minutes;
  }
  return ClientLimits(limits);
}

}  // namespace

BinanceVenue::BinanceVenue(const Truth& truth, const PublishedLimits& published, bool enforced)
    : rest_(truth, published),
      funding_({{kFundingRequestsMax, 5 * kMinuteMs, 0}}, enforced),
      limits_{make_limits(Market::kUm, published, enforced),
              make_limits(Market::kSpot, published, enforced)} {}

std::optional<RestCall> BinanceVenue::read(const Query& query) const {
  return BinanceRest::read(query);
}

Admission BinanceVenue::admit(const RestCall& call, TimeMs now) {
  LimitVerdict verdict = limits_of(call.market).charge(call.weight, now);
  if (call.endpoint == Endpoint::kFunding && funding_.charge(1, now).refused) {
    verdict.status = std::max(verdict.status, 429);
    verdict.retry_after_s = std::max<std::int64_t>(verdict.retry_after_s, 1);
  }
  Admission admission;
  admission.out_of_turn = verdict.out_of_turn;
  admission.headers.emplace_back(usage_header(call.market), std::to_string(verdict.used_weight));
  if (verdict.status == 200) return admission;
  admission.refusal = refuse(verdict);
  for (const auto& header : admission.headers) admission.refusal->headers.push_back(header);
  return admission;
}

net::ServerResponse BinanceVenue::refuse(const LimitVerdict& verdict) const {
  RestError error;
  error.code = -1003;
  if (verdict.status == 418) {
    error.message = "Way too many requests; IP(127.0.0.1) banned until " +
                    std::to_string(verdict.banned_until) +
                    ". Please use the websocket for live updates to avoid bans.";
  } else {
    error.message =
        "Too many requests; please use the websocket for live updates to avoid polling the API.";
  }
  net::ServerResponse response;
  response.status = verdict.status;
  response.body = binance_error_body(error);
  response.headers.emplace_back("Content-Type", "application/json;charset=UTF-8");
  response.headers.emplace_back("Retry-After", std::to_string(verdict.retry_after_s));
  return response;
}

RestAnswer BinanceVenue::answer(const RestCall& call, TimeMs now, const RowChange& change) const {
  return rest_.answer(call, now, change);
}

std::string BinanceVenue::status_body(int status) const {
  switch (status) {
    case 418:
    case 429:
      return binance_error_body({-1003, "Too many requests."});
    case 451:
      return binance_error_body({0,
                                 "Service unavailable from a restricted location according to 'b. "
                                 "Eligibility' in the terms of use."});
    case 503:
      return binance_error_body({-1008, "Server is currently overloaded with other requests."});
    default:
      return binance_error_body({-1000, "An unknown error occurred while processing the request."});
  }
}

void BinanceVenue::expect_silence(Market market, TimeMs now, TimeMs until) {
  limits_of(market).expect_silence(now, until);
}

std::string_view BinanceVenue::usage_header(Market market) const noexcept {
  return market == Market::kUm ? "X-MBX-USED-WEIGHT-1M" : "x-mbx-used-weight-1m";
}

}  // namespace bf::sim
