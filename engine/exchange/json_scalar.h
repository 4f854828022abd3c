// engine/exchange/json_scalar.h
//
// The text of a scalar of a JSON document, with or without quotes: exchanges write the same values as
// strings or as numbers, and the digits are taken as they stand.
#pragma once

#include <string_view>

namespace bf::exchange {

/// Made of simdjson's raw_json_token(): what stands from a value up to the next token. An escape in a
/// string is not a number's, and so never read.
struct JsonScalar {
  const char* begin;
  const char* end;
  bool quoted;

  explicit JsonScalar(std::string_view token)
      : begin(token.data()), end(token.data() + token.size()), quoted(*token.data() == '"') {
    if (quoted) ++begin;
  }
  /// Whether the value ends at `next` (nullptr: no): nothing but white space may follow it up to the
  /// next token.
  [[nodiscard]] bool ends_at(const char* next) const noexcept {
    if (next == nullptr) return false;
    if (quoted) return next != end && *next == '"';
    while (next != end && (*next == ' ' || *next == '\n' || *next == '\r' || *next == '\t')) ++next;
    return next == end;
  }
};

}  // namespace bf::exchange
