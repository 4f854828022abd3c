#include "store/instrument_ledger.h"

#include <algorithm>
#include <utility>

#include "store/base/assert.h"
#include "store/base/decimal.h"

namespace bf::store {
namespace {

constexpr std::string_view kFact = "fact";
constexpr std::string_view kList = "list";
constexpr std::string_view kArchive = "archive";
constexpr std::size_t kFactFields = 16;
constexpr std::size_t kListFields = 5;

constexpr RecordFormat kFormat = {
    .file = InstrumentLedger::kFileName,
    .magic = "bf-instruments",
    .what = "a ledger of instruments",
    .remedy = "remove it, and the next run records the instruments anew",
    .version = 1,
    .bytes_max = InstrumentLedger::kFileBytesMax,
};

std::string fact_line(TimeMs seen_at, const InstrumentFacts& facts) {
  return record_line({kFact, format_time(seen_at), facts.instrument.exchange,
                      facts.instrument.market, facts.instrument.symbol, facts.status,
                      time_field(facts.listed), time_field(facts.delisted), facts.base, facts.quote,
                      facts.settle, facts.contract_type, facts.multiplier, facts.contract_size,
                      facts.price_tick, facts.quantity_step});
}

bool in_range(TimeMs time) noexcept { return kTimeMin <= time && time < kTimeMax; }

/// `facts` as they can be kept: short, printable, with plain decimals and times that there are.
Result<InstrumentFacts> checked(InstrumentFacts facts) {
  const auto refuse = [&facts](std::string_view what, std::string_view value) {
    return fail(Code::kDataQuality, printable(facts.instrument.name()) + ": the " +
                                        std::string(what) + " \"" + printable(value) +
                                        "\" cannot be kept");
  };
  struct Field {
    std::string_view what;
    std::string& value;
    bool is_decimal;
  };
  const Field fields[] = {{"status", facts.status, false},
                          {"base", facts.base, false},
                          {"quote", facts.quote, false},
                          {"settle", facts.settle, false},
                          {"contract type", facts.contract_type, false},
                          {"multiplier", facts.multiplier, true},
                          {"contract size", facts.contract_size, true},
                          {"price tick", facts.price_tick, true},
                          {"quantity step", facts.quantity_step, true}};
  const Result<void> names = validate(facts.instrument);
  if (!names) return fail(Code::kDataQuality, names.error().message());
  for (const Field& field : fields) {
    if (field.is_decimal && !field.value.empty()) {
      Result<std::string> plain = canonical_decimal(field.value);
      if (!plain) return refuse(field.what, field.value);
      field.value = std::move(*plain);
    }
    const bool is_short = field.value.size() <= InstrumentLedger::kFieldBytesMax;
    if (!is_short || printable(field.value) != field.value) return refuse(field.what, field.value);
  }
  if (facts.multiplier.empty()) return refuse("multiplier", facts.multiplier);
  for (const std::optional<TimeMs>& time : {facts.listed, facts.delisted}) {
    if (time && !in_range(*time)) return refuse("instant", std::to_string(*time));
  }
  return facts;
}

}  // namespace

InstrumentLedger::InstrumentLedger(FileSystem& files) : file_(files, kFormat) {}

Result<InstrumentLedger> InstrumentLedger::open(FileSystem& files) {
  InstrumentLedger ledger(files);
  const Result<void> read = ledger.file_.read(
      [&ledger](std::span<const std::string_view> fields) { return ledger.take(fields); });
  if (!read) return fail(read.error());
  return ledger;
}

bool InstrumentLedger::first_line_is_damaged(FileSystem& files) {
  return RecordFile::first_line_is_damaged(files, kFormat);
}

Result<void> InstrumentLedger::drop_damaged_lines(FileSystem& files) {
  InstrumentLedger ledger(files);
  return RecordFile::drop_damaged_lines(
      files, kFormat,
      [&ledger](std::span<const std::string_view> fields) { return ledger.take(fields); });
}

bool InstrumentLedger::take(std::span<const std::string_view> fields) {
  std::optional<TimeMs> seen_at;
  if (fields.size() < kListFields || !read_time_field(fields[1], seen_at) || !seen_at) return false;
  const bool is_list = fields[0] == kList || fields[0] == kArchive;
  if (is_list && fields.size() == kListFields) {
    if (!validate(Instrument{std::string(fields[2]), std::string(fields[3]), "ALL"})) return false;
    note_list(fields[0] == kList ? ListOf::kExchange : ListOf::kArchive, *seen_at, fields[2],
              fields[3]);
    return true;
  }
  if (fields[0] != kFact || fields.size() != kFactFields) return false;
  InstrumentFacts facts;
  facts.instrument = {std::string(fields[2]), std::string(fields[3]), std::string(fields[4])};
  facts.status = fields[5];
  if (!read_time_field(fields[6], facts.listed) || !read_time_field(fields[7], facts.delisted))
    return false;
  facts.base = fields[8];
  facts.quote = fields[9];
  facts.settle = fields[10];
  facts.contract_type = fields[11];
  facts.multiplier = fields[12];
  facts.contract_size = fields[13];
  facts.price_tick = fields[14];
  facts.quantity_step = fields[15];
  // A hash can be right and its line hostile: the file may come from anywhere.
  const Result<InstrumentFacts> valid = checked(facts);
  if (!valid || !(*valid == facts)) return false;
  add(Entry{*seen_at, std::move(facts)});
  return true;
}

void InstrumentLedger::add(Entry entry) {
  Entries& entries = entries_[entry.facts.instrument];
  const auto at = std::upper_bound(entries.begin(), entries.end(), entry.seen_at,
                                   [](TimeMs when, const Entry& e) { return when < e.seen_at; });
  entries.insert(at, std::move(entry));
}

const InstrumentLedger::Entry* InstrumentLedger::entry_as_of(const Instrument& instrument,
                                                             TimeMs when) const {
  const auto found = entries_.find(instrument);
  if (found == entries_.end()) return nullptr;
  const Entries& entries = found->second;
  const auto behind = std::upper_bound(entries.begin(), entries.end(), when,
                                       [](TimeMs t, const Entry& e) { return t < e.seen_at; });
  return behind == entries.begin() ? nullptr : &*std::prev(behind);
}

Result<std::string> InstrumentLedger::lines_of(TimeMs seen_at,
                                               std::span<const InstrumentFacts> facts,
                                               Entries& entries) const {
  if (!in_range(seen_at)) {
    return fail(Code::kDataQuality, "instruments seen at " + std::to_string(seen_at) +
                                        ", which lies outside the years 2000 to 2199");
  }
  std::string lines;
  for (const InstrumentFacts& each : facts) {
    Result<InstrumentFacts> valid = checked(each);
    if (!valid) return fail(valid.error());
    const Entry* const known = entry_as_of(valid->instrument, seen_at);
    if (known != nullptr && known->facts == *valid) continue;
    lines.append(fact_line(seen_at, *valid));
    entries.push_back(Entry{seen_at, std::move(*valid)});
  }
  return lines;
}

Result<void> InstrumentLedger::record(TimeMs seen_at, std::span<const InstrumentFacts> facts) {
  Entries entries;
  const Result<std::string> lines = lines_of(seen_at, facts, entries);
  if (!lines) return fail(lines.error());
  const Result<void> written = file_.write(*lines);
  if (!written) return written;
  for (Entry& entry : entries) add(std::move(entry));
  return {};
}

Result<void> InstrumentLedger::record_list(TimeMs seen_at, std::string_view exchange,
                                           std::string_view market,
                                           std::span<const InstrumentFacts> facts, ListOf of) {
  for (const InstrumentFacts& each : facts) {
    BF_ASSERT(each.instrument.exchange == exchange && each.instrument.market == market);
  }
  Entries entries;
  Result<std::string> lines = lines_of(seen_at, facts, entries);
  if (!lines) return fail(lines.error());
  lines->append(record_line({of == ListOf::kExchange ? kList : kArchive, format_time(seen_at),
                             exchange, market, std::to_string(facts.size())}));
  const Result<void> written = file_.write(*lines);
  if (!written) return written;
  for (Entry& entry : entries) add(std::move(entry));
  note_list(of, seen_at, exchange, market);
  return {};
}

void InstrumentLedger::note_list(ListOf of, TimeMs seen_at, std::string_view exchange,
                                 std::string_view market) {
  const auto [last, first] =
      refreshed_.try_emplace({of, std::string(exchange), std::string(market)}, seen_at);
  if (!first) last->second = std::max(last->second, seen_at);
}

std::optional<InstrumentFacts> InstrumentLedger::find(const Instrument& instrument) const {
  return find_as_of(instrument, kTimeMax);
}

std::optional<InstrumentFacts> InstrumentLedger::find_as_of(const Instrument& instrument,
                                                            TimeMs when) const {
  const Entry* const entry = entry_as_of(instrument, when);
  if (entry == nullptr) return std::nullopt;
  return entry->facts;
}

std::vector<InstrumentFacts> InstrumentLedger::all(std::string_view exchange,
                                                   std::string_view market, TimeMs when) const {
  std::vector<InstrumentFacts> facts;
  const Instrument first{std::string(exchange), std::string(market), ""};
  for (auto at = entries_.lower_bound(first); at != entries_.end(); ++at) {
    if (at->first.exchange != exchange || at->first.market != market) break;
    const Entry* const entry = entry_as_of(at->first, when);
    if (entry != nullptr) facts.push_back(entry->facts);
  }
  return facts;
}

std::optional<TimeMs> InstrumentLedger::refreshed_at(std::string_view exchange,
                                                     std::string_view market, ListOf of) const {
  const auto found = refreshed_.find({of, std::string(exchange), std::string(market)});
  if (found == refreshed_.end()) return std::nullopt;
  return found->second;
}

}  // namespace bf::store
