// engine/sim/zip_writer.h
//
// A zip with one deflated member, as the archive publishes them. Written by hand, so that the same
// content always gives the same bytes, fast.
#pragma once

#include <string>
#include <string_view>

namespace bf::sim {

/// Requires: `content` is below 4 GiB, `name` below 64 KiB.
[[nodiscard]] std::string make_zip(std::string_view name, std::string_view content);

}  // namespace bf::sim
