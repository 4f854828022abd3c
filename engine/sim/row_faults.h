// engine/sim/row_faults.h
//
// What can be wrong with the rows of a page or of a file of the archive, as rows: their order, their
// times, their values.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/sim/faults.h"

namespace bf::sim {

/// What `rows=` takes: "descending", "after_end", "exponent", ...
[[nodiscard]] std::span<const std::string_view> row_faults() noexcept;
/// Whether a fault of `kind` changes the rows of a page, while the answer is made.
[[nodiscard]] bool changes_rows(FaultKind kind) noexcept;
/// Changes `rows` (truth.h), of which there is at least one; `draw` chooses which one is hit.
void apply_to_rows(const FaultRule& rule, std::uint64_t draw, std::string& rows);

}  // namespace bf::sim
