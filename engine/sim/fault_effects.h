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

/// Whether `kind` changes the rows of a page: apply_to_rows() does, while the answer is made.
[[nodiscard]] bool changes_rows(FaultKind kind) noexcept;
/// Changes `rows` (truth.h), of which there is at least one; `draw` chooses which one is hit.
void apply_to_rows(const FaultRule& rule, std::uint64_t draw, std::string& rows);

/// Changes `response`. A fault that the answer does not have the shape for does nothing.
void apply_fault(const FaultRule& rule, const FaultTarget& target, net::ServerResponse& response);

}  // namespace bf::sim
