// engine/exchange/json_scalar.h
//
// A number in an answer as it is written: exchanges send the same values as strings or as numbers, and
// the digits are wanted, not a double.
#pragma once

#include <string_view>

namespace bf::exchange {

/// The text of a scalar, with or without quotes. `token` is simdjson's raw token: it is not empty, and
/// reaches to the next structural character.
struct JsonScalar {
  const char* begin;
  const char* end;
  bool quoted;

  explicit JsonScalar(std::string_view token)
      : begin(token.data()), end(token.data() + token.size()), quoted(*token.data() == '"') {
    if (quoted) ++begin;
  }
  /// Whether the value ends at `next`: nothing but white space may follow it up to the next token.
  [[nodiscard]] bool ends_at(const char* next) const noexcept {
    if (next == nullptr) return false;
    if (quoted) return next != end && *next == '"';
    while (next != end && (*next == ' ' || *next == '\n' || *next == '\r' || *next == '\t')) ++next;
    return next == end;
  }
};

}  // namespace bf::exchange
