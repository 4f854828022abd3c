// /public/instruments: {"code":"0","msg":"","data":[{"instId":"BTC-USDT-SWAP","instType":"SWAP",...}]}.
// Every value is a string; those that an instrument does not have are empty. Only spot fills baseCcy and
// quoteCcy; contracts have them in uly or instFamily ("BTC-USDT").
#include <string>
#include <unordered_set>

#include "engine/exchange/code_envelope.h"
#include "engine/exchange/json_members.h"
#include "engine/exchange/okx.h"
#include "store/base/decimal.h"

namespace bf::exchange::okx {
namespace {

/// What spot pairs say that were listed before the present system was: no date of theirs.
constexpr TimeMs kBeforeTheSystem = 1'548'133'413'000;

struct Row {
  InstrumentInfo info;
  std::string type;    ///< instType
  std::string family;  ///< instFamily
  std::string underlying;
  std::string contract_value;
  std::string contract_multiplier;
  std::string rule;  ///< ruleType
};

/// A date in ms; "" and "0" stand for none.
bool read_date(json::value from, TimeMs& out) {
  return json::read_digits(from, out) && (out == 0 || json::is_instant(out));
}

bool read_member(std::string_view key, json::value content, Row& row) {
  if (key == "instId") return json::read_text(content, row.info.symbol);
  if (key == "instType") return json::read_text(content, row.type);
  if (key == "instFamily") return json::read_text(content, row.family);
  if (key == "uly") return json::read_text(content, row.underlying);
  if (key == "baseCcy") return json::read_text(content, row.info.base_asset);
  if (key == "quoteCcy") return json::read_text(content, row.info.quote_asset);
  if (key == "settleCcy") return json::read_text(content, row.info.settle_asset);
  if (key == "ctVal") return json::read_text(content, row.contract_value);
  if (key == "ctMult") return json::read_text(content, row.contract_multiplier);
  if (key == "tickSz") return json::read_text(content, row.info.price_tick);
  if (key == "lotSz") return json::read_text(content, row.info.quantity_step);
  if (key == "state") return json::read_text(content, row.info.status);
  if (key == "ruleType") return json::read_text(content, row.rule);
  if (key == "listTime") return read_date(content, row.info.listed);
  if (key == "expTime") return read_date(content, row.info.delisted);
  return true;
}

/// Base and quote of a contract: the underlying at its dash.
void split_underlying(Row& row) {
  const std::string& pair = row.underlying.empty() ? row.family : row.underlying;
  const std::size_t dash = pair.find('-');
  if (dash == std::string::npos) return;
  row.info.base_asset = pair.substr(0, dash);
  row.info.quote_asset = pair.substr(dash + 1, pair.find('_', dash) - dash - 1);
}

/// Contract value times multiplier, which is 1 nearly always; "" where that is no decimal.
std::string contract_size(const Row& row) {
  if (row.contract_multiplier.empty() || row.contract_multiplier == "1") return row.contract_value;
  Decimal value;
  Decimal times;
  if (parse_decimal(row.contract_value, value) != DecimalStatus::kExact ||
      parse_decimal(row.contract_multiplier, times) != DecimalStatus::kExact) {
    return {};
  }
  std::int64_t mantissa = 0;
  if (__builtin_mul_overflow(value.mantissa, times.mantissa, &mantissa)) return {};
  return format_decimal(Decimal{mantissa, value.scale + times.scale});
}

/// As this project names the types: what is no spot pair either has an expiry or goes on.
std::string_view contract_type(Okx::Market market, const Row& row) {
  if (market == Okx::Market::kSpot) return {};
  if (market == Okx::Market::kSwap) return "PERPETUAL";
  return row.rule == "xperp" ? "XPERP" : "FUTURES";
}

class ListReader {
 public:
  explicit ListReader(Okx::Market market) : market_(market) {}

  bool read(json::value data) {
    if (json::for_each_object(data, [&](json::object members) { return add(members); })) {
      return true;
    }
    return failed("its data is not a list of instruments");
  }

  InstrumentList list;
  std::string why;

 private:
  /// The innermost reason is kept.
  bool failed(std::string_view reason) {
    if (why.empty()) why = reason;
    return false;
  }
  bool failed_at(const Row& row, std::string_view reason) {
    const std::string name =
        row.info.symbol.empty() ? "" : " (" + printable(row.info.symbol, 64) + ")";
    return failed("instrument " + std::to_string(rows_) + name + ": " + std::string(reason));
  }
  bool add(json::object members);
  bool complete(Row& row);

  Okx::Market market_;
  std::size_t rows_ = 0;
  std::unordered_set<std::string> names_;
};

bool ListReader::add(json::object members) {
  ++rows_;
  Row row;
  std::string last_key;
  const bool read = json::for_each_member(members, [&](std::string_view key, json::value content) {
    last_key = key;
    return read_member(key, content, row);
  });
  if (!read) {
    return failed_at(row, "member \"" + printable(last_key, 64) + "\" cannot be read");
  }
  if (market_ != Okx::Market::kSpot) split_underlying(row);
  const bool says_nothing = row.info.symbol.empty() || row.info.base_asset.empty();
  if (says_nothing && (row.info.status == "preopen" || row.info.status == "test")) return true;
  return complete(row);
}

bool ListReader::complete(Row& row) {
  InstrumentInfo& info = row.info;
  if (!row.type.empty() && row.type != inst_type(market_)) {
    return failed_at(row, "its instType is \"" + printable(row.type, 32) + "\"");
  }
  const Result<void> valid = validate(Instrument{"okx", "swap", info.symbol});
  if (!valid) return failed_at(row, valid.error().message());
  if (info.base_asset.empty() || info.quote_asset.empty() || info.status.empty()) {
    return failed_at(row, "state, base or quote currency is missing");
  }
  info.trading = info.status == "live";
  if (info.listed == kBeforeTheSystem) info.listed = 0;
  info.contract_type = contract_type(market_, row);
  info.contract_size = contract_size(row);
  if (!names_.insert(info.symbol).second) return failed_at(row, "it is listed twice");
  list.instruments.push_back(std::move(info));
  return true;
}

}  // namespace

Result<InstrumentList> parse_instruments(Okx::Market market, std::string_view padded_body) {
  ListReader reader(market);
  const Result<void> read = envelope::read_envelope(
      padded_body, reader.why, [&reader](json::value data) { return reader.read(data); });
  if (!read) return fail(read.error().at("instruments"));
  return std::move(reader.list);
}

}  // namespace bf::exchange::okx
