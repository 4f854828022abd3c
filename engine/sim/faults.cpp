#include "engine/sim/faults.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

#include "engine/sim/archive_faults.h"
#include "engine/sim/encoding_faults.h"
#include "engine/sim/framing_faults.h"
#include "engine/sim/json_faults.h"
#include "engine/sim/mixer.h"
#include "engine/sim/row_faults.h"
#include "engine/sim/truth.h"
#include "store/base/assert.h"

namespace bf::sim {
namespace {

/// How a fault is written: a word alone, or word=number, or word=text.
enum class Value : std::uint8_t { kNone, kNumber, kText };
struct FaultSyntax {
  std::string_view name;
  FaultKind kind;
  Value value;
};
constexpr FaultSyntax kFaults[] = {
    {"status", FaultKind::kStatus, Value::kNumber},
    {"html", FaultKind::kHtml, Value::kNone},
    {"empty", FaultKind::kEmpty, Value::kNone},
    {"truncate", FaultKind::kTruncate, Value::kNumber},
    {"header", FaultKind::kHeader, Value::kText},
    {"body", FaultKind::kBody, Value::kText},
    {"cut", FaultKind::kCut, Value::kNumber},
    {"reset", FaultKind::kReset, Value::kNumber},
    {"stall", FaultKind::kStall, Value::kNumber},
    {"delay_ms", FaultKind::kDelay, Value::kNumber},
    {"drip", FaultKind::kDrip, Value::kNumber},
    {"close", FaultKind::kClose, Value::kNone},
    {"gzip", FaultKind::kGzip, Value::kNone},
    {"plain", FaultKind::kPlain, Value::kNone},
    {"framing", FaultKind::kFraming, Value::kText},
    {"encoding", FaultKind::kEncoding, Value::kText},
    {"json", FaultKind::kJson, Value::kText},
    {"rows", FaultKind::kRows, Value::kText},
    {"zip", FaultKind::kZip, Value::kText},
    {"missing", FaultKind::kMissing, Value::kNumber},
    {"duplicate", FaultKind::kDuplicate, Value::kNone},
    {"unordered", FaultKind::kUnordered, Value::kNone},
    {"off_grid", FaultKind::kOffGrid, Value::kNone},
    {"high_low", FaultKind::kHighBelowLow, Value::kNone},
    {"negative", FaultKind::kNegativeVolume, Value::kNone},
    {"early", FaultKind::kEarly, Value::kNone},
    {"symbol_of", FaultKind::kSymbolOf, Value::kText},
    {"interval_of", FaultKind::kIntervalOf, Value::kText},
    {"earlier", FaultKind::kEarlier, Value::kNumber},
    {"unit", FaultKind::kUnit, Value::kText},
    {"used_weight", FaultKind::kUsedWeight, Value::kText},
    {"checksum", FaultKind::kChecksum, Value::kNone},
    {"truncate_zip", FaultKind::kTruncateZip, Value::kNumber},
    {"not_found", FaultKind::kNotFound, Value::kNone},
};

constexpr bool in_order_of_kinds() noexcept {
  std::size_t index = 0;
  for (const FaultSyntax& fault : kFaults) {
    if (static_cast<std::size_t>(fault.kind) != index++) return false;
  }
  return index == static_cast<std::size_t>(FaultKind::kNotFound) + 1;
}
static_assert(in_order_of_kinds(), "fault_name() looks a kind up by its number");

template <class Integer>
bool read_number(std::string_view text, Integer& out) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

bool read_probability(std::string_view text, std::uint32_t& per_million) noexcept {
  double share = 0;
  if (!read_number(text, share) || !(share >= 0 && share <= 1)) return false;
  per_million = static_cast<std::uint32_t>(std::lround(share * 1e6));
  return true;
}

bool read_market(std::string_view text, std::optional<Market>& out) noexcept {
  out = parse_market(text);
  return out.has_value();
}

template <class Time>
bool read_instant(std::string_view text, Time& out) {
  const Result<TimeMs> time = parse_time(text);
  if (time) out = *time;
  return time.has_value();
}

/// Text in which '+' stands for a blank: words are split at blanks.
std::string with_blanks(std::string_view text) {
  std::string out(text);
  std::replace(out.begin(), out.end(), '+', ' ');
  return out;
}

/// Whether `rule.text` is one of the names that a fault of its kind has.
bool is_known_name(const FaultRule& rule) {
  std::span<const std::string_view> names;
  switch (rule.kind) {
    case FaultKind::kFraming:
      names = framing_faults();
      break;
    case FaultKind::kEncoding:
      names = encoding_faults();
      break;
    case FaultKind::kJson:
      names = json_faults();
      break;
    case FaultKind::kRows:
      names = row_faults();
      break;
    case FaultKind::kZip:
      names = zip_faults();
      break;
    case FaultKind::kUnit:
      return rule.text == "us" || rule.text == "s";
    case FaultKind::kIntervalOf: {
      Interval interval{};
      return parse_archive_interval(rule.text, interval);
    }
    case FaultKind::kHeader:
      return rule.text.find(':') != std::string::npos;
    default:
      return !rule.text.empty();
  }
  return std::find(names.begin(), names.end(), rule.text) != names.end();
}

/// A word that says which requests are meant. Sets `known` when the word is one of these.
bool read_condition(std::string_view name, std::string_view value, FaultRule& rule, bool& known) {
  known = true;
  if (name == "symbol") {
    rule.symbol = value;
    return !value.empty();
  }
  if (name == "retry_after") {
    rule.retry_after = with_blanks(value);
    return !value.empty();
  }
  if (name == "market") return read_market(value, rule.market);
  if (name == "connection") return read_number(value, rule.connection) && rule.connection > 0;
  if (name == "covers") return read_instant(value, rule.covers);
  if (name == "nth") return read_number(value, rule.nth) && rule.nth > 0;
  if (name == "every") return read_number(value, rule.every) && rule.every > 0;
  if (name == "times") return read_number(value, rule.times_max) && rule.times_max > 0;
  if (name == "probability") return read_probability(value, rule.per_million);
  if (name == "from") return read_instant(value, rule.when.from);
  if (name == "to") return read_instant(value, rule.when.to);
  known = false;
  return false;
}

/// A word that says what happens.
bool read_fault(const FaultSyntax& syntax, std::string_view value, FaultRule& rule) {
  rule.kind = syntax.kind;
  switch (syntax.value) {
    case Value::kNone:
      return value.empty();
    case Value::kNumber:
      if (!read_number(value, rule.value) || rule.value < 0) return false;
      if (rule.kind == FaultKind::kDrip) return rule.value > 0;
      return rule.kind != FaultKind::kStatus || (rule.value >= 200 && rule.value <= 599);
    case Value::kText:
      break;
  }
  if (rule.kind == FaultKind::kUsedWeight) {
    if (value != "none") return read_number(value, rule.value) && rule.value >= 0;
    rule.value = -1;
    return true;
  }
  const bool free = rule.kind == FaultKind::kHeader || rule.kind == FaultKind::kBody;
  rule.text = free ? with_blanks(value) : std::string(value);
  return is_known_name(rule);
}

std::string_view next_word(std::string_view& text) noexcept {
  constexpr std::string_view kBlanks = " \t\r";
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
  text.remove_prefix(word.size());
  return word;
}

tl::unexpected<Error> wrong(std::string_view word, std::string_view why) {
  return fail(Code::kUsage, "fault: \"" + std::string(word) + "\" " + std::string(why));
}

}  // namespace

std::string_view fault_name(FaultKind kind) noexcept {
  return kFaults[static_cast<std::size_t>(kind)].name;
}

Result<FaultRule> parse_fault(std::string_view line) {
  FaultRule rule;
  const std::string_view first = next_word(line);
  Endpoint endpoint = Endpoint::kUnknown;
  if (first != "any") {
    if (!parse_endpoint(first, endpoint)) {
      return wrong(first,
                   "is not an endpoint: klines, exchangeInfo, time, ping, archive, checksum, "
                   "listing or any");
    }
    rule.endpoint = endpoint;
  }
  bool has_fault = false;
  for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
    const std::string_view name = word.substr(0, word.find('='));
    const std::string_view value = name.size() == word.size() ? "" : word.substr(name.size() + 1);
    bool is_condition = false;
    if (read_condition(name, value, rule, is_condition)) continue;
    if (is_condition) return wrong(word, "has no such value");
    const auto* const syntax = std::find_if(std::begin(kFaults), std::end(kFaults),
                                            [name](const auto& f) { return f.name == name; });
    if (syntax == std::end(kFaults)) return wrong(word, "is neither a condition nor a fault");
    if (has_fault) return wrong(word, "is a second fault; write a rule for each");
    if (!read_fault(*syntax, value, rule)) return wrong(word, "has no such value");
    has_fault = true;
  }
  if (!has_fault) return wrong(first, "names no fault, such as status=503 or cut=1000");
  if (!rule.retry_after.empty() && rule.kind != FaultKind::kStatus) {
    return wrong("retry_after", "goes with status alone");
  }
  return rule;
}

void FaultPlan::add(FaultRule rule) {
  Entry entry;
  entry.rule = std::move(rule);
  rules_.push_back(std::move(entry));
}

Result<void> FaultPlan::add_lines(std::string_view text) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    line = line.substr(0, line.find('#'));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    Result<FaultRule> rule = parse_fault(line);
    if (!rule) return fail(rule.error().at("line " + std::to_string(number)));
    add(std::move(*rule));
  }
  return {};
}

FaultPlan FaultPlan::swarm(std::uint64_t seed, Swarm swarm) {
  // {rule, the highest rate in a million}: a run meets each kind about as often as it can bear.
  struct Draw {
    std::string_view rule;
    std::uint32_t per_million_max;
    Swarm from;
  };
  constexpr Draw kDraws[] = {
      {"any status=500", 50'000, Swarm::kTransport},
      {"any status=502", 50'000, Swarm::kTransport},
      {"any status=503", 50'000, Swarm::kTransport},
      {"klines status=429 retry_after=3", 2'000, Swarm::kTransport},
      {"any cut=0", 30'000, Swarm::kTransport},
      {"any cut=100", 30'000, Swarm::kTransport},
      {"klines cut=5000", 30'000, Swarm::kTransport},
      {"klines stall=2000", 5'000, Swarm::kTransport},
      {"any delay_ms=3000", 50'000, Swarm::kTransport},
      {"klines truncate=3000", 30'000, Swarm::kTransport},
      {"klines html", 30'000, Swarm::kTransport},
      {"any close", 300'000, Swarm::kTransport},
      {"any gzip", 500'000, Swarm::kTransport},
      {"klines used_weight=none", 300'000, Swarm::kTransport},
      {"klines duplicate", 50'000, Swarm::kData},
      {"klines unordered", 50'000, Swarm::kData},
      {"klines missing=2", 20'000, Swarm::kData},
      {"klines off_grid", 10'000, Swarm::kData},
      {"klines high_low", 10'000, Swarm::kData},
      {"klines negative", 10'000, Swarm::kData},
      {"klines unit=us", 5'000, Swarm::kData},
      {"funding status=429 retry_after=3", 2'000, Swarm::kTransport},
      {"funding cut=200", 30'000, Swarm::kTransport},
      {"funding truncate=300", 30'000, Swarm::kTransport},
      {"funding html", 30'000, Swarm::kTransport},
      {"funding duplicate", 50'000, Swarm::kData},
      {"funding unordered", 50'000, Swarm::kData},
  };
  FaultPlan plan(seed);
  std::uint64_t position = 0;
  for (const Draw& draw : kDraws) {
    const std::uint64_t bits = mix(seed ^ 0x5eedU, ++position);
    if (draw.from == Swarm::kData && swarm != Swarm::kData) continue;
    if ((bits & 1U) == 0) continue;
    Result<FaultRule> rule = parse_fault(draw.rule);
    BF_ASSERT(rule.has_value());
    rule->per_million = static_cast<std::uint32_t>((bits >> 1U) % draw.per_million_max) + 1;
    plan.add(std::move(*rule));
  }
  return plan;
}

std::vector<const FaultRule*> FaultPlan::pick(const FaultSubject& subject) {
  std::vector<const FaultRule*> picked;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (hits(rules_[i], i, subject)) picked.push_back(&rules_[i].rule);
  }
  return picked;
}

bool FaultPlan::hits(Entry& entry, std::size_t index, const FaultSubject& subject) const {
  const FaultRule& rule = entry.rule;
  if (rule.endpoint && *rule.endpoint != subject.endpoint) return false;
  if (rule.market && *rule.market != subject.market) return false;
  if (!rule.symbol.empty() && rule.symbol != subject.symbol) return false;
  if (rule.connection != 0 && rule.connection != subject.connection) return false;
  if (rule.covers && !subject.asked.contains(*rule.covers)) return false;
  if (!rule.when.contains(subject.now)) return false;
  ++entry.matched;
  if (rule.nth != 0 && rule.nth != entry.matched) return false;
  if (rule.every != 0 && entry.matched % rule.every != 0) return false;
  if (rule.times_max != 0 && entry.hits == rule.times_max) return false;
  const std::uint64_t draw = mix(seed_ + index * 0x2545f4914f6cdd1dU, subject.number);
  if (draw % 1'000'000 >= rule.per_million) return false;
  ++entry.hits;
  return true;
}

}  // namespace bf::sim
