// tests/endurance/verdicts.h
//
// What a client of an exchange may not do, each as a check by its own name, over what the simulator wrote
// down and what the client says that it has. An honest client is acquitted of all of them.
#pragma once

#include <span>
#include <string_view>

#include "engine/sim/ledger.h"
#include "store/base/range_set.h"

namespace bf::test {

struct Evidence {
  std::span<const sim::LedgerEntry> requests;
  RangeSet exists;                 ///< slots that the truth has candles in
  RangeSet held;                   ///< slots that the client has rows in
  RangeSet covered;                ///< slots that it takes for answered, with a row or without
  TimeMs closed_until = kTimeMax;  ///< candles that end later were still forming
  TimeMs cancelled_at = kTimeMax;
};

struct Verdict {
  std::string_view name;
  bool (*guilty)(const Evidence& evidence);
};
[[nodiscard]] std::span<const Verdict> verdicts() noexcept;

}  // namespace bf::test
