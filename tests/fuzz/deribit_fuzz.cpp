// tests/fuzz/deribit_fuzz.cpp
//
// Goal: the fast reader of Deribit's candles and a plain one agree on every document: both refuse it, or
// both read the same values. Method: what is no JSON at all may only be refused or read without harm;
// lists, times and errors are read for what the sanitizers see.
#include "engine/exchange/deribit.h"

#include "store/base/assert.h"
#include "store/base/decimal.h"
#include "tests/fuzz/plain_json.h"

namespace bf::fuzz {
namespace {

constexpr std::pair<std::string_view, Column> kArrays[] = {
    {"ticks", Column::kOpenTime},  {"open", Column::kOpen},   {"high", Column::kHigh},
    {"low", Column::kLow},         {"close", Column::kClose}, {"volume", Column::kVolume},
    {"cost", Column::kQuoteVolume}};

using Kind = PlainValue::Kind;

/// The canonical text of a cell; nullopt where it is none.
std::optional<std::string> cell(const PlainValue& value, Column column) {
  if (value.kind != Kind::kNumber && value.kind != Kind::kText) return std::nullopt;
  if (column == Column::kOpenTime) {
    if (value.text.empty() || value.text.size() > 18) return std::nullopt;
    std::int64_t time = 0;
    for (const char c : value.text) {
      if (c < '0' || c > '9') return std::nullopt;
      time = time * 10 + (c - '0');
    }
    if (time < kTimeMin || time >= kTimeMax) return std::nullopt;
    return std::to_string(time);
  }
  if (value.text.size() > 512) return std::nullopt;
  const Result<std::string> plain = canonical_decimal(value.text);
  return plain ? std::optional(*plain) : std::nullopt;
}

using Table = std::vector<std::vector<std::string>>;

/// The candles of a document; nullopt where it is no answer with candles.
std::optional<Table> read_slowly(const PlainValue& document) {
  if (document.kind != Kind::kObject || document.count("result") != 1) return std::nullopt;
  const PlainValue& result = *document.member("result");
  const PlainValue* const status = result.member("status");
  if (result.kind != Kind::kObject || status == nullptr) return std::nullopt;
  if (status->kind != Kind::kText || result.count("status") != 1) return std::nullopt;
  std::size_t there = 0;
  std::size_t values = 0;
  for (const auto& [name, column] : kArrays) {
    if (result.count(name) > 1) return std::nullopt;
    const PlainValue* const array = result.member(name);
    if (array == nullptr) continue;
    if (array->kind != Kind::kArray) return std::nullopt;
    for (const PlainValue& value : array->elements) {
      if (value.kind == Kind::kArray || value.kind == Kind::kObject) return std::nullopt;
    }
    ++there;
    values += array->elements.size();
  }
  if (status->text == "no_data" && values == 0) return Table();
  if (status->text != "ok" || there != std::size(kArrays)) return std::nullopt;
  Table table(result.member("ticks")->elements.size());
  for (const auto& [name, column] : kArrays) {
    const PlainValue& array = *result.member(name);
    if (array.elements.size() != table.size()) return std::nullopt;
    for (std::size_t row = 0; row < table.size(); ++row) {
      std::optional<std::string> text = cell(array.elements[row], column);
      if (!text) return std::nullopt;
      table[row].push_back(*std::move(text));
    }
  }
  return table;
}

/// Whether a text of the document was escaped: the fast reader refuses such numbers, which nobody sends.
bool has_escape(std::string_view text) { return text.find('\\') != std::string_view::npos; }

void compare(std::string_view text) {
  ColumnSet columns = kOhlcvColumns;
  columns.insert(Column::kQuoteVolume);
  const PaddedInput input(text);
  CandleBatch rows;
  const bool read =
      exchange::deribit::parse_chart(Interval::k1m, columns, input.view(), rows).has_value();
  const std::optional<PlainValue> document = read_plain(text);
  if (!document || has_escape(text)) return;
  const std::optional<Table> table = read_slowly(*document);
  BF_ASSERT(read == table.has_value());
  if (!read) return;
  BF_ASSERT(rows.row_count() == table->size());
  for (std::size_t row = 0; row < table->size(); ++row) {
    for (std::size_t i = 0; i < std::size(kArrays); ++i) {
      BF_ASSERT(rows.text_at(kArrays[i].second, row) == (*table)[row][i]);
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
  static_cast<void>(exchange::deribit::parse_instrument_list(input.view()));
  static_cast<void>(exchange::deribit::parse_time_answer(input.view()));
  for (const int status : {200, 400, 429}) {
    static_cast<void>(exchange::deribit::failure_of({status, input.view(), {}}, 1'700'000'000'000));
  }
  return 0;
}
