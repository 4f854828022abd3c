// engine/sim/text_file.h
//
// Whole files of the machine that the simulator runs on: its candles, its published archives.
#pragma once

#include <string>

#include "store/base/result.h"

namespace bf::sim {

/// The most bytes of a file, decompressed: far above a symbol's whole history of minutes.
inline constexpr std::size_t kFileBytesMax = std::size_t{2} << 30;

/// Errors: kNotFound, kIo, kLimit.
[[nodiscard]] Result<std::string> read_file(const std::string& path);
/// Decompresses one gzip member. Errors: kCorrupt, kLimit.
[[nodiscard]] Result<std::string> gunzip(std::string_view bytes);

}  // namespace bf::sim
