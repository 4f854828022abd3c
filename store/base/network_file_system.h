// store/base/network_file_system.h
//
// File systems of other machines, by the number that statfs(2) gives: what they promise of locks, of
// syncs and of names differs from mount to mount.
#pragma once

#include <cstdint>
#include <string_view>

namespace bf {

/// "nfs", "smb", ...; "" for a local file system, and for FUSE, which does not say what lies behind it.
[[nodiscard]] std::string_view network_file_system_name(std::uint64_t type) noexcept;

}  // namespace bf
