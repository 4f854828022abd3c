#include "store/instrument_ledger.h"

#include <algorithm>
#include <utility>

#include "store/atomic_file.h"
#include "store/base/assert.h"
#include "store/base/decimal.h"
#include "store/checksum.h"

namespace bf::store {
namespace {

constexpr std::string_view kFileName = InstrumentLedger::kFileName;
constexpr std::string_view kMagic = "bf-instruments";
constexpr std::string_view kFact = "fact";
constexpr std::string_view kList = "list";
constexpr std::uint32_t kVersion = 1;
constexpr std::string_view kNone = "-";
constexpr std::size_t kFactFields = 16;
constexpr std::size_t kListFields = 5;
constexpr std::size_t kHashDigits = 16;

std::string hash_of(std::string_view line) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::uint64_t hash = digest(std::as_bytes(std::span(line)), 0);
  std::string digits(kHashDigits, '0');
  for (std::size_t i = kHashDigits; i > 0; --i, hash >>= 4) digits[i - 1] = kHex[hash & 15];
  return digits;
}

/// One line of the file from its fields.
std::string line_of(std::initializer_list<std::string_view> fields) {
  std::string line;
  for (const std::string_view field : fields) line.append(field).append("\t");
  line.append(hash_of(line)).append("\n");
  return line;
}

/// The fields of a line (without its '\n') whose hash is right; empty where it is not.
std::vector<std::string_view> checked_fields(std::string_view line) {
  if (line.size() < kHashDigits) return {};
  const std::string_view body = line.substr(0, line.size() - kHashDigits);
  if (body.empty() || body.back() != '\t' || hash_of(body) != line.substr(body.size())) return {};
  std::vector<std::string_view> fields;
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t tab = body.find('\t', at);
    fields.push_back(body.substr(at, tab - at));
    at = tab + 1;
  }
  return fields;
}

std::string time_text(std::optional<TimeMs> time) {
  return time ? format_time(*time) : std::string(kNone);
}

/// Reads what time_text() writes; false for anything else.
bool read_time(std::string_view text, std::optional<TimeMs>& out) {
  if (text == kNone) return true;
  const Result<TimeMs> time = parse_time(text);
  if (time) out = *time;
  return time.has_value();
}

std::string fact_line(TimeMs seen_at, const InstrumentFacts& facts) {
  return line_of({kFact, format_time(seen_at), facts.instrument.exchange, facts.instrument.market,
                  facts.instrument.symbol, facts.status, time_text(facts.listed),
                  time_text(facts.delisted), facts.base, facts.quote, facts.settle,
                  facts.contract_type, facts.multiplier, facts.contract_size, facts.price_tick,
                  facts.quantity_step});
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

Result<void> check_header(std::string_view line, std::size_t file_size) {
  const std::vector<std::string_view> fields = checked_fields(line);
  if (fields.empty() && line.substr(0, kMagic.size()) != kMagic) {
    return fail(Code::kFormat, std::string(kFileName) + ": not a ledger of instruments");
  }
  if (fields.size() != 2 || fields[0] != kMagic) {
    return fail(Code::kCorrupt, std::string(kFileName) + ": the first of its " +
                                    std::to_string(file_size) +
                                    " bytes are damaged; remove it, and the next run records the "
                                    "instruments anew");
  }
  if (fields[1] != std::to_string(kVersion)) {
    return fail(Code::kFormat, std::string(kFileName) + ": written in version " +
                                   printable(fields[1]) + ", this program reads version " +
                                   std::to_string(kVersion));
  }
  return {};
}

}  // namespace

Result<InstrumentLedger> InstrumentLedger::open(FileSystem& files) {
  InstrumentLedger ledger(files);
  const Result<Bytes> bytes = read_file(files, std::string(kFileName), kFileBytesMax);
  if (!bytes) {
    if (bytes.error().code() == Code::kNotFound) return ledger;
    return fail(bytes.error());
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  const Result<void> read = ledger.read(text);
  if (!read) return fail(read.error());
  return ledger;
}

bool InstrumentLedger::first_line_is_damaged(FileSystem& files) {
  const Result<Bytes> bytes = read_file(files, std::string(kFileName), kFileBytesMax);
  if (!bytes) return false;
  const std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  const std::size_t end = text.find('\n');
  return end == std::string_view::npos || checked_fields(text.substr(0, end)).empty();
}

Result<void> InstrumentLedger::drop_damaged_lines(FileSystem& files) {
  const Result<Bytes> bytes = read_file(files, std::string(kFileName), kFileBytesMax);
  if (!bytes) return fail(bytes.error());
  const std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  InstrumentLedger ledger(files);
  std::string lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (end < text.size() && ledger.read_line(line)) lines.append(line).append("\n");
    at = end + 1;
  }
  return ledger.rewrite(lines);
}

Result<void> InstrumentLedger::read(std::string_view text) {
  const std::size_t header_end = text.find('\n');
  const Result<void> header = check_header(text.substr(0, header_end), text.size());
  if (!header) return header;
  // A file that ends in its first line was never renamed into its place by us.
  if (header_end == std::string_view::npos) {
    return fail(Code::kCorrupt, std::string(kFileName) + ": cut in its first line");
  }
  std::size_t good_end = header_end + 1;
  std::uint64_t bad_lines = 0;
  for (std::size_t at = good_end; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) break;  // a live or a killed writer's
    if (read_line(text.substr(at, end - at))) {
      good_end = end + 1;
      damaged_lines_ += std::exchange(bad_lines, 0);
    } else {
      ++bad_lines;
    }
    at = end + 1;
  }
  text_ = text.substr(0, good_end);
  return {};
}

bool InstrumentLedger::read_line(std::string_view line) {
  const std::vector<std::string_view> fields = checked_fields(line);
  std::optional<TimeMs> seen_at;
  if (fields.size() < kListFields || !read_time(fields[1], seen_at) || !seen_at) return false;
  if (fields[0] == kList && fields.size() == kListFields) {
    if (!validate(Instrument{std::string(fields[2]), std::string(fields[3]), "ALL"})) return false;
    TimeMs& last = refreshed_[{std::string(fields[2]), std::string(fields[3])}];
    last = std::max(last, *seen_at);
    return true;
  }
  if (fields[0] != kFact || fields.size() != kFactFields) return false;
  InstrumentFacts facts;
  facts.instrument = {std::string(fields[2]), std::string(fields[3]), std::string(fields[4])};
  facts.status = fields[5];
  if (!read_time(fields[6], facts.listed) || !read_time(fields[7], facts.delisted)) return false;
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
  const Result<void> written = write(*lines);
  if (!written) return written;
  for (Entry& entry : entries) add(std::move(entry));
  return {};
}

Result<void> InstrumentLedger::record_list(TimeMs seen_at, std::string_view exchange,
                                           std::string_view market,
                                           std::span<const InstrumentFacts> facts) {
  for (const InstrumentFacts& each : facts) {
    BF_ASSERT(each.instrument.exchange == exchange && each.instrument.market == market);
  }
  Entries entries;
  Result<std::string> lines = lines_of(seen_at, facts, entries);
  if (!lines) return fail(lines.error());
  lines->append(
      line_of({kList, format_time(seen_at), exchange, market, std::to_string(facts.size())}));
  const Result<void> written = write(*lines);
  if (!written) return written;
  for (Entry& entry : entries) add(std::move(entry));
  TimeMs& last = refreshed_[{std::string(exchange), std::string(market)}];
  last = std::max(last, seen_at);
  return {};
}

Result<void> InstrumentLedger::write(const std::string& lines) {
  if (lines.empty() && !(rewrite_ && !text_.empty())) return {};
  if (text_.size() + lines.size() > kFileBytesMax) {
    return fail(Code::kLimit, std::string(kFileName) + " would grow beyond " +
                                  std::to_string(kFileBytesMax) + " bytes");
  }
  // After an error, or an exception, nothing is known of what stands in the file: the next write makes
  // a new one.
  const bool anew = std::exchange(rewrite_, true);
  const Result<void> written = anew ? rewrite(lines) : append(lines);
  if (!written) return written;
  text_.append(lines);
  rewrite_ = false;
  return {};
}

Result<void> InstrumentLedger::rewrite(const std::string& lines) {
  if (text_.empty()) text_ = line_of({kMagic, std::to_string(kVersion)});
  const std::string text = text_ + lines;
  const Result<void> prepared =
      prepare_file(*files_, "", kFileName, std::as_bytes(std::span(text)));
  if (!prepared) return prepared;
  return commit_file(*files_, "", kFileName);
}

Result<void> InstrumentLedger::append(const std::string& lines) {
  const auto file = files_->open(kFileName, FileSystem::Open::kReadWrite);
  if (!file) return fail(file.error());
  const Result<void> written = (*file)->pwrite(std::as_bytes(std::span(lines)), text_.size());
  if (!written) return written;
  return (*file)->sync_data();
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
                                                   std::string_view market) const {
  std::vector<InstrumentFacts> facts;
  const Instrument first{std::string(exchange), std::string(market), ""};
  for (auto at = entries_.lower_bound(first); at != entries_.end(); ++at) {
    if (at->first.exchange != exchange || at->first.market != market) break;
    facts.push_back(at->second.back().facts);
  }
  return facts;
}

std::optional<TimeMs> InstrumentLedger::refreshed_at(std::string_view exchange,
                                                     std::string_view market) const {
  const auto found = refreshed_.find({std::string(exchange), std::string(market)});
  if (found == refreshed_.end()) return std::nullopt;
  return found->second;
}

}  // namespace bf::store
