// engine/exchange/error_body.h
//
// The object that an exchange's error answer is, as failure() reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bf::exchange {

/// {"code":-1121,"msg":"Invalid symbol."}, whatever the exchange calls the two.
struct ErrorBody {
  std::optional<std::int64_t> code;  ///< none: the body is no such object
  std::string message;
  bool large = false;  ///< larger than errors are, and not read: an answer that was asked for
};
/// The code may be a number or a string of one.
[[nodiscard]] ErrorBody read_error_body(std::string_view padded_body, std::string_view code_key,
                                        std::string_view message_key);

}  // namespace bf::exchange
