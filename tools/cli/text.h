// tools/cli/text.h
//
// Numbers, sizes and times as people read them, and small work on words. Nothing here is parsed
// again: programs read --json.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/base/interval.h"
#include "store/base/time.h"

namespace bf::cli {

/// "1,234,567".
[[nodiscard]] std::string format_count(std::int64_t count);
/// "1 candle", "2,000 candles": `noun` in the singular.
[[nodiscard]] std::string format_counted(std::int64_t count, std::string_view noun);
/// "512 B", "1.5 KiB", "3.2 GiB".
[[nodiscard]] std::string format_bytes(std::int64_t bytes);
/// "0.4 s", "12 s", "3 min 20 s", "1 h 57 min", "2 d 4 h"; rounded to what a reader needs.
[[nodiscard]] std::string format_seconds(double seconds);
/// Slots without a row, of a series of this interval: "1,234"; of events, whose slots are milliseconds,
/// how long they are: "3 d 4 h".
[[nodiscard]] std::string format_slots(Interval interval, std::int64_t slots);
/// Slots without a row of many series, with and without an interval.
struct SlotTotal {
  std::int64_t slots = 0;
  DurationMs events = 0;  ///< time

  void add(Interval interval, std::int64_t count) noexcept {
    (interval == Interval::kEvents ? events : slots) += count;
  }
  [[nodiscard]] bool any() const noexcept { return slots > 0 || events > 0; }
  /// "12 slots", "3 d 4 h of events", "12 slots and 3 d 4 h of events"; "0 slots".
  [[nodiscard]] std::string text() const;
};
/// "950/s", "1.53 M/s".
[[nodiscard]] std::string format_rate(double per_second);
/// "99.97 %"; never rounded up to 100 % while something lacks. Of nothing, everything is there.
[[nodiscard]] std::string format_share(std::int64_t part, std::int64_t whole);

/// The words of `text` between separators, without blanks around them; empty ones are left out.
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;
[[nodiscard]] std::string join(const std::vector<std::string>& words, std::string_view separator);

/// Columns of text lined up: the first one to the left, the rest to the right.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  /// Requires: as many cells as the header has.
  void add(std::vector<std::string> row);
  [[nodiscard]] bool empty() const noexcept { return rows_.size() == 1; }
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace bf::cli
