// engine/sim/archive_faults.h
//
// Files of the archive that were published damaged: the .CHECKSUM file beside them says the same as they
// do, so that what finds the damage has to look into the zip.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace bf::sim {

/// What `zip=` takes: "checksum" of the member, "two_members", "bomb", ...
[[nodiscard]] std::span<const std::string_view> zip_faults() noexcept;
/// A zip with the member `name` that holds `csv`, damaged.
[[nodiscard]] std::string damaged_zip(std::string_view fault, std::string_view name,
                                      const std::string& csv);

}  // namespace bf::sim
