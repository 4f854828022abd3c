// tests/fuzz/yahoo_fuzz.cpp
//
// Goal: the fast reader of Yahoo's charts and a plain one agree on every document: both refuse it, or
// both read the same values. Method: what is no JSON at all may only be refused or read without harm;
// errors are read for what the sanitizers see.
#include "engine/exchange/yahoo.h"

#include "store/base/assert.h"
#include "store/base/decimal.h"
#include "tests/fuzz/plain_json.h"

namespace bf::fuzz {
namespace {

constexpr std::pair<std::string_view, Column> kPrices[] = {{"open", Column::kOpen},
                                                           {"high", Column::kHigh},
                                                           {"low", Column::kLow},
                                                           {"close", Column::kClose},
                                                           {"volume", Column::kVolume}};
using Kind = PlainValue::Kind;
using Table = std::vector<std::vector<std::string>>;

bool is_scalar_array(const PlainValue& value) {
  if (value.kind != Kind::kArray) return false;
  for (const PlainValue& element : value.elements) {
    if (element.kind == Kind::kArray || element.kind == Kind::kObject) return false;
  }
  return true;
}

/// The only element of an array of one object.
const PlainValue* only_object(const PlainValue* list) {
  if (list == nullptr || list->kind != Kind::kArray || list->elements.size() != 1) return nullptr;
  const PlainValue& one = list->elements.front();
  return one.kind == Kind::kObject ? &one : nullptr;
}

std::optional<std::string> cell(const PlainValue& value) {
  if (value.kind != Kind::kNumber && value.kind != Kind::kText) return std::nullopt;
  if (value.text.size() > 512) return std::nullopt;
  const Result<std::string> plain = canonical_decimal(value.text);
  return plain ? std::optional(*plain) : std::nullopt;
}

std::optional<std::int64_t> seconds_of(const PlainValue& value) {
  if (value.kind != Kind::kNumber && value.kind != Kind::kText) return std::nullopt;
  if (value.text.empty() || value.text.size() > 18) return std::nullopt;
  std::int64_t seconds = 0;
  for (const char c : value.text) {
    if (c < '0' || c > '9') return std::nullopt;
    seconds = seconds * 10 + (c - '0');
  }
  return seconds < kTimeMax / 1'000 ? std::optional(seconds) : std::nullopt;
}

std::optional<Table> rows_of(const PlainValue& times, const PlainValue& quote) {
  Table table;
  for (std::size_t row = 0; row < times.elements.size(); ++row) {
    const std::optional<std::int64_t> seconds = seconds_of(times.elements[row]);
    if (!seconds) return std::nullopt;
    bool null_price = false;
    for (const auto& [name, column] : kPrices) {
      const bool null = quote.member(name)->elements[row].kind == Kind::kNull;
      null_price |= null && column != Column::kVolume;
    }
    if (*seconds % 60 != 0 || null_price) continue;
    if (*seconds * 1'000 < kTimeMin) return std::nullopt;
    std::vector<std::string> cells = {std::to_string(*seconds * 1'000)};
    for (const auto& [name, column] : kPrices) {
      const PlainValue& value = quote.member(name)->elements[row];
      const bool none = column == Column::kVolume && value.kind == Kind::kNull;
      std::optional<std::string> text = none ? std::optional<std::string>("0") : cell(value);
      if (!text) return std::nullopt;
      cells.push_back(*std::move(text));
    }
    table.push_back(std::move(cells));
  }
  return table;
}

/// nullopt where it is no chart; `unusual` where a member comes twice that nobody sends twice: the two
/// readers need not agree on it.
std::optional<Table> read_slowly(const PlainValue& document, bool& unusual) {
  if (document.kind != Kind::kObject || document.count("chart") != 1) return std::nullopt;
  const PlainValue& chart = *document.member("chart");
  if (chart.kind != Kind::kObject || chart.count("result") != 1) return std::nullopt;
  const PlainValue* const result = only_object(chart.member("result"));
  if (result == nullptr) return std::nullopt;
  const PlainValue* const meta = result->member("meta");
  const PlainValue* const indicators = result->member("indicators");
  const PlainValue* const times = result->member("timestamp");
  unusual = result->count("meta") > 1 || result->count("indicators") > 1;
  if (meta != nullptr) {
    if (meta->kind != Kind::kObject) return std::nullopt;
    unusual |= meta->count("dataGranularity") > 1;
    const PlainValue* const granularity = meta->member("dataGranularity");
    if (granularity != nullptr && granularity->kind != Kind::kText) return std::nullopt;
    if (granularity != nullptr && !granularity->text.empty() && granularity->text != "1m") {
      return std::nullopt;
    }
  }
  if (result->count("timestamp") > 1) return std::nullopt;
  if (times != nullptr && !is_scalar_array(*times)) return std::nullopt;
  PlainValue nothing;
  const PlainValue* quote = &nothing;
  if (indicators != nullptr) {
    if (indicators->kind != Kind::kObject) return std::nullopt;
    unusual |= indicators->count("quote") > 1;
    if (indicators->member("quote") != nullptr) {
      quote = only_object(indicators->member("quote"));
      if (quote == nullptr) return std::nullopt;
    }
  }
  std::size_t values = 0;
  for (const auto& [name, column] : kPrices) {
    if (quote->count(name) > 1) return std::nullopt;
    const PlainValue* const array = quote->member(name);
    if (array == nullptr) continue;
    if (!is_scalar_array(*array)) return std::nullopt;
    values += array->elements.size();
  }
  if (times == nullptr) return values == 0 ? std::optional(Table()) : std::nullopt;
  for (const auto& [name, column] : kPrices) {
    const PlainValue* const array = quote->member(name);
    if (array == nullptr || array->elements.size() != times->elements.size()) return std::nullopt;
  }
  return rows_of(*times, *quote);
}

void compare(std::string_view text) {
  const PaddedInput input(text);
  CandleBatch rows;
  const bool read =
      exchange::yahoo::parse_chart(Interval::k1m, kOhlcvColumns, input.view(), rows).has_value();
  const std::optional<PlainValue> document = read_plain(text);
  // Escapes: the fast reader refuses numbers that are written with them, which nobody does.
  if (!document || text.find('\\') != std::string_view::npos) return;
  bool unusual = false;
  const std::optional<Table> table = read_slowly(*document, unusual);
  if (unusual) return;
  BF_ASSERT(read == table.has_value());
  if (!read) return;
  BF_ASSERT(rows.row_count() == table->size());
  for (std::size_t row = 0; row < table->size(); ++row) {
    BF_ASSERT(rows.text_at(Column::kOpenTime, row) == (*table)[row][0]);
    for (std::size_t i = 0; i < std::size(kPrices); ++i) {
      BF_ASSERT(rows.text_at(kPrices[i].second, row) == (*table)[row][i + 1]);
    }
  }
}

}  // namespace
}  // namespace bf::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bf;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fuzz::compare(text);
  const fuzz::PaddedInput input(text);
  for (const int status : {200, 404, 429}) {
    static_cast<void>(exchange::yahoo::failure_of({status, input.view(), {}}, 1'700'000'000'000));
  }
  return 0;
}
