// store/base/posix_root.h
//
// The directory that a store lies in, as a name that a power loss does not take.
#pragma once

#include <string>

#include "store/base/result.h"

namespace bf {

/// Makes `path` and what is missing above it, each name durable in its parent before the next is made.
/// An empty directory that is there already may be the work of a process that died before its sync: its
/// name is made durable too, where its parent may be read.
/// Errors: kSyncFailed, kNoSpace, kNotFound, kIo.
[[nodiscard]] Result<void> make_root(const std::string& path);

}  // namespace bf
