// engine/sim/fault_effects.h
//
// What each fault (faults.h) does to an answer. All but kSymbolOf, which changes what is asked.
#pragma once

#include <cstdint>
#include <string>

#include "engine/net/http_server.h"
#include "engine/sim/faults.h"
#include "engine/sim/venue.h"

namespace bf::sim {

/// What a fault may want to know of the request that it hits. Both are nullptr for the archive.
struct FaultTarget {
  const Venue* venue = nullptr;
  const RestCall* call = nullptr;
};

/// Changes `response`, made at `now`. A fault that the answer does not have the shape for does nothing.
/// One of framing makes the bytes, so it comes last.
void apply_fault(const FaultRule& rule, const FaultTarget& target, TimeMs now,
                 net::ServerResponse& response);

}  // namespace bf::sim
