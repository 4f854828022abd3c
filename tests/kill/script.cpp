#include "tests/kill/script.h"

#include <algorithm>

namespace bf::store::crash {
namespace {

// Enough of each to give 3,000 system calls that change a disk.
constexpr std::size_t kLives = 4;
constexpr std::size_t kRounds = 24;  ///< of a life: each series once

/// Turns values drawn at random into candles that contradict nothing, so that `bf-verify check` has
/// nothing to say of them.
void make_plausible(CandleBatch& rows) {
  const auto values = [&rows](Column column) -> std::vector<std::int64_t>& {
    return rows.column(column).values;
  };
  for (std::size_t row = 0; row < rows.row_count(); ++row) {
    const auto [low, high] = std::minmax({values(Column::kOpen)[row], values(Column::kHigh)[row],
                                          values(Column::kLow)[row], values(Column::kClose)[row]});
    values(Column::kHigh)[row] = high;
    values(Column::kLow)[row] = low;
    const auto cap = [&](Column part, Column whole) {
      values(part)[row] = std::min(values(part)[row], values(whole)[row]);
    };
    cap(Column::kTakerBuyBase, Column::kVolume);
    cap(Column::kTakerBuyQuote, Column::kQuoteVolume);
  }
}

class Writing {
 public:
  Script make() {
    for (std::size_t life = 0; life < kLives; ++life) {
      step(Step::Kind::kBan, 0, 0, 60 * (life + 1));
      step(Step::Kind::kOpen);
      step(Step::Kind::kList, 0, 0, 2 * life + 1);
      for (std::size_t round = 0; round < kRounds; ++round) {
        for (std::size_t i = 0; i < kSeriesCount; ++i) act(i, round + i, life + 1 == kLives);
      }
      step(Step::Kind::kShut);
    }
    return std::move(script_);
  }

 private:
  void step(Step::Kind kind, std::size_t series = 0, std::size_t first = 0, std::size_t count = 0) {
    script_.steps.push_back({kind, series, first, count});
  }

  void act(std::size_t i, std::size_t turn, bool last_life) {
    append(i, 1 + random_.below(3));
    if (random_.chance(30)) append(i, 1);
    step(Step::Kind::kSync, i);
    // The last series ends with a log that holds rows.
    if (last_life && i + 1 == kSeriesCount && turn > kRounds / 2) return;
    if (turn % 4 == 1) step(Step::Kind::kSeal, i);
    if (turn % 9 == 8) step(Step::Kind::kCompact, i);
  }

  void append(std::size_t i, std::size_t pages) {
    SeriesOracle& series = script_.pages.series[i];
    const std::size_t first = series.commits.size();
    for (std::size_t page = 0; page < pages; ++page) {
      (void)series.make_commit(static_cast<std::int64_t>(3 + random_.below(60)));
      make_plausible(series.commits.back().rows);
    }
    step(Step::Kind::kAppend, i, first, pages);
  }

  Script script_;
  Random random_{1};
};

}  // namespace

Script make_script() { return Writing().make(); }

}  // namespace bf::store::crash
