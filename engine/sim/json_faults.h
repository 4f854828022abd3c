// engine/sim/json_faults.h
//
// Answers whose JSON is broken, hostile, or of another shape than is documented. They change the text of
// an answer, so they hit every exchange; those that change one value take the first decimal of a row in
// the middle.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace bf::sim {

/// What `json=` takes: "cut", "deep", "nan", ...
[[nodiscard]] std::span<const std::string_view> json_faults() noexcept;
/// Changes `body`. What has no decimal is left as it is by the faults of a value.
void apply_json(std::string_view name, std::string& body);

}  // namespace bf::sim
