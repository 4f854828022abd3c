// engine/backfill/instruments.h
//
// Which instruments a market has: read from the store's ledger, asked of the exchange, and asked of its
// archive, which alone still knows the delisted ones that have left the exchange's list.
#pragma once

#include <functional>
#include <optional>

#include "engine/backfill/run_state.h"
#include "engine/backfill/symbols.h"

namespace bf::backfill {

/// What is known of a market.
struct KnownInstruments {
  FactsBySymbol facts;
  std::optional<TimeMs> listed_at;          ///< when the exchange's list was last recorded
  std::optional<TimeMs> archive_listed_at;  ///< and the archive's
};

/// What an exchange's list says of an instrument, as the ledger keeps it.
[[nodiscard]] store::InstrumentFacts facts_of(const exchange::MarketApi& api,
                                              const exchange::InstrumentInfo& info);

/// Read on the store's thread: another market's task may be writing.
[[nodiscard]] async::Task<KnownInstruments> read_ledger(RunState& run, const MarketRun& market);
/// Whether a list is so young that it is not asked for again: a run with nothing to do sends nothing.
[[nodiscard]] bool is_fresh(const MarketRun& market, std::optional<TimeMs> listed_at);

/// Runs a change of the ledger on the store's thread; a plan keeps nothing.
/// Lifetime: what `change` refers to outlives the task.
[[nodiscard]] async::Task<Result<void>> change_ledger(RunState& run,
                                                      std::function<Result<void>()> change);

/// Writes a listing instant that was found out into the ledger, and a delisting where one was.
/// Errors: kIo, kNoSpace.
[[nodiscard]] async::Task<Result<void>> record_life(RunState& run, Instrument instrument,
                                                    std::optional<TimeMs> listed,
                                                    std::optional<TimeMs> delisted = std::nullopt);

/// Asks the exchange for its list, records it, and lays it over what is known: a delisted symbol that
/// has left the list stays known, and a listing instant that was found out is not undone by the list's
/// earlier one. Errors: what the request says; kIo, kNoSpace.
[[nodiscard]] async::Task<Result<void>> refresh_from_exchange(RunState& run, MarketRun& market,
                                                              KnownInstruments& known,
                                                              async::CancelToken cancel);

/// Whether the market has an archive that can be listed.
[[nodiscard]] bool has_archive_list(const MarketRun& market);
/// Asks the archive for its symbols, and records those that are not known: of them there is no more
/// than the name, no status, no assets, no listing instant. Requires: has_archive_list(market).
/// Errors: what the requests say; kIo, kNoSpace.
[[nodiscard]] async::Task<Result<void>> refresh_from_archive(RunState& run, MarketRun& market,
                                                             KnownInstruments& known,
                                                             async::CancelToken cancel);

/// When the archive's files of a series begin and end, to the day.
/// Requires: has_archive_list(market).
/// Errors: kNotFound where it has none; what the requests say.
[[nodiscard]] async::Task<Result<TimeRange>> find_archive_life(MarketRun& market, Series series,
                                                               async::CancelToken cancel);

}  // namespace bf::backfill
