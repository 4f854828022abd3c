// engine/exchange/json_members.h
//
// Reading of a document member by member, in the order that they come, as the parsers of instrument
// lists and envelopes do. Each function is false where the document is broken or of another shape.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "store/base/time.h"

namespace bf::exchange {

/// `body` is followed by the bytes that simdjson may read ahead (ApiResponse).
[[nodiscard]] inline simdjson::padded_string_view padded(std::string_view body) {
  return simdjson::padded_string_view(body.data(), body.size(),
                                      body.size() + simdjson::SIMDJSON_PADDING);
}

/// Calls `read(key, value)` for each member until it returns false. False when the object is broken
/// or `read` said so.
template <class Read>
[[nodiscard]] bool for_each_member(simdjson::ondemand::object members, Read read) {
  for (simdjson::simdjson_result<simdjson::ondemand::field> member : members) {
    std::string_view key;
    simdjson::ondemand::value content;
    if (member.unescaped_key().get(key) != simdjson::SUCCESS) return false;
    if (member.value().get(content) != simdjson::SUCCESS) return false;
    if (!read(key, content)) return false;
  }
  return true;
}

/// Calls `read(object)` for each element of an array of objects.
template <class Read>
[[nodiscard]] bool for_each_object(simdjson::ondemand::value list, Read read) {
  simdjson::ondemand::array elements;
  if (list.get_array().get(elements) != simdjson::SUCCESS) return false;
  for (simdjson::simdjson_result<simdjson::ondemand::value> element : elements) {
    simdjson::ondemand::object content;
    if (element.get_object().get(content) != simdjson::SUCCESS) return false;
    if (!read(content)) return false;
  }
  return true;
}

[[nodiscard]] inline bool read_text(simdjson::ondemand::value from, std::string& out) {
  std::string_view text;
  if (from.get_string().get(text) != simdjson::SUCCESS) return false;
  out = text;
  return true;
}

[[nodiscard]] inline bool read_integer(simdjson::ondemand::value from, std::int64_t& out) {
  return from.get_int64().get(out) == simdjson::SUCCESS;
}

/// Whether `time` is one that candles and instruments may have.
[[nodiscard]] inline bool is_instant(TimeMs time) noexcept {
  return time >= kTimeMin && time < kTimeMax;
}

}  // namespace bf::exchange
