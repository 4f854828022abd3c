// engine/net/content_coding.h
//
// gzip, as an HTTP content coding: one member exactly, bounded in size and ratio.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "store/base/result.h"

namespace bf::net {

/// Decompresses one gzip member into a string with kBodyPadding spare bytes behind its end.
/// Errors: kProtocol: cut, damaged (checksum or length), anything behind the member, more than
///         `bytes_max`, or a ratio above kInflateRatioMax (for outputs above 64 KiB).
[[nodiscard]] Result<std::string> gunzip(std::string_view bytes, std::size_t bytes_max);

/// Compresses into one gzip member, fast rather than small.
[[nodiscard]] std::string gzip(std::string_view bytes);

}  // namespace bf::net
