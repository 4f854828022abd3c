// engine/sim/venue.h
//
// One exchange as the simulator plays it: how its REST interface reads requests, what it answers, what
// its limits are and how it punishes those who break them.
#pragma once

#include <optional>
#include <string>

#include "engine/net/http_server.h"
#include "engine/sim/query.h"
#include "engine/sim/rest_call.h"

namespace bf::sim {

/// What the limits say to one request.
struct Admission {
  std::optional<net::ServerResponse> refusal;  ///< the answer, where the request is refused
  net::Headers headers;                        ///< for a good answer: what was used
  bool out_of_turn = false;  ///< sent into a pause or a ban that the client knew of
};

/// Threads: one. Times are wall ms of the exchange, and do not go back.
class Venue {
 public:
  virtual ~Venue() = default;

  /// nullopt for a path that is not of this exchange.
  [[nodiscard]] virtual std::optional<RestCall> read(const Query& query) const = 0;
  /// Counts one request against the documented limits.
  [[nodiscard]] virtual Admission admit(const RestCall& call, TimeMs now) = 0;
  /// `change` (may be empty) is called with the rows of a page that has some.
  [[nodiscard]] virtual RestAnswer answer(const RestCall& call, TimeMs now,
                                          const RowChange& change) const = 0;
  /// What the exchange (or the CDN before it) writes beside this HTTP status when it is not well.
  [[nodiscard]] virtual std::string status_body(int status) const = 0;
  /// The client was told, for a reason other than the limits, to stay away until then: what it sends to
  /// this market before that is out of turn. Refuses nothing.
  virtual void expect_silence(Market market, TimeMs now, TimeMs until) = 0;
  /// The header of a good answer that tells what was used of the limits; "" where there is none.
  [[nodiscard]] virtual std::string_view usage_header(Market /*market*/) const noexcept {
    return {};
  }
};

}  // namespace bf::sim
