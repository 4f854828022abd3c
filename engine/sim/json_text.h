// engine/sim/json_text.h
//
// JSON as the simulated exchanges write it: objects member by member, in the order that they are told.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace bf::sim {

/// `"name":"value"` with the comma before it, unless it is the first of its object. Values are our own
/// or symbols of our own files: a quote or backslash in one is escaped, nothing else can need it.
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  JsonObject& text(std::string_view name, std::string_view value) {
    key(name);
    out_ += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') out_ += '\\';
      out_ += c;
    }
    out_ += '"';
    return *this;
  }
  /// A number, true or false, or a document of its own.
  JsonObject& raw(std::string_view name, std::string_view value) {
    key(name);
    out_ += value;
    return *this;
  }
  JsonObject& number(std::string_view name, std::int64_t value) {
    return raw(name, std::to_string(value));
  }
  void end() { out_ += '}'; }

 private:
  void key(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    out_ += '"';
    out_ += name;
    out_ += "\":";
  }
  std::string& out_;
  bool first_ = true;
};

/// 10^-decimals: "1", "0.01".
[[nodiscard]] std::string tick(int decimals);
/// A JSON array of documents.
[[nodiscard]] std::string array(std::initializer_list<std::string> documents);

}  // namespace bf::sim
