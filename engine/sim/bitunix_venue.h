// engine/sim/bitunix_venue.h
//
// Bitunix futures as the simulator plays it: kline and trading_pairs. Source: the pages of
// openapidoc.bitunix.com, and measurements that clients published in 2026. Where they disagree, an
// option plays the other reading.
//
//   which klines   the newest before endTime, which is exclusive; objects, newest first
//   limit          100 when absent; more than 200 gives 200
//   10 requests a second; breaking it: code 10006 with HTTP 200
//   a User-Agent that is not like a browser's: HTTP 403 with a page
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/sim/request_limits.h"
#include "engine/sim/venue.h"

namespace bf::sim {

struct BitunixOptions {
  std::uint32_t rows_max = 200;
  bool volumes_swapped = false;  ///< baseVol holds what was traded in quote units
  bool bare_numbers = false;     ///< numbers without quotes, as in the documents' example
  bool start_rounded_down = false;
  bool start_exclusive = false;
  bool end_inclusive = false;
  bool forming_candle = true;
};

class BitunixVenue final : public Venue {
 public:
  /// `truth` outlives the venue. Where limits are not enforced nothing is refused.
  BitunixVenue(const Truth& truth, BitunixOptions options, bool enforced);

  [[nodiscard]] std::optional<RestCall> read(const Query& query) const override;
  [[nodiscard]] Admission admit(const RestCall& call, TimeMs now) override;
  [[nodiscard]] RestAnswer answer(const RestCall& call, TimeMs now,
                                  const RowChange& change) const override;
  [[nodiscard]] std::string status_body(int status) const override;
  void expect_silence(Market market, TimeMs now, TimeMs until) override;

 private:
  void read_klines(const Query& query, RestCall& call) const;
  [[nodiscard]] TimeRange opens_of(const RestCall& call, TimeMs now) const;
  [[nodiscard]] std::string own_rows(std::string_view rows, std::string_view type) const;
  [[nodiscard]] RestAnswer klines(const RestCall& call, TimeMs now, const RowChange& change) const;
  [[nodiscard]] RestAnswer trading_pairs(TimeMs now) const;

  const Truth& truth_;
  BitunixOptions options_;
  RequestLimits limits_;
};

}  // namespace bf::sim
