// plan_pages(): the least weight that covers what is wanted.
//
// A page may as well begin at the first wanted slot that no earlier page covers: moved there from the
// left it loses nothing, since all that it gives up in front is covered or not wanted, and it reaches
// further behind. So a plan is decided by the band of each page, and the least cost of all from a
// slot on never rises as the slot moves right ("later is cheaper").
//
// Over long runs nothing has to be searched. Let `best` be the band with the most rows per weight. Of a
// worse band only so many pages are ever needed inside one run (copies_needed): a further one would
// cover, together with them, no more than some best pages do for less. Pages that lie inside a run may
// change places. So as long as more of the run remains than those few worse pages and the last page,
// which may reach beyond the run, can cover (`search_rows`), some optimal plan goes on with `best`.
//
// Runs that no page reaches across do not know of each other. Those that stand alone, which are most,
// share one table: what the last slots of a run cost depends on nothing but how many they are.
#include <algorithm>
#include <limits>

#include "engine/plan/planner.h"
#include "store/base/assert.h"

namespace bf::plan {
namespace {

using exchange::PageBand;

/// Slots are counted from the first wanted one.
using Slot = std::int64_t;

struct Cost {
  std::int64_t weight = 0;
  std::int64_t pages = 0;
  friend auto operator<=>(const Cost&, const Cost&) = default;
};

std::int64_t ceil_div(std::int64_t a, std::int64_t b) noexcept { return (a + b - 1) / b; }

/// More rows per weight, and of those the larger.
bool better(const PageBand& a, const PageBand& b) noexcept {
  const std::int64_t left = std::int64_t{a.rows_max} * b.weight;
  const std::int64_t right = std::int64_t{b.rows_max} * a.weight;
  return left != right ? left > right : a.rows_max > b.rows_max;
}

/// How many pages of `band` a run may need: one more, and best pages cover as much for less.
std::int64_t copies_needed(const PageBand& band, const PageBand& best) noexcept {
  for (std::int64_t copies = 1;; ++copies) {
    const std::int64_t pages = ceil_div(copies * band.rows_max, best.rows_max);
    const Cost replaced{pages * best.weight, pages};
    // It ends: at best.rows_max copies both cover the same rows, and the best pages weigh less.
    if (replaced <= Cost{copies * band.weight, copies}) return copies - 1;
  }
}

class PagePlanner {
 public:
  PagePlanner(Interval interval, const RangeSet& wanted, std::span<const PageBand> bands)
      : interval_(interval), base_(wanted.ranges().front().from) {
    choose_bands(bands);
    add_runs(wanted);
  }

  std::vector<PageWindow> plan() {
    solve_alone();
    for (std::size_t run = runs_.size(); run-- > 0;) {
      if (run + 1 == runs_[run].group_end) next_.assign(bands_.size(), run + 1);
      if (!alone(run)) solve(run);
    }
    std::vector<PageWindow> pages;
    Position at{0, 0};
    while (at.run < runs_.size()) {
      const PageBand& band = band_at(at);
      pages.push_back(window(at, band));
      at = behind(at.slot + band.rows_max, at.run);
    }
    return pages;
  }

 private:
  /// Wanted slots [begin, end); the search covers [search_from, end).
  struct Run {
    Slot begin = 0;
    Slot end = 0;
    Slot search_from = 0;
    std::size_t first_state = 0;  ///< index in states_ of search_from
    /// Runs that a page may reach across to are a group: [group_begin, group_end).
    std::size_t group_begin = 0;
    std::size_t group_end = 0;
  };
  struct Position {
    std::size_t run = 0;  ///< runs_.size(): nothing is left to cover
    Slot slot = 0;
  };
  /// The least cost of covering everything from a slot to the end of its group, and the band that begins
  /// it.
  struct State {
    Cost cost;
    std::size_t band = 0;
  };

  void choose_bands(std::span<const PageBand> bands) {
    best_ = *std::min_element(bands.begin(), bands.end(), better);
    for (const PageBand& band : bands) {
      if (band == best_) {
        bands_.push_back(band);
        continue;
      }
      const std::int64_t copies = copies_needed(band, best_);
      if (copies == 0) continue;
      bands_.push_back(band);
      search_rows_ += copies * band.rows_max;
    }
    for (const PageBand& band : bands_) rows_max_ = std::max<Slot>(rows_max_, band.rows_max);
    search_rows_ += rows_max_;
  }

  void add_runs(const RangeSet& wanted) {
    for (const TimeRange& range : wanted.ranges()) {
      BF_ASSERT(slot_begin(interval_, range.from) == range.from);
      BF_ASSERT(slot_begin(interval_, range.to) == range.to);
      Run run;
      run.begin = slot_count(interval_, {base_, range.from});
      run.end = slot_count(interval_, {base_, range.to});
      run.search_from = std::max(run.begin, run.end - search_rows_);
      const bool in_reach = !runs_.empty() && run.begin - runs_.back().end < rows_max_;
      run.group_begin = in_reach ? runs_.back().group_begin : runs_.size();
      runs_.push_back(run);
    }
    std::size_t group_end = runs_.size();
    for (std::size_t run = runs_.size(); run-- > 0;) {
      runs_[run].group_end = group_end;
      if (runs_[run].group_begin == run) group_end = run;
    }
    place_states();
  }

  [[nodiscard]] bool alone(std::size_t run) const noexcept {
    return runs_[run].group_end - runs_[run].group_begin == 1;
  }

  /// Where in states_ each run has its own: runs that stand alone share the first ones, whose last is
  /// that of a run's last slot.
  void place_states() {
    for (std::size_t run = 0; run < runs_.size(); ++run) {
      if (alone(run)) alone_rows_ = std::max(alone_rows_, searched(runs_[run]));
    }
    auto states = static_cast<std::size_t>(alone_rows_);
    for (std::size_t run = 0; run < runs_.size(); ++run) {
      const auto own = static_cast<std::size_t>(searched(runs_[run]));
      if (alone(run)) {
        runs_[run].first_state = static_cast<std::size_t>(alone_rows_) - own;
      } else {
        runs_[run].first_state = states;
        states += own;
      }
    }
    states_.resize(states);
  }
  static Slot searched(const Run& run) noexcept { return run.end - run.search_from; }

  /// The first wanted slot at or behind `slot`, looking from `run` on.
  [[nodiscard]] Position behind(Slot slot, std::size_t run) const {
    while (run < runs_.size() && runs_[run].end <= slot) ++run;
    if (run == runs_.size()) return {run, slot};
    return {run, std::max(slot, runs_[run].begin)};
  }

  [[nodiscard]] const State& state_at(const Run& run, Slot slot) const {
    return states_[run.first_state + static_cast<std::size_t>(slot - run.search_from)];
  }

  /// The cost from `at` to the end of the group, which is run `group_end`'s begin.
  [[nodiscard]] Cost cost_from(const Position& at, std::size_t group_end) const {
    if (at.run == group_end) return {};
    const Run& run = runs_[at.run];
    std::int64_t pages = 0;  // best ones, up to where the search begins
    if (at.slot < run.search_from) pages = ceil_div(run.search_from - at.slot, best_.rows_max);
    Cost cost = state_at(run, at.slot + pages * best_.rows_max).cost;
    cost.weight += pages * best_.weight;
    cost.pages += pages;
    return cost;
  }

  [[nodiscard]] const PageBand& band_at(const Position& at) const {
    const Run& run = runs_[at.run];
    return at.slot < run.search_from ? best_ : bands_[state_at(run, at.slot).band];
  }

  /// Fills in the states that runs which stand alone share.
  void solve_alone() {
    const auto rows = static_cast<std::size_t>(alone_rows_);
    for (std::size_t left = 1; left <= rows; ++left) {
      State best{{std::numeric_limits<std::int64_t>::max(), 0}, 0};
      for (std::size_t band = bands_.size(); band-- > 0;) {
        const std::size_t covered = bands_[band].rows_max;
        Cost cost = left > covered ? states_[rows - left + covered].cost : Cost{};
        cost.weight += bands_[band].weight;
        cost.pages += 1;
        if (cost < best.cost) best = State{cost, band};
      }
      states_[rows - left] = best;
    }
  }

  /// Fills in the states of `run`, last slot first. Those of the later runs of its group are known.
  void solve(std::size_t index) {
    const Run& run = runs_[index];
    for (Slot slot = run.end - 1; slot >= run.search_from; --slot) {
      State best{{std::numeric_limits<std::int64_t>::max(), 0}, 0};
      for (std::size_t band = bands_.size(); band-- > 0;) {
        const Slot end = slot + bands_[band].rows_max;
        std::size_t& after = next_[band];
        while (after > index && runs_[after - 1].end > end) --after;
        const bool beyond = after == run.group_end;
        Cost cost =
            cost_from({after, beyond ? end : std::max(end, runs_[after].begin)}, run.group_end);
        cost.weight += bands_[band].weight;
        cost.pages += 1;
        if (cost < best.cost) best = State{cost, band};
      }
      states_[run.first_state + static_cast<std::size_t>(slot - run.search_from)] = best;
    }
  }

  /// The page of `band` that begins at `at`, cut behind the last wanted slot in it.
  [[nodiscard]] PageWindow window(const Position& at, const PageBand& band) const {
    const Slot limit = at.slot + band.rows_max;
    Slot end = std::min(limit, runs_[at.run].end);
    for (std::size_t run = at.run + 1; run < runs_.size() && runs_[run].begin < limit; ++run) {
      end = std::min(limit, runs_[run].end);
    }
    PageWindow page;
    page.window = {advance_slots(interval_, base_, at.slot), advance_slots(interval_, base_, end)};
    page.rows_max = static_cast<std::uint32_t>(end - at.slot);
    page.weight = band.weight;  // a cheaper band that holds the rows would have been chosen
    return page;
  }

  Interval interval_;
  TimeMs base_;
  PageBand best_;
  std::vector<PageBand> bands_;  ///< those that a plan can need
  Slot rows_max_ = 0;            ///< of any of them
  Slot search_rows_ = 0;
  Slot alone_rows_ = 0;  ///< the first of states_, which runs that stand alone share
  std::vector<Run> runs_;
  std::vector<State> states_;
  /// The run in or behind which the page of each band ends. While the states are filled in from the
  /// last slot on it only moves left.
  std::vector<std::size_t> next_;
};

}  // namespace

std::vector<PageWindow> plan_pages(Interval interval, const RangeSet& wanted,
                                   std::span<const PageBand> bands) {
  BF_ASSERT(!bands.empty());
  if (wanted.empty()) return {};
  return PagePlanner(interval, wanted, bands).plan();
}

}  // namespace bf::plan
