// store/instrument_ledger.h
//
// What the exchanges said of their instruments, and when: an append-only ledger, the file `instruments`
// at the store's root. A fact is appended when it differs from the one before it, so "what was known on
// that day" stays answerable (--as-of), also for instruments that are gone since.
//
// The file is text (store/record_file.h). Decimals are plain (canonical).
//
//   bf-instruments  1  HASH                      the first line: the version of the format
//   fact  SEEN_AT  EXCHANGE MARKET SYMBOL  STATUS  LISTED DELISTED  BASE QUOTE SETTLE  CONTRACT_TYPE
//         MULTIPLIER CONTRACT_SIZE PRICE_TICK QUANTITY_STEP  HASH
//   list  SEEN_AT  EXCHANGE MARKET  COUNT  HASH  the exchange's list of COUNT instruments was recorded
//   archive  (the same fields)                   its bulk archive's list, which knows no more than names
//
// No field holds a control character (so no tab and no line end), none is longer than kFieldBytesMax.
// A fact that is lost to damage is recorded again when its exchange is asked next.
//
// Threads: one at a time. Writing is for the holder of the store's lock alone; anyone may read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "store/base/file_system.h"
#include "store/base/result.h"
#include "store/base/series.h"
#include "store/base/time.h"
#include "store/record_file.h"

namespace bf::store {

/// What one exchange says of one instrument. Texts are the exchange's own; empty where it says nothing.
struct InstrumentFacts {
  Instrument instrument;
  std::string status;              ///< such as "TRADING"
  std::optional<TimeMs> listed;    ///< none: unknown
  std::optional<TimeMs> delisted;  ///< none: not known to be delisted
  std::string base;                ///< "BTC"
  std::string quote;               ///< "USDT"
  std::string settle;              ///< the margin asset of a contract
  std::string contract_type;       ///< such as "PERPETUAL"; empty for spot
  std::string multiplier =
      "1";                    ///< units of the base asset that the symbol counts: 1000 for 1000BONK
  std::string contract_size;  ///< units of the base (or quote) asset a contract
  std::string price_tick;
  std::string quantity_step;

  friend bool operator==(const InstrumentFacts&, const InstrumentFacts&) = default;
};

/// Whose list of instruments.
enum class ListOf : std::uint8_t { kExchange, kArchive };

class InstrumentLedger {
 public:
  static constexpr std::size_t kFieldBytesMax = 64;
  static constexpr std::uint64_t kFileBytesMax = 256U << 20U;
  static constexpr std::string_view kFileName = "instruments";

  /// Reads the ledger of the store that `files` is rooted at; one that does not exist is empty. Nothing
  /// is written. `files` outlives the ledger.
  /// Errors: kFormat   not a ledger, or of a newer version
  ///         kCorrupt  the first line is damaged, or the file is larger than kFileBytesMax
  ///         kIo
  [[nodiscard]] static Result<InstrumentLedger> open(FileSystem& files);

  /// Whether the checksum of the first line is wrong: damage, whatever open() calls it.
  [[nodiscard]] static bool first_line_is_damaged(FileSystem& files);
  /// Replaces the ledger by its lines that check, under a first line of ours. For repairs: the facts of
  /// lost lines are recorded again when their exchange is asked next.
  /// Errors: kCorrupt when the file is larger than kFileBytesMax; kNotFound, kIo, kNoSpace, kSyncFailed.
  [[nodiscard]] static Result<void> drop_damaged_lines(FileSystem& files);

  /// Appends those of `facts` that differ from what was known at `seen_at`. They are durable and found
  /// when it returns; after an error none of them is. Decimals are brought to their plain spelling.
  /// The first record of a ledger rewrites the file (what a process before us left may be in the page
  /// cache alone), later ones append.
  /// Errors: kDataQuality  a name, a text or a time that cannot be kept; nothing was written
  ///         kNoSpace, kIo, kSyncFailed
  [[nodiscard]] Result<void> record(TimeMs seen_at, std::span<const InstrumentFacts> facts);
  /// As record(), and notes that these are all instruments of that list, in the same write.
  /// Requires: each of `facts` is of `exchange` and `market`.
  [[nodiscard]] Result<void> record_list(TimeMs seen_at, std::string_view exchange,
                                         std::string_view market,
                                         std::span<const InstrumentFacts> facts,
                                         ListOf of = ListOf::kExchange);

  /// The latest facts; none for an instrument that was never seen.
  [[nodiscard]] std::optional<InstrumentFacts> find(const Instrument& instrument) const;
  /// What was known at `when`; none before the instrument was first seen.
  [[nodiscard]] std::optional<InstrumentFacts> find_as_of(const Instrument& instrument,
                                                          TimeMs when) const;
  /// What was known at `when` of all instruments of a market, sorted by symbol.
  [[nodiscard]] std::vector<InstrumentFacts> all(std::string_view exchange, std::string_view market,
                                                 TimeMs when = kTimeMax) const;
  /// When such a list of the market was last recorded.
  [[nodiscard]] std::optional<TimeMs> refreshed_at(std::string_view exchange,
                                                   std::string_view market,
                                                   ListOf of = ListOf::kExchange) const;

  /// Lines before the last good one that did not check.
  [[nodiscard]] std::uint64_t damaged_lines() const noexcept { return file_.damaged_lines(); }

 private:
  struct Entry {
    TimeMs seen_at = 0;
    InstrumentFacts facts;
  };
  using Entries = std::vector<Entry>;  ///< sorted by seen_at

  explicit InstrumentLedger(FileSystem& files);
  /// Takes one record of the file.
  [[nodiscard]] bool take(std::span<const std::string_view> fields);
  void add(Entry entry);
  void note_list(ListOf of, TimeMs seen_at, std::string_view exchange, std::string_view market);
  [[nodiscard]] const Entry* entry_as_of(const Instrument& instrument, TimeMs when) const;
  /// The lines of those of `facts` that are new, and their entries.
  [[nodiscard]] Result<std::string> lines_of(TimeMs seen_at, std::span<const InstrumentFacts> facts,
                                             Entries& entries) const;

  RecordFile file_;
  std::map<Instrument, Entries> entries_;
  std::map<std::tuple<ListOf, std::string, std::string>, TimeMs> refreshed_;
};

}  // namespace bf::store
