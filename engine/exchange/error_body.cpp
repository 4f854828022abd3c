#include "engine/exchange/error_body.h"

#include "engine/exchange/failure_parts.h"

#include <charconv>

#include "engine/exchange/json_members.h"

namespace bf::exchange {
namespace {

/// [-]digits, with or without quotes.
std::optional<std::int64_t> read_code(json::value from) {
  const JsonScalar scalar(from.raw_json_token());
  std::int64_t code = 0;
  const auto [next, error] = std::from_chars(scalar.begin, scalar.end, code);
  if (error != std::errc() || !scalar.ends_at(next)) return std::nullopt;
  return code;
}

}  // namespace

ErrorBody read_error_body(std::string_view padded_body, std::string_view code_key,
                          std::string_view message_key) {
  ErrorBody body;
  body.large = padded_body.size() > kErrorBytesMax;
  if (body.large) return body;
  thread_local simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  json::object members;
  if (parser.iterate(json::padded(padded_body)).get(document) != simdjson::SUCCESS) return {};
  if (document.get_object().get(members) != simdjson::SUCCESS) return {};
  const bool whole = json::for_each_member(members, [&](std::string_view key, json::value content) {
    if (key == code_key) body.code = read_code(content);
    if (key == message_key && !json::read_text(content, body.message)) body.message.clear();
    return true;
  });
  return whole ? body : ErrorBody{};
}

}  // namespace bf::exchange
