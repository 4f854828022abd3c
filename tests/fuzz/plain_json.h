// tests/fuzz/plain_json.h
//
// A slow and plain reading of JSON for differential fuzzing: the whole document as values, numbers as
// the text that they were written as, members in their order and as often as they come.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bf::fuzz {

struct PlainValue {
  enum class Kind : std::uint8_t { kNull, kBool, kNumber, kText, kArray, kObject };
  Kind kind = Kind::kNull;
  std::string text;                  ///< of a number as written, of a text unescaped
  std::vector<PlainValue> elements;  ///< of an array; of an object, the values of its members
  std::vector<std::string> names;    ///< of an object's members

  /// The first member of this name; nullptr where there is none.
  [[nodiscard]] const PlainValue* member(std::string_view name) const {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] == name) return &elements[i];
    }
    return nullptr;
  }
  [[nodiscard]] std::size_t count(std::string_view name) const {
    return static_cast<std::size_t>(std::count(names.begin(), names.end(), name));
  }
};

/// Builds a PlainValue of what nlohmann's parser reports. Whole numbers lose no digit: those beyond 64
/// bits are reported as floats, with their text.
class PlainReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return add(PlainValue::Kind::kNull, "null"); }
  bool boolean(bool value) override {
    return add(PlainValue::Kind::kBool, value ? "true" : "false");
  }
  bool number_integer(std::int64_t value) override {
    return add(PlainValue::Kind::kNumber, std::to_string(value));
  }
  bool number_unsigned(std::uint64_t value) override {
    return add(PlainValue::Kind::kNumber, std::to_string(value));
  }
  bool number_float(double /*value*/, const std::string& text) override {
    return add(PlainValue::Kind::kNumber, text);
  }
  bool string(std::string& text) override { return add(PlainValue::Kind::kText, text); }
  bool binary(binary_t& /*bytes*/) override { return false; }
  bool key(std::string& name) override {
    keys_.back() = name;
    return true;
  }
  bool start_object(std::size_t /*size*/) override { return open(PlainValue::Kind::kObject); }
  bool start_array(std::size_t /*size*/) override { return open(PlainValue::Kind::kArray); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t /*at*/, const std::string& /*token*/,
                   const nlohmann::json::exception& /*error*/) override {
    return false;
  }
  PlainValue root;

 private:
  bool open(PlainValue::Kind kind) {
    PlainValue value;
    value.kind = kind;
    stack_.push_back(std::move(value));
    keys_.emplace_back();
    return true;
  }
  bool close() {
    PlainValue value = std::move(stack_.back());
    stack_.pop_back();
    keys_.pop_back();
    place(std::move(value));
    return true;
  }
  bool add(PlainValue::Kind kind, std::string text) {
    PlainValue value;
    value.kind = kind;
    value.text = std::move(text);
    place(std::move(value));
    return true;
  }
  void place(PlainValue value) {
    if (stack_.empty()) {
      root = std::move(value);
      return;
    }
    if (stack_.back().kind == PlainValue::Kind::kObject)
      stack_.back().names.push_back(keys_.back());
    stack_.back().elements.push_back(std::move(value));
  }
  std::vector<PlainValue> stack_;
  std::vector<std::string> keys_;  ///< the member being read, one an open value
};

/// nullopt where `text` is not one JSON document.
inline std::optional<PlainValue> read_plain(std::string_view text) {
  PlainReader reader;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &reader)) return std::nullopt;
  return std::move(reader.root);
}

/// The fuzzer's input as a parser wants it, with bytes behind it that are read as more digits.
struct PaddedInput {
  explicit PaddedInput(std::string_view text) : bytes(text), size(text.size()) {
    bytes.append(64, '9');
  }
  [[nodiscard]] std::string_view view() const { return std::string_view(bytes).substr(0, size); }
  std::string bytes;
  std::size_t size;
};

}  // namespace bf::fuzz
