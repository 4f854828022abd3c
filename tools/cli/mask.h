// tools/cli/mask.h
//
// Values that may hold a password, as they may be shown.
#pragma once

#include <string>
#include <string_view>

namespace bf::cli {

/// The value with "***" for each user and password of its URLs: "all=http://***@host:3128". A value that
/// has an '@' and is not a list of such URLs through and through is "***" as a whole: where a password
/// ends cannot be told.
[[nodiscard]] std::string mask_secrets(std::string_view value);

}  // namespace bf::cli
