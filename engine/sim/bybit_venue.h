// engine/sim/bybit_venue.h
//
// Bybit v5 as the simulator plays it: klines, instruments-info and time of linear, inverse and spot.
// Source: the documentation repository of 2026-07-24. Where sources disagree, an option plays the other
// reading.
//
//   which klines   start alone: the oldest from there; otherwise the newest up to the end. start is
//                  rounded down to its candle, end is inclusive by open time
//   funding        200 events at most, newest first; a start alone is refused; of linear and inverse
//   order          newest first; strings, without a flag: the forming candle is the first row
//   limit          200 when absent; at most 1000, more is cut to that
//   600 requests in 5 s, all markets together; breaking it: HTTP 403 for 10 minutes
//   errors         HTTP 200 with a retCode
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/sim/request_limits.h"
#include "engine/sim/venue.h"

namespace bf::sim {

struct BybitOptions {
  std::uint32_t rows_max = 1'000;
  /// The other reading: of a window with more rows than the limit, the oldest ones.
  bool oldest_of_window = false;
  std::uint32_t list_rows_max = 1'000;  ///< instruments in one answer
};

class BybitVenue final : public Venue {
 public:
  /// `truth` outlives the venue. Where limits are not enforced nothing is refused.
  BybitVenue(const Truth& truth, BybitOptions options, bool enforced);

  [[nodiscard]] std::optional<RestCall> read(const Query& query) const override;
  [[nodiscard]] Admission admit(const RestCall& call, TimeMs now) override;
  [[nodiscard]] RestAnswer answer(const RestCall& call, TimeMs now,
                                  const RowChange& change) const override;
  [[nodiscard]] std::string status_body(int status) const override;
  void expect_silence(Market market, TimeMs now, TimeMs until) override;

 private:
  void read_klines(const Query& query, RestCall& call) const;
  [[nodiscard]] RestAnswer klines(const RestCall& call, TimeMs now, const RowChange& change) const;
  void read_funding(const Query& query, RestCall& call) const;
  [[nodiscard]] RestAnswer funding(const RestCall& call, TimeMs now, const RowChange& change) const;
  [[nodiscard]] RestAnswer instruments(const RestCall& call, TimeMs now) const;

  const Truth& truth_;
  BybitOptions options_;
  RequestLimits limits_;
};

}  // namespace bf::sim
