#include "engine/sim/json_faults.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>

#include "store/base/assert.h"

namespace bf::sim {
namespace {

constexpr std::size_t kDepth = 100'000;
constexpr std::size_t kTooLong = 9U << 20;

/// A value in `body`: [begin, end), quotes included where it has them.
struct Token {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The first decimal behind the begin of a row in the middle; empty where there is none.
Token middle_value(const std::string& body) {
  constexpr std::string_view kOfNumbers = "0123456789.eE+-";
  std::size_t row = body.find("],[", body.size() / 2);
  if (row == std::string::npos) row = body.find("},{", body.size() / 2);
  if (row == std::string::npos) row = body.size() / 2;
  const std::size_t point = body.find('.', row);
  if (point == std::string::npos) return {};
  Token token;
  token.begin = body.find_last_not_of(kOfNumbers, point) + 1;
  token.end = body.find_first_not_of(kOfNumbers, point);
  if (body[token.begin - 1] == '"') {
    --token.begin;
    ++token.end;
  }
  return token;
}

/// How one value is written instead; in quotes where it was.
struct Written {
  std::string_view name;
  std::string_view text;
};
constexpr Written kValues[] = {
    {"overflow", "1e999"},     {"underflow", "1e-400"}, {"minus_zero", "-0"}, {"nan", "NaN"},
    {"infinity", "-Infinity"}, {"comma", "1,5"},        {"hex", "0x1"},       {"no_text", ""},
};

struct Changed {
  std::string_view name;
  void (*change)(std::string& body);
};
void replace_value(std::string& body, std::string_view text) {
  const Token token = middle_value(body);
  if (token.end > token.begin) body.replace(token.begin, token.end - token.begin, text);
}

/// What is between the first and the last bracket of rows, in other brackets.
void object_for_array(std::string& body) {
  const std::size_t first = body.find('[');
  const std::size_t last = body.rfind(']');
  if (first == std::string::npos) return;
  body[first] = '{';
  body[last] = '}';
}

constexpr Changed kChanges[] = {
    {"cut", [](std::string& body) { body.resize(body.size() / 2); }},
    {"cut_last", [](std::string& body) { body.pop_back(); }},
    {"behind", [](std::string& body) { body += "[]"; }},
    {"deep", [](std::string& body) { body.insert(0, kDepth, '['); }},
    {"digits60",
     [](std::string& body) {
       const Token token = middle_value(body);
       if (token.end == token.begin) return;
       const std::size_t quote = body[token.end - 1] == '"' ? 1 : 0;
       body.insert(token.end - quote, 60, '0');
     }},
    {"bare",  // a number where text is usual, and the other way round
     [](std::string& body) {
       const Token token = middle_value(body);
       if (token.end == token.begin) return;
       if (body[token.begin] == '"') {
         body.erase(token.end - 1, 1);
         body.erase(token.begin, 1);
       } else {
         body.insert(token.end, 1, '"');
         body.insert(token.begin, 1, '"');
       }
     }},
    {"null", [](std::string& body) { replace_value(body, "null"); }},
    {"object", [](std::string& body) { replace_value(body, "{}"); }},
    {"column_more", [](std::string& body) { replace_value(body, R"("1.0","1.0")"); }},
    {"column_less",
     [](std::string& body) {
       const Token token = middle_value(body);
       if (token.end > token.begin) body.erase(token.begin, token.end + 1 - token.begin);
     }},
    {"object_for_array", object_for_array},
    {"invalid_utf8", [](std::string& body) { replace_value(body, "\"1.\xff\xfe\""); }},
    {"bom", [](std::string& body) { body.insert(0, "\xef\xbb\xbf"); }},
    {"too_long", [](std::string& body) { body.append(kTooLong, ' '); }},
    {"key_twice",  // of a row in the middle, where rows are objects
     [](std::string& body) {
       const std::size_t row = body.find("},{", body.size() / 2);
       const std::size_t begin = row == std::string::npos ? body.find("{\"") : row + 2;
       if (begin == std::string::npos) return;
       const std::size_t end = body.find(':', begin);
       body.insert(begin + 1, body.substr(begin + 1, end - begin - 1) + ":0,");
     }},
};

constexpr auto kNames = [] {
  std::array<std::string_view, std::size(kChanges) + std::size(kValues)> names;
  std::size_t count = 0;
  for (const Changed& change : kChanges) names[count++] = change.name;
  for (const Written& value : kValues) names[count++] = value.name;
  return names;
}();

}  // namespace

std::span<const std::string_view> json_faults() noexcept { return kNames; }

void apply_json(std::string_view name, std::string& body) {
  if (body.empty()) return;
  for (const Changed& change : kChanges) {
    if (change.name == name) return change.change(body);
  }
  for (const Written& value : kValues) {
    if (value.name != name) continue;
    const Token token = middle_value(body);
    if (token.end == token.begin) return;
    const std::size_t quote = body[token.begin] == '"' ? 1 : 0;
    body.replace(token.begin + quote, token.end - token.begin - 2 * quote, value.text);
    return;
  }
  BF_ASSERT(false && "the rule was checked when it was read");
}

}  // namespace bf::sim
