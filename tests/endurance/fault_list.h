// tests/endurance/fault_list.h
//
// Everything that can go wrong between an exchange and the store, by id: how the simulator makes it, and
// what a backfill has to make of it; or where else that is proven. docs/faults.md shows the same list.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "store/base/time.h"

namespace bf::test {

/// What a backfill makes of a fault that hits one page (or one file of the archive).
enum class Outcome : std::uint8_t {
  kNone,      ///< it cannot happen there
  kHarmless,  ///< the truth is stored, however often it is so
  kRetried,   ///< once: the truth is stored; for ever: what it hits is missing and said to be
  kRowAside,  ///< a row is kept aside and asked for again: once, the truth is stored
  kRefused,  ///< of the archive: the file is missing and said to be, and REST is asked where it may
  kAsSent,   ///< the store has what was sent, which cannot be told from the truth
  kWaits,    ///< nothing is sent for so long; then the truth is stored
  kEnds,     ///< the source ends for this run: the rest is missing and said to be
};
[[nodiscard]] std::string_view outcome_name(Outcome outcome) noexcept;

/// A fault that the simulator makes.
struct ListedFault {
  std::string_view id;
  std::string_view what;
  std::string_view fault;  ///< as engine/sim/faults.h writes it; '|' parts two that come together
  Outcome rest = Outcome::kNone;
  Outcome archive = Outcome::kNone;
  /// How long the client may take to notice it; for kWaits: how long it has to stay away.
  DurationMs takes_ms = 0;
  std::string_view market = "um";  ///< whose REST answers it hits
};
[[nodiscard]] std::span<const ListedFault> listed_faults() noexcept;

/// A fault that is no matter of one page.
struct FaultElsewhere {
  std::string_view id;
  std::string_view what;
  std::string_view why;   ///< it is not injected into pages
  std::string_view test;  ///< "tests/net/tls_test.cpp: TlsTest.Name", or "" where nothing proves it
};
[[nodiscard]] std::span<const FaultElsewhere> faults_elsewhere() noexcept;

}  // namespace bf::test
