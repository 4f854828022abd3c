// engine/sim/blofin_venue.h
//
// BloFin as the simulator plays it: /api/v1/market/{candles,mark-price-candles,index-candles,instruments}.
// Source: the API documentation of 2026-03-21. Where it can be read in two ways, the options play either.
//
//   limits    500 requests in any minute, else 5 minutes of HTTP 429; 1500 in any 5 minutes, else an hour
//   errors    a code in the envelope, at HTTP 200
#pragma once

#include "engine/sim/cursor_rest.h"
#include "engine/sim/request_limits.h"
#include "engine/sim/venue.h"

namespace bf::sim {

struct BlofinOptions {
  std::uint32_t rows_max = 1'440;
  bool ends_included = false;   ///< cursors read the other way
  bool plain_refusals = false;  ///< HTTP 429 without JSON
};

class BlofinVenue final : public Venue {
 public:
  /// `truth` outlives the venue.
  BlofinVenue(const Truth& truth, BlofinOptions options, bool enforced);

  [[nodiscard]] std::optional<RestCall> read(const Query& query) const override;
  [[nodiscard]] Admission admit(const RestCall& call, TimeMs now) override;
  [[nodiscard]] RestAnswer answer(const RestCall& call, TimeMs now,
                                  const RowChange& change) const override;
  [[nodiscard]] std::string status_body(int status) const override;
  void expect_silence(Market market, TimeMs now, TimeMs until) override;

 private:
  void read_candles(const Query& query, RestCall& call) const;
  [[nodiscard]] RestAnswer candles(const RestCall& call, TimeMs now, const RowChange& change) const;
  void read_funding(const Query& query, RestCall& call) const;
  [[nodiscard]] RestAnswer funding(const RestCall& call, TimeMs now, const RowChange& change) const;
  [[nodiscard]] RestAnswer instruments(const RestCall& call, TimeMs now) const;

  const Truth& truth_;
  BlofinOptions options_;
  RequestLimits limits_;
};

}  // namespace bf::sim
