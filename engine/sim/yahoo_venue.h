// engine/sim/yahoo_venue.h
//
// Yahoo's chart service as the simulator plays it: /v8/finance/chart/SYMBOL. Source: what the yfinance
// library (2026-08) and reports of its users say; nothing of it is documented.
//
//   window     period1 inclusive, period2 exclusive, seconds; 1m: at most 8 days, of the last 30
//   rows       one array a column; the first minute of a hole is there with nulls, the rest of it is
//              not; a minute without a trade has a null volume
//   live row   a window that reaches to now ends with the last price at an odd second
//   limit      more than 60 requests in a minute are refused, in plain text
#pragma once

#include "engine/sim/request_limits.h"
#include "engine/sim/venue.h"

namespace bf::sim {

struct YahooOptions {
  bool nulls = true;        ///< else holes are absent and volumes 0
  bool turns_away = false;  ///< 429 for everybody, from the first call
};

class YahooVenue final : public Venue {
 public:
  /// `truth` outlives the venue.
  YahooVenue(const Truth& truth, const YahooOptions& options, bool enforced);

  [[nodiscard]] std::optional<RestCall> read(const Query& query) const override;
  [[nodiscard]] Admission admit(const RestCall& call, TimeMs now) override;
  [[nodiscard]] RestAnswer answer(const RestCall& call, TimeMs now,
                                  const RowChange& change) const override;
  [[nodiscard]] std::string status_body(int status) const override;
  void expect_silence(Market market, TimeMs now, TimeMs until) override;

 private:
  const Truth& truth_;
  YahooOptions options_;
  RequestLimits limits_;
};

}  // namespace bf::sim
