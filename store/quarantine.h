// store/quarantine.h
//
// Damaged files are never deleted: they are kept in a directory `quarantine` beside where they lay, so
// that whoever knows more than a repair does still has their bytes.
#pragma once

#include <string>

#include "store/base/file_system.h"

namespace bf::store {

inline constexpr std::string_view kQuarantineName = "quarantine";

/// Makes a durable copy of `directory`/`name` in quarantine; the file itself stays where it is. One that
/// cannot be read to its end is moved there instead. A file of the same name and other bytes that is
/// there already stays: the new one is then NAME.2, and so on. Returns the path of the copy.
/// Errors: kNotFound, kNoSpace, kIo, kSyncFailed; kLimit when 1000 files of that name are there.
[[nodiscard]] Result<std::string> quarantine_file(FileSystem& files, const std::string& directory,
                                                  const std::string& name);

}  // namespace bf::store
