// store/base/hard_link.h
//
// A second name for one file: how a store is copied in no time and without space.
#pragma once

#include <string>

#include "store/base/result.h"

namespace bf {

/// Makes `to` another name of the file `from`, which is never followed where it is a link.
/// Errors: kNotFound  `from` is gone
///         kNoSpace
///         kIo        whatever else: another file system, one that has no hard links, `to` exists
[[nodiscard]] Result<void> hard_link(const std::string& from, const std::string& to);

}  // namespace bf
