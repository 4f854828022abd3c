#include "engine/sim/ledger.h"

#include "store/base/last_error.h"

namespace bf::sim {
namespace {

void append_string(std::string& out, std::string_view name, std::string_view value) {
  out += ",\"";
  out += name;
  out += "\":\"";
  for (const char c : value) {
    // Names come from requests: what JSON does not take as it is becomes a question mark.
    const bool plain = static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
    out += plain ? c : '?';
  }
  out += '"';
}

void append_number(std::string& out, std::string_view name, std::int64_t value) {
  out += ",\"";
  out += name;
  out += "\":";
  out += std::to_string(value);
}

}  // namespace

std::string ledger_line(const LedgerEntry& entry) {
  std::string line = "{\"at\":" + std::to_string(entry.at);
  append_number(line, "number", static_cast<std::int64_t>(entry.number));
  append_number(line, "connection", static_cast<std::int64_t>(entry.connection));
  append_string(line, "market", market_name(entry.market));
  append_string(line, "endpoint", endpoint_name(entry.endpoint));
  append_string(line, "symbol", entry.symbol);
  const bool funding = entry.endpoint == Endpoint::kFunding;
  if (entry.endpoint == Endpoint::kKlines || funding) {
    if (!funding) append_string(line, "interval", interval_name(entry.interval));
    append_number(line, "start", entry.start);
    append_number(line, "end", entry.end);
    append_number(line, "limit", entry.limit);
    append_number(line, "rows", static_cast<std::int64_t>(entry.rows.rows));
  }
  append_number(line, "weight", entry.weight);
  append_number(line, "status", entry.status);
  append_number(line, "bytes", static_cast<std::int64_t>(entry.bytes));
  if (entry.out_of_turn) line += ",\"out_of_turn\":true";
  if (!entry.faults.empty()) append_string(line, "faults", entry.faults);
  line += '}';
  return line;
}

Result<void> Ledger::write_to(const std::string& path) {
  file_.open(path, std::ios::trunc);
  if (!file_) return fail(LastError().at("open " + path));
  return {};
}

void Ledger::record(LedgerEntry entry) {
  count(entry);
  if (file_.is_open()) file_ << ledger_line(entry) << '\n' << std::flush;
  if (listener_) listener_(entry);
  if (keep_entries_) entries_.push_back(std::move(entry));
}

void Ledger::count(const LedgerEntry& entry) {
  ++counters_.requests;
  counters_.weight += entry.weight;
  if (entry.out_of_turn) ++counters_.out_of_turn;
  if (!entry.faults.empty()) ++counters_.faults;
  if (entry.status == 429 || (entry.refused && entry.status < 400)) {
    ++counters_.limited;
  } else if (entry.status == 418) {
    ++counters_.banned;
  } else if (entry.status >= 400) {
    ++counters_.failed;
  } else if (entry.endpoint == Endpoint::kArchive) {
    ++counters_.archive_files;
  } else if (entry.endpoint == Endpoint::kFunding && entry.faults.empty()) {
    ++counters_.funding;
    counters_.rows += entry.rows.rows;
  } else if (entry.endpoint == Endpoint::kKlines && entry.faults.empty()) {
    count_rows(entry);
  }
}

void Ledger::count_rows(const LedgerEntry& entry) {
  ++counters_.klines;
  counters_.rows += entry.rows.rows;
  // One row alone is a question ("when was it listed", "what comes after the hole"), not a page.
  if (entry.rows.rows <= 1) return;
  const TimeRange range{entry.rows.first_open, next_slot(entry.interval, entry.rows.last_open)};
  RangeSet& served = served_[SeriesKey(entry.market, entry.symbol, entry.interval)];
  const RangeSet again = served.intersect(range);
  for (const TimeRange& part : again.ranges()) {
    counters_.rows_again += static_cast<std::uint64_t>(slot_count(entry.interval, part));
  }
  served.add(range);
}

}  // namespace bf::sim
