// engine/exchange/funding_rows.h
//
// Reads funding events: one JSON object each, whose members every exchange names in its own way.
//
// An exchange may tell something of one event and not of another (Binance's mark price, which old ones
// lack). So the rows of an answer come as runs: batches in the order of the answer, a new one where the
// columns change. Nothing is made up for what is not told.
//
// Threads: one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/exchange/candle_writer.h"
#include "engine/exchange/json_members.h"
#include "store/base/result.h"

namespace bf::exchange {

/// What the members of an event are called; "" for what the exchange does not tell.
struct FundingNames {
  std::string_view instrument;  ///< whose event it is: held against the one asked for
  std::string_view time;
  std::string_view rate;
  std::string_view settled_rate;  ///< stands for `rate` where it is not ""
  std::string_view mark_price;    ///< may be "": then the event has none
  std::string_view index_price;   ///< likewise
  std::string_view hours;         ///< digits: for how many hours the rate is, whatever the row says
};

class FundingRows {
 public:
  /// Empties `runs`, which outlives the reader, as the texts of `names` and `symbol` do.
  FundingRows(const FundingNames& names, std::string_view symbol, std::vector<CandleBatch>& runs)
      : names_(names), symbol_(symbol), runs_(runs) {
    runs_.clear();
  }

  /// Reads a list of events; false where one cannot be read: error() names it.
  [[nodiscard]] bool read_list(json::value list);
  [[nodiscard]] const std::string& error() const noexcept { return error_; }

 private:
  /// The text of each member as it stands in the document; empty where it is not there.
  struct Event {
    std::string_view time, rate, settled_rate, mark_price, index_price;
  };
  bool read_event(json::object members);
  bool write(const Event& event);
  bool failed(std::string_view what, std::string_view token = {});
  [[nodiscard]] std::string_view* field_of(std::string_view key, Event& event) const noexcept;

  const FundingNames& names_;
  std::string_view symbol_;
  std::vector<CandleBatch>& runs_;
  std::string name_;                    ///< whose event the row is
  std::optional<CandleWriter> writer_;  ///< of the last run
  std::size_t row_ = 0;
  std::string error_;
};

}  // namespace bf::exchange
