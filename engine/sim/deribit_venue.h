// engine/sim/deribit_venue.h
//
// Deribit as the simulator plays it: /api/v2/public/get_tradingview_chart_data,
// get_funding_rate_history, get_instruments, get_time and get_currencies (empty: for public clients). Source: docs.deribit.com and the exchange's
// support pages of 2026-08.
//
//   candles    one array a column, both ends inclusive, the forming one included; of more than rows_max
//              the newest, without a word; "no_data" where there are none
//   funding    of perpetuals, one event an hour, oldest first; at most 744, of more the newest
//   expired    the list names those of the last recent_ms; all of them answer by name
//   limits     a pool of 50,000 credits, 10,000 a second, 500 a call; get_instruments: 1 a second, five
//              at once; whoever has none left is refused with 10028, and nothing more
#pragma once

#include <string>

#include "engine/sim/request_limits.h"
#include "engine/sim/venue.h"

namespace bf::sim {

/// Where documents and clients disagree.
struct DeribitOptions {
  std::size_t rows_max = 5'001;
  bool start_exclusive = false;
  bool arrays_when_empty = true;  ///< else "no_data" comes without them
  int limited_status = 429;       ///< or 400: the body says it in any case
  DurationMs recent_ms = 31 * kDayMs;
};

/// A pool that fills evenly. Threads: one. Times do not go back.
class CreditPool {
 public:
  CreditPool(std::int64_t capacity, std::int64_t per_second)
      : capacity_(capacity), per_second_(per_second), credits_(capacity * kSecondMs) {}
  /// False when there are not that many: then none is taken.
  [[nodiscard]] bool take(std::int64_t credits, TimeMs now);

 private:
  std::int64_t capacity_;
  std::int64_t per_second_;
  std::int64_t credits_;  ///< in thousandths
  TimeMs filled_at_ = 0;
};

class DeribitVenue final : public Venue {
 public:
  /// `truth` outlives the venue.
  DeribitVenue(const Truth& truth, const DeribitOptions& options, bool enforced);

  [[nodiscard]] std::optional<RestCall> read(const Query& query) const override;
  [[nodiscard]] Admission admit(const RestCall& call, TimeMs now) override;
  [[nodiscard]] RestAnswer answer(const RestCall& call, TimeMs now,
                                  const RowChange& change) const override;
  [[nodiscard]] std::string status_body(int status) const override;
  void expect_silence(Market market, TimeMs now, TimeMs until) override;

 private:
  [[nodiscard]] RestAnswer chart(const RestCall& call, TimeMs now, const RowChange& change) const;
  [[nodiscard]] RestAnswer funding(const RestCall& call, TimeMs now, const RowChange& change) const;
  [[nodiscard]] RestAnswer instruments(const RestCall& call, TimeMs now) const;

  const Truth& truth_;
  DeribitOptions options_;
  bool enforced_;
  CreditPool credits_;
  CreditPool lists_;
  RequestLimits silence_;
};

}  // namespace bf::sim
