// engine/exchange/json_members.h
//
// Reading JSON objects member by member in the order that they come, passing over unknown members:
// what the parsers of instrument lists and of small answers share. Nothing is believed: each reader
// says whether it could read.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/exchange/json_scalar.h"
#include "engine/exchange/number_scan.h"
#include "store/base/time.h"

namespace bf::exchange::json {

using simdjson::ondemand::object;
using simdjson::ondemand::value;

/// `body` has at least 64 readable bytes behind its end.
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

/// Reads a body that is one object with nothing behind it: `read(members)` is called once. Returns "",
/// or what is wrong: read()'s own words in `why`, where it was false and left some, or the reader's.
template <class Read>
[[nodiscard]] std::string read_document(std::string_view body, const std::string& why, Read read) {
  // One a thread and reader, kept: its buffers are as large as the largest body so far.
  thread_local simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  object members;
  simdjson::error_code error = parser.iterate(padded(body)).get(document);
  if (error == simdjson::SUCCESS) error = document.get_object().get(members);
  if (error != simdjson::SUCCESS) return simdjson::error_message(error);
  if (!read(members)) return why.empty() ? "broken JSON" : why;
  const bool more = document.current_location().error() != simdjson::OUT_OF_BOUNDS;
  return more ? "more bytes behind the object" : "";
}

inline bool read_text(value from, std::string& out) {
  std::string_view text;
  if (from.get_string().get(text) != simdjson::SUCCESS) return false;
  out = text;
  return true;
}

inline bool read_integer(value from, std::int64_t& out) {
  return from.get_int64().get(out) == simdjson::SUCCESS;
}

inline bool is_instant(TimeMs time) noexcept { return time >= kTimeMin && time < kTimeMax; }

/// Digits, as a string or as a number; "" is 0.
inline bool read_digits(value from, std::int64_t& out) {
  const std::string_view token = from.raw_json_token();
  const JsonScalar scalar(token);
  out = 0;
  if (scalar.quoted && scalar.ends_at(scalar.begin)) return true;
  return scalar.ends_at(scan_whole_number(scalar.begin, scalar.end, out));
}

}  // namespace bf::exchange::json
