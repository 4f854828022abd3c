// tools/cli/store_access.h
//
// A store as the programs that only read open it, and which range of a series they look at.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/base/clock.h"
#include "store/base/file_system.h"
#include "store/instrument_ledger.h"
#include "store/run_history.h"
#include "store/store.h"
#include "tools/cli/selection.h"
#include "tools/cli/time_spec.h"

namespace bf::cli {

/// kUsage: there is no store at `path`, and what to do.
[[nodiscard]] Error no_store(const std::string& path);

/// An open store and what it stands on. Members end in the order that they need.
class StoreReader {
 public:
  /// Errors: kUsage when there is no store at `path`, with what to do; else as store::Store::open.
  [[nodiscard]] static Result<std::unique_ptr<StoreReader>> open(const std::string& path);

  [[nodiscard]] const store::Store& store() const noexcept { return *store_; }
  [[nodiscard]] const Clock& clock() const noexcept { return clock_; }
  [[nodiscard]] const store::InstrumentLedger& ledger() const noexcept { return *ledger_; }
  /// What was done to the store. Errors: as store::RunHistory::open.
  [[nodiscard]] Result<store::RunHistory> runs() const { return store::RunHistory::open(*files_); }
  /// [listed, delisted) as far as the ledger knows; else all of time.
  [[nodiscard]] TimeRange life_of(const Instrument& instrument) const;
  /// The store's series that `flags` mean; without flags all of them.
  /// Errors: as Store::list and select_series.
  [[nodiscard]] Result<std::vector<Series>> select(const SelectionFlags& flags) const;

 private:
  StoreReader() = default;
  SystemClock clock_;
  std::unique_ptr<FileSystem> files_;
  std::unique_ptr<store::Store> store_;
  std::optional<store::InstrumentLedger> ledger_;  ///< set by open()
};

/// Where a range ends that the user did not end.
enum class OpenEnd : std::uint8_t {
  kHeld,  ///< behind the last slot that is held or was answered
  kNow,   ///< at the last closed candle
};
/// What of a series is looked at: the asked range, by default from the first slot that is held or was
/// answered, cut to `life` (and what is held outside of it, of a fallback) and to closed candles, on the
/// grid. May be empty.
[[nodiscard]] TimeRange looked_at(const SpecRange& asked, const store::GapIndex& gaps,
                                  TimeRange life, TimeMs wall_now, OpenEnd open_end);

}  // namespace bf::cli
