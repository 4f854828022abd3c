// engine/sim/fault_effects.h
//
// What each fault (faults.h) does to an answer. All but kSymbolOf, which changes what is asked.
#pragma once

#include <cstdint>
#include <string>

#include "engine/net/http_server.h"
#include "engine/sim/faults.h"

namespace bf::sim {

/// What a fault may want to know of the request that it hits.
struct FaultTarget {
  const RestCall* call = nullptr;  ///< nullptr for the archive
  std::uint64_t draw = 0;          ///< random bits of this request: which row is hit
};

/// Changes `response`. A fault that the answer does not have the shape for (rows of an error, of an
/// empty page) does nothing.
void apply_fault(const FaultRule& rule, const FaultTarget& target, net::ServerResponse& response);

/// The name of the used-weight header; spot answers have it in lower case, as the real one.
[[nodiscard]] std::string used_weight_header(Market market);

}  // namespace bf::sim
