// bench/support/simdjson_rows.h
//
// What a good program without bf would do with a page of klines: simdjson On-Demand into ten columns of
// int64 at eight decimals, by a scalar loop over the digits. Checks nothing but that the text is read.
#pragma once

#include <simdjson.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace bf::bench {

class SimdjsonRows {
 public:
  static constexpr std::size_t kColumns = 10;
  static constexpr int kScale = 8;

  /// Replaces the columns by the rows of `body`, which has simdjson's padding behind it. False when it
  /// is not a page of klines.
  [[nodiscard]] bool parse(std::string_view body, std::size_t capacity) {
    for (std::vector<std::int64_t>& column : columns_) column.clear();
    simdjson::ondemand::document document;
    simdjson::ondemand::array rows;
    if (parser_.iterate(body.data(), body.size(), capacity).get(document) != simdjson::SUCCESS ||
        document.get_array().get(rows) != simdjson::SUCCESS) {
      return false;
    }
    for (auto row : rows) {
      simdjson::ondemand::array fields;
      if (row.get_array().get(fields) != simdjson::SUCCESS || !read_row(fields)) return false;
    }
    return true;
  }

  /// Open time, open, high, low, close, volume, quote volume, trades, taker buy base and quote.
  [[nodiscard]] const std::array<std::vector<std::int64_t>, kColumns>& columns() const noexcept {
    return columns_;
  }

 private:
  static constexpr int kSkip = -1;
  /// The column of each of the twelve fields.
  static constexpr std::array<int, 12> kColumnOf = {0, 1, 2, 3, 4, 5, kSkip, 6, 7, 8, 9, kSkip};

  bool read_row(simdjson::ondemand::array fields) {
    std::size_t field = 0;
    for (auto element : fields) {
      simdjson::ondemand::value value;
      if (field == kColumnOf.size() || element.get(value) != simdjson::SUCCESS) return false;
      const int column = kColumnOf[field++];
      if (column == kSkip) continue;
      std::vector<std::int64_t>& out = columns_[static_cast<std::size_t>(column)];
      const char* const token = value.raw_json_token().data();
      if (*token == '"') {
        out.push_back(fixed(token + 1));
      } else {
        std::int64_t whole = 0;
        if (value.get_int64().get(whole) != simdjson::SUCCESS) return false;
        out.push_back(whole);
      }
    }
    return field == kColumnOf.size();
  }

  /// The decimal at `text` with kScale decimals.
  static std::int64_t fixed(const char* text) noexcept {
    std::int64_t mantissa = 0;
    for (; *text >= '0' && *text <= '9'; ++text) mantissa = mantissa * 10 + (*text - '0');
    int decimals = 0;
    if (*text == '.') {
      for (++text; *text >= '0' && *text <= '9'; ++text, ++decimals) {
        mantissa = mantissa * 10 + (*text - '0');
      }
    }
    static constexpr std::array<std::int64_t, kScale + 1> kPower = {
        1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000};
    return decimals > kScale ? 0 : mantissa * kPower[static_cast<std::size_t>(kScale - decimals)];
  }

  simdjson::ondemand::parser parser_;
  std::array<std::vector<std::int64_t>, kColumns> columns_;
};

}  // namespace bf::bench
