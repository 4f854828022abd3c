// tools/bf-engine/work_store.h
//
// The store of a command that fetches or stores, and the record that it leaves there of what it did.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/backfill/run.h"
#include "store/base/file_system.h"
#include "store/instrument_ledger.h"
#include "store/run_history.h"
#include "store/store.h"
#include "tools/cli/output.h"
#include "tools/cli/report_json.h"

namespace bf::engine {

/// All null where a plan finds no store. Members end in the order that they need.
struct WorkStore {
  std::unique_ptr<FileSystem> files;
  std::unique_ptr<store::Store> store;
  std::optional<store::InstrumentLedger> ledger;
};

enum class StoreUse : std::uint8_t {
  kMake,   ///< write; made where it is missing
  kWrite,  ///< write; kUsage where it is missing
  kRead,   ///< read; null where it is missing
};
/// Errors: as store::Store::open, with the path.
[[nodiscard]] Result<WorkStore> open_work_store(const std::string& path, StoreUse use,
                                                bool allow_network, const Clock& clock);

/// What a run did, for the history. `began` is wall ms.
[[nodiscard]] store::RunRecord record_of(const backfill::RunReport& report,
                                         const cli::ReportFrame& frame, std::string selection,
                                         TimeMs began);
/// "binance/um BTCUSDT,ETHUSDT, candles 1m".
[[nodiscard]] std::string selection_text(const backfill::RunOptions& options);

/// Appends to the store's history; a record that cannot be written is said, and no fault of the run.
void record_run(FileSystem& files, store::RunRecord run, cli::Narrator& narrator);

}  // namespace bf::engine
