// store/answer.h
//
// An answer is one reply of one source about one range of one series: which source was asked for
// [from, to), when, and what came back. Coverage is made of answers, provenance points into them, and
// whether a slot without a row is confirmed absent, provisional or missing is computed from them
// (docs/architecture.md, "Empty is not absent"); it is never stored as a verdict.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "store/base/columns.h"
#include "store/base/time.h"

namespace bf::store {

/// The way by which an exchange's data came. The numbers are part of the format. Lower ranks higher
/// where two rows of one slot differ.
enum class Channel : std::uint8_t {
  kRest = 1,
  kArchiveDaily = 2,
  kArchiveMonthly = 3,
  kStream = 4,
  kImport = 5,
};
/// "rest", "archive-daily", "archive-monthly", "stream", "import".
[[nodiscard]] std::string_view channel_name(Channel channel) noexcept;

using Sha256 = std::array<std::uint8_t, 32>;

struct Answer {
  std::string exchange;  ///< who answered; another exchange than the series' own is a fallback
  Channel channel = Channel::kRest;
  TimeRange asked;        ///< every slot in it was answered: with a row, or by leaving it out
  TimeMs asked_at = 0;    ///< when, by the exchange's clock
  TimeMs first_row = 0;   ///< open times of the first and last row that came;
  TimeMs last_row = -1;   ///< first_row > last_row says that none came
  Sha256 archive_hash{};  ///< SHA-256 of the archive file; zero for every other channel

  [[nodiscard]] bool has_rows() const noexcept { return first_row <= last_row; }
  friend bool operator==(const Answer&, const Answer&) = default;
};

/// One answer and its rows: open times strictly rising, each inside answer.asked.
struct AnsweredRows {
  Answer answer;
  CandleBatch rows;
};

}  // namespace bf::store
