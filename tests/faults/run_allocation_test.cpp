// tests/faults/run_allocation_test.cpp
//
// Goal: whichever allocation of a whole run fails, the process ends with words and exit code 1, and
// nothing that was acknowledged is lost: every row held is the exchange's, the store is sound, and a run
// without failures completes it. Method: each run is a process of its own, made by fork(), with the
// program's guard and one allocation failing; its store is on a real file system, and it tells how many
// rows it was told are durable. BF_FAULT_STRIDE=1 tries every allocation; without it some.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <array>

#include "store/base/memory_guard.h"
#include "tests/backfill/shaped_truth.h"
#include "tests/backfill/sim_world.h"
#include "tests/faults/fault_world.h"

namespace bf::test {
namespace {

using backfill::Exit;
using ::testing::HasSubstr;

/// What a process tells the one that made it, also when it ends in the middle.
struct Told {
  bool complete = false;  ///< no allocation failed, and the run came to its end
  std::int64_t rows_durable = 0;
};

/// How a process ended.
struct Ended {
  int status = 0;
  std::string said;  ///< the begin of what it wrote to stderr
};

struct Case {
  std::string name;
  plan::SourceChoice source;
  TimeRange range;
};

class RunAllocations : public ::testing::TestWithParam<Case> {
 protected:
  static constexpr std::size_t kSymbols = 2;

  RunAllocations()
      : truth_(kSymbols),
        told_(static_cast<Told*>(::mmap(nullptr, sizeof(Told), PROT_READ | PROT_WRITE,
                                        MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    truth_.add_hole("S001USDT", {range().from + kHourMs, range().from + 2 * kHourMs});
  }
  ~RunAllocations() override { ::munmap(told_, sizeof(Told)); }

  [[nodiscard]] static TimeRange range() { return GetParam().range; }

  backfill::RunReport run(SimWorld& world) const {
    backfill::RunOptions options = world.options("um", {}, range());
    options.source = GetParam().source;
    options.state_dir = directory_.state();
    return world.run(options);
  }

  /// The life of the process whose `number`th allocation fails.
  [[noreturn]] void live(std::uint64_t number) {
    install_memory_guard("run");
    SimWorld world(truth_);
    const auto files = open_file_system(directory_.store(), /*create=*/true).value();
    world.set_disk(*files);
    world.observer().progressed = [this](const backfill::Progress& progress) {
      told_->rows_durable = progress.candles_stored;
    };
    fail_allocation(number, Times::kForEver);
    const backfill::RunReport report = run(world);
    told_->complete = !stop_failing_allocations();
    ::_exit(static_cast<int>(backfill::exit_code(report, /*strict=*/true)));
  }

  Ended run_with_fault(std::uint64_t number) {
    *told_ = Told();
    directory_.reset();
    std::array<int, 2> pipe{};
    EXPECT_EQ(::pipe(pipe.data()), 0);
    const ::pid_t process = ::fork();
    if (process == 0) {
      ::dup2(pipe[1], STDERR_FILENO);
      live(number);
    }
    ::close(pipe[1]);
    Ended ended;
    std::array<char, 1024> said{};
    for (::ssize_t bytes = 1; bytes > 0;) {
      bytes = ::read(pipe[0], said.data(), said.size());
      if (bytes > 0) ended.said.append(said.data(), static_cast<std::size_t>(bytes));
    }
    ::close(pipe[0]);
    EXPECT_EQ(::waitpid(process, &ended.status, 0), process);
    return ended;
  }

  /// The store of a process that has ended is right as far as it goes, and the next run completes it.
  void expect_completes() {
    WorldOptions later;
    later.start = kWorldBegin + kMinuteMs;
    SimWorld world(truth_, later);
    const auto files = open_file_system(directory_.store(), /*create=*/true).value();
    world.set_disk(*files);
    std::int64_t held = 0;
    for (const sim::SimInstrument& instrument : truth_.instruments(sim::Market::kUm)) {
      const Series series = world.series("um", instrument.symbol);
      ASSERT_EQ(world.wrong_row(series, range()), "");
      held += static_cast<std::int64_t>(world.stored_rows(series, range()).row_count());
    }
    // The candle that spans the hole was given twice.
    ASSERT_GE(held + 1, told_->rows_durable) << "rows that were acknowledged are gone";
    const backfill::RunReport report = run(world);
    std::vector<std::pair<Exit, std::string>> reasons;
    const Exit exit = backfill::exit_code(report, /*strict=*/true, &reasons);
    ASSERT_EQ(exit, Exit::kComplete) << reasons.front().second;
    ASSERT_EQ(report.series.size(), kSymbols);
    for (const backfill::SeriesReport& series : report.series) {
      ASSERT_EQ(world.difference(series.series, range()), "") << series.series.name();
      ASSERT_TRUE(world.verify(series.series)) << series.series.name();
    }
  }

  ShapedTruth truth_;
  Directory directory_;
  Told* told_;
};

TEST_P(RunAllocations, AnyThatFailsEndsTheProcessAndLosesNothing) {
  std::uint64_t points = 0;
  std::uint64_t amid = 0;  // those with something durable before them
  for (std::uint64_t number = 1;; number += fault_stride(53)) {
    SCOPED_TRACE("allocation " + std::to_string(number));
    const Ended ended = run_with_fault(number);
    ASSERT_TRUE(WIFEXITED(ended.status)) << "signal " << WTERMSIG(ended.status) << ended.said;
    const int exit = WEXITSTATUS(ended.status);
    if (told_->complete) {
      ASSERT_EQ(exit, 0) << ended.said;
      break;
    }
    ASSERT_EQ(exit, kNoMemoryExit) << ended.said;
    ASSERT_THAT(ended.said, HasSubstr("run: error: out of memory"));
    ++points;
    if (told_->rows_durable > 0) ++amid;
    expect_completes();
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(amid, 0U) << "no run failed behind its first commit";
  RecordProperty("points", static_cast<int>(points));
}

INSTANTIATE_TEST_SUITE_P(Ways, RunAllocations,
                         ::testing::Values(Case{"Rest",
                                                plan::SourceChoice::kRest,
                                                {kWorldBegin - 4 * kDayMs, kWorldBegin - kDayMs}},
                                           Case{"Archive",
                                                plan::SourceChoice::kAuto,
                                                {kWorldBegin - 6 * kDayMs, kWorldBegin - kHourMs}}),
                         [](const auto& way) { return way.param.name; });

}  // namespace
}  // namespace bf::test
