// engine/exchange/json_read.h
//
// What the parsers of the exchanges share in reading JSON: members and elements in the order that they
// come, scalars with or without quotes. On-Demand looks only at what it is asked for: whoever passes a
// member over has not checked it.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/exchange/number_scan.h"
#include "store/base/time.h"

namespace bf::exchange::json {

using simdjson::ondemand::object;
using simdjson::ondemand::value;

/// `body` is followed by at least 64 readable bytes, as every body that a parser is given.
inline simdjson::padded_string_view padded(std::string_view body) {
  return simdjson::padded_string_view(body.data(), body.size(),
                                      body.size() + simdjson::SIMDJSON_PADDING);
}

/// Calls `read(key, value)` for each member until it returns false. False when the object is broken
/// or `read` said so.
template <class Read>
bool for_each_member(object members, Read read) {
  for (simdjson::simdjson_result<simdjson::ondemand::field> member : members) {
    std::string_view key;
    value content;
    if (member.unescaped_key().get(key) != simdjson::SUCCESS) return false;
    if (member.value().get(content) != simdjson::SUCCESS) return false;
    if (!read(key, content)) return false;
  }
  return true;
}

/// Calls `read(object)` for each element of an array of objects.
template <class Read>
bool for_each_object(value list, Read read) {
  simdjson::ondemand::array elements;
  if (list.get_array().get(elements) != simdjson::SUCCESS) return false;
  for (simdjson::simdjson_result<value> element : elements) {
    object content;
    if (element.get_object().get(content) != simdjson::SUCCESS) return false;
    if (!read(content)) return false;
  }
  return true;
}

/// The text of a scalar, with or without quotes: the same values come as strings or as numbers.
struct Scalar {
  const char* begin;
  const char* end;
  bool quoted;

  explicit Scalar(std::string_view token)
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

inline bool read_text(value from, std::string& out) {
  std::string_view text;
  if (from.get_string().get(text) != simdjson::SUCCESS) return false;
  out = text;
  return true;
}

/// A JSON number.
inline bool read_integer(value from, std::int64_t& out) {
  return from.get_int64().get(out) == simdjson::SUCCESS;
}

/// Digits, with or without quotes.
inline bool read_whole(value from, std::int64_t& out) {
  const Scalar scalar(from.raw_json_token());
  return scalar.ends_at(scan_whole_number(scalar.begin, scalar.end, out));
}

[[nodiscard]] inline bool is_instant(TimeMs time) noexcept {
  return time >= kTimeMin && time < kTimeMax;
}

/// Whether nothing follows what was read of the document.
[[nodiscard]] inline bool at_end(simdjson::ondemand::document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

}  // namespace bf::exchange::json
