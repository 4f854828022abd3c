// engine/sim/rest_call.h
//
// A request to the REST interface of a simulated exchange, read, and the answer to it: what is common to
// all of them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/sim/truth.h"

namespace bf::sim {

enum class Endpoint : std::uint8_t {
  kKlines,
  kExchangeInfo,
  kTime,
  kPing,
  kArchive,   ///< a zip
  kChecksum,  ///< a zip's .CHECKSUM
  kListing,   ///< of the archive
  kFunding,
  kUnknown,
};
/// "klines", "exchangeInfo", ..., "unknown".
[[nodiscard]] std::string_view endpoint_name(Endpoint endpoint) noexcept;
/// False for a name that endpoint_name does not write.
[[nodiscard]] bool parse_endpoint(std::string_view name, Endpoint& out) noexcept;

/// A refusal: the exchange's own code and words, with this HTTP status.
struct RestError {
  int code = 0;
  std::string message;
  int status = 400;
};

/// A request, read.
struct RestCall {
  Endpoint endpoint = Endpoint::kUnknown;
  Market market = Market::kUm;
  std::string symbol;  ///< "" where the request names none
  Interval interval = Interval::k1m;
  std::optional<TimeMs> start;
  std::optional<TimeMs> end;  ///< inclusive
  std::uint32_t limit = 0;    ///< of klines and funding: as it will be used
  std::int64_t weight = 1;
  std::string detail;              ///< of the exchange's own: which of two endpoints, a cursor
  std::optional<RestError> error;  ///< the request cannot be answered
};

struct RestAnswer {
  int status = 200;
  std::string body;
  RowsInfo rows;  ///< of klines and funding
};

/// Called with the rows of a page (truth.h) before they are written in the exchange's own form: what
/// faults do to them.
using RowChange = std::function<void(std::string& rows)>;

}  // namespace bf::sim
