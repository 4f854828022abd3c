// engine/sim/binance_venue.h
//
// Binance as the simulator plays it: binance_rest.h behind client_limits.h. USD-M and spot have limits
// of their own.
#pragma once

#include <array>

#include "engine/sim/binance_rest.h"
#include "engine/sim/client_limits.h"
#include "engine/sim/request_limits.h"
#include "engine/sim/venue.h"

namespace bf::sim {

class BinanceVenue final : public Venue {
 public:
  /// `truth` outlives the venue. Where limits are not enforced, weights are counted all the same.
  BinanceVenue(const Truth& truth, const PublishedLimits& published, bool enforced);

  [[nodiscard]] std::optional<RestCall> read(const Query& query) const override;
  [[nodiscard]] Admission admit(const RestCall& call, TimeMs now) override;
  [[nodiscard]] RestAnswer answer(const RestCall& call, TimeMs now,
                                  const RowChange& change) const override;
  [[nodiscard]] std::string status_body(int status) const override;
  void expect_silence(Market market, TimeMs now, TimeMs until) override;
  [[nodiscard]] std::string_view usage_header(Market market) const noexcept override;

 private:
  [[nodiscard]] ClientLimits& limits_of(Market market) noexcept {
    return limits_[static_cast<std::size_t>(market)];
  }
  [[nodiscard]] net::ServerResponse refuse(const LimitVerdict& verdict) const;

  BinanceRest rest_;
  RequestLimits funding_;  ///< an endpoint with a limit of its own
  std::array<ClientLimits, 2> limits_;
};

}  // namespace bf::sim
