// tests/fuzz/okx_fuzz.cpp
//
// Goal: no answer of OKX or BloFin, however hostile, does worse than an error, and none is read as
// anything but what it says. Method: every parser reads it; candles are held against a slow plain reader.
// Where that one takes an answer, the parser does too, with the same values; where it refuses one that is
// JSON, the parser does. (The parser passes over members that it does not know without looking inside, so
// that it may take what is not JSON there.)
#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/exchange/cursor_candles.h"
#include "engine/exchange/market_api.h"
#include "store/base/assert.h"

namespace bf::exchange::fuzz {
namespace {

using Json = nlohmann::json;
/// Open time, open, high, low, close, volume, quote volume.
using SlowRow = std::vector<std::string>;

std::size_t count_of(std::string_view text, std::string_view what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos;
       at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

/// Whether the slow reader would see the same document: it keeps neither the spelling of fractions and
/// escapes nor the first of two members, and goes deeper.
bool comparable(std::string_view text) {
  const auto deep =
      std::count_if(text.begin(), text.end(), [](char c) { return c == '[' || c == '{'; });
  return deep < 1'000 && text.find('\\') == std::string_view::npos &&
         count_of(text, "\"code\"") <= 1 && count_of(text, "\"data\"") <= 1;
}

bool has_fraction(const Json& value) {
  if (value.is_number_float()) return true;
  return value.is_structured() && std::any_of(value.begin(), value.end(), has_fraction);
}

/// A scalar's text; nullopt for what is none.
std::optional<std::string> text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  return std::nullopt;
}

std::optional<std::int64_t> whole_of(const Json& value) {
  constexpr std::size_t kDigitsMax = 18;
  const std::optional<std::string> text = text_of(value);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!text || text->empty() || text->size() > kDigitsMax ||
      !std::all_of(text->begin(), text->end(), is_digit)) {
    return std::nullopt;
  }
  return std::stoll(*text);
}

std::optional<std::string> decimal_of(const Json& value) {
  constexpr std::size_t kBytesMax = 512;
  const std::optional<std::string> text = text_of(value);
  if (!text || text->size() > kBytesMax) return std::nullopt;
  Decimal decimal;
  switch (parse_decimal(*text, decimal)) {
    case DecimalStatus::kExact:
      return format_decimal(decimal);
    case DecimalStatus::kWide: {
      const Result<std::string> wide = canonical_decimal(*text);
      return wide ? std::optional<std::string>(*wide) : std::nullopt;
    }
    case DecimalStatus::kInvalid:
      break;
  }
  return std::nullopt;
}

struct SlowPage {
  std::vector<SlowRow> rows;
  std::vector<bool> closed;
};

bool read_row(const Json& row, const cursor::RowLayout& layout, SlowPage& page) {
  if (!row.is_array() || row.size() != static_cast<std::size_t>(layout.fields)) return false;
  const std::optional<std::int64_t> time = whole_of(row.front());
  const std::optional<std::int64_t> confirm = whole_of(row.back());
  if (!time || *time < kTimeMin || *time >= kTimeMax) return false;
  if (!confirm || *confirm > 1) return false;
  SlowRow values = {std::to_string(*time)};
  std::vector<int> fields = {1, 2, 3, 4};
  if (layout.volume >= 0) fields.insert(fields.end(), {layout.volume, layout.quote_volume});
  for (const int field : fields) {
    std::optional<std::string> value = decimal_of(row[static_cast<std::size_t>(field)]);
    if (!value) return false;
    values.push_back(*std::move(value));
  }
  page.rows.push_back(std::move(values));
  page.closed.push_back(*confirm == 1);
  return true;
}

/// nullopt where the page is not good.
std::optional<std::vector<SlowRow>> read_page(const Json& body, const cursor::RowLayout& layout) {
  if (!body.is_object() || !body.contains("code") || !body.contains("data")) return std::nullopt;
  if (whole_of(body["code"]) != 0 || !body["data"].is_array()) return std::nullopt;
  SlowPage page;
  for (const Json& row : body["data"]) {
    if (!read_row(row, layout, page)) return std::nullopt;
  }
  std::int64_t newest = 0;
  for (std::size_t i = 0; i < page.rows.size(); ++i) {
    if (page.closed[i]) newest = std::max<std::int64_t>(newest, std::stoll(page.rows[i][0]));
  }
  std::vector<SlowRow> kept;
  for (std::size_t i = 0; i < page.rows.size(); ++i) {
    if (page.closed[i] || std::stoll(page.rows[i][0]) <= newest) kept.push_back(page.rows[i]);
  }
  if (page.rows.size() - kept.size() > cursor::kFormingRowsMax) return std::nullopt;
  return kept;
}

void compare(const CandleBatch& rows, const std::vector<SlowRow>& slow) {
  BF_ASSERT(rows.row_count() == slow.size());
  constexpr Column kColumns[] = {Column::kOpen,  Column::kHigh,   Column::kLow,
                                 Column::kClose, Column::kVolume, Column::kQuoteVolume};
  for (std::size_t i = 0; i < slow.size(); ++i) {
    BF_ASSERT(std::to_string(rows.open_time()[i]) == slow[i][0]);
    for (std::size_t field = 1; field < slow[i].size(); ++field) {
      BF_ASSERT(rows.text_at(kColumns[field - 1], i) == slow[i][field]);
    }
  }
}

struct Source {
  std::string_view exchange;
  std::string_view market;
  Kind kind;
  cursor::RowLayout layout;
};
constexpr Source kSources[] = {
    {"okx", "swap", Kind::kCandles, cursor::kContractRow},
    {"okx", "spot", Kind::kCandles, cursor::kSpotRow},
    {"okx", "futures", Kind::kMark, cursor::kPriceRow},
    {"blofin", "swap", Kind::kCandles, cursor::kContractRow},
};

void run(const Source& source, std::string_view padded, const Json& body, bool held_against) {
  const MarketApi& api = **find_market(source.exchange, source.market);
  const Series series = {{std::string(source.exchange), std::string(source.market), "A-B"},
                         source.kind,
                         Interval::k1m};
  CandleBatch rows;
  const Result<void> parsed = api.parse_candles(series, padded, rows);
  BF_ASSERT(parsed || (rows.empty() && parsed.error().code() == Code::kProtocol));
  if (held_against) {
    const std::optional<std::vector<SlowRow>> slow = read_page(body, source.layout);
    BF_ASSERT(slow.has_value() == parsed.has_value());
    if (slow) compare(rows, *slow);
  }
  const Result<InstrumentList> list = api.parse_instruments("", padded);
  if (list && held_against) BF_ASSERT(list->instruments.size() <= body["data"].size());
  static_cast<void>(api.parse_server_time(padded));
  for (const int status : {200, 400, 429, 500}) {
    const std::optional<ApiFailure> failure =
        api.failure(ApiResponse{status, padded, {}}, 1'700'000'000'000);
    BF_ASSERT(status == 200 || failure);
    // What the client takes for good is an envelope that says so.
    if (parsed && status == 200) BF_ASSERT(!failure);
  }
}

}  // namespace
}  // namespace bf::exchange::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bf::exchange;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string bytes(text);
  bytes.append(64, '9');
  const std::string_view padded(bytes.data(), size);
  fuzz::Json body;
  bool held_against = fuzz::comparable(text);
  if (held_against) {
    body = fuzz::Json::parse(text, nullptr, /*allow_exceptions=*/false);
    held_against = !body.is_discarded() && !fuzz::has_fraction(body);
  }
  for (const fuzz::Source& source : fuzz::kSources) fuzz::run(source, padded, body, held_against);
  return 0;
}
