// exchangeInfo and time. The list is read member by member in the order that it comes; members that
// are unknown are passed over, since Binance keeps adding some.
#include <string>
#include <unordered_set>

#include "engine/exchange/binance.h"
#include "engine/exchange/canonical.h"
#include "engine/exchange/json_members.h"

namespace bf::exchange::binance {
namespace {

using json::for_each_member;
using json::for_each_object;
using json::is_instant;
using json::object;
using json::padded;
using json::read_integer;
using json::read_text;
using json::value;

/// What `deliveryDate` says of contracts that have none: 2100-12-25.
constexpr TimeMs kNoDelivery = 4'133'404'800'000;

/// Why a reading ended early: the innermost reason is kept.
struct Reading {
  std::string error;
  [[nodiscard]] bool failed(std::string_view what) {
    if (error.empty()) error = what;
    return false;
  }
};

/// One of the "filters" of a symbol.
bool read_filter(object members, InstrumentInfo& info) {
  std::string type;
  std::string tick;
  std::string step;
  const bool read = for_each_member(members, [&](std::string_view key, value content) {
    if (key == "filterType") return read_text(content, type);
    if (key == "tickSize") return read_text(content, tick);
    if (key == "stepSize") return read_text(content, step);
    return true;
  });
  if (!read) return false;
  if (type == "PRICE_FILTER") info.price_tick = std::move(tick);
  if (type == "LOT_SIZE") info.quantity_step = std::move(step);
  return true;
}

/// A date of a symbol; `never` and above stand for none.
bool read_date(value from, TimeMs never, TimeMs& out) {
  if (!read_integer(from, out)) return false;
  if (out == 0 || is_instant(out)) {
    if (out >= never) out = 0;
    return true;
  }
  return false;
}

bool read_symbol_member(std::string_view key, value content, InstrumentInfo& info) {
  if (key == "symbol") return read_text(content, info.symbol);
  // Contracts settled in coins spell it the second way.
  if (key == "status" || key == "contractStatus") return read_text(content, info.status);
  if (key == "baseAsset") return read_text(content, info.base_asset);
  if (key == "quoteAsset") return read_text(content, info.quote_asset);
  if (key == "marginAsset") return read_text(content, info.settle_asset);
  if (key == "contractType") return read_text(content, info.contract_type);
  if (key == "onboardDate") return read_date(content, kTimeMax, info.listed);
  if (key == "deliveryDate") return read_date(content, kNoDelivery, info.delisted);
  if (key == "filters") {
    return for_each_object(content, [&](object filter) { return read_filter(filter, info); });
  }
  return true;
}

bool read_symbol(object members, std::string_view market, InstrumentInfo& info, Reading& reading) {
  std::string last_key;
  const bool read = for_each_member(members, [&](std::string_view key, value content) {
    last_key = key;
    return read_symbol_member(key, content, info);
  });
  if (!read) return reading.failed("member \"" + printable(last_key, 64) + "\" cannot be read");
  const Result<void> valid = validate(Instrument{"binance", std::string(market), info.symbol});
  if (!valid) return reading.failed(valid.error().message());
  if (info.base_asset.empty() || info.quote_asset.empty() || info.status.empty()) {
    return reading.failed("status, base or quote asset is missing");
  }
  info.trading = info.status == "TRADING";
  return true;
}

DurationMs unit_ms(std::string_view interval) noexcept {
  if (interval == "SECOND") return kSecondMs;
  if (interval == "MINUTE") return kMinuteMs;
  if (interval == "HOUR") return kHourMs;
  if (interval == "DAY") return kDayMs;
  return 0;
}

/// {"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":2400}
bool read_rate_limit(object members, const limits::LimitRules& rules, InstrumentList& list) {
  std::string type;
  std::string interval;
  std::int64_t count = 0;
  std::int64_t capacity = 0;
  const bool read = for_each_member(members, [&](std::string_view key, value content) {
    if (key == "rateLimitType") return read_text(content, type);
    if (key == "interval") return read_text(content, interval);
    if (key == "intervalNum") return read_integer(content, count);
    if (key == "limit") return read_integer(content, capacity);
    return true;
  });
  if (!read) return false;
  const bool weight = type == "REQUEST_WEIGHT";
  if (!weight && type != "RAW_REQUESTS") return true;  // orders: not ours
  constexpr std::int64_t kCountMax = 1'000;
  if (capacity < 1 || count < 1 || count > kCountMax) return false;
  const limits::Unit unit = weight ? limits::Unit::kWeight : limits::Unit::kRequests;
  for (const limits::LimitRule& rule : rules) {
    // What counts for one endpoint is not in the list.
    if (rule.endpoint.empty() && rule.unit == unit && rule.window_ms == count * unit_ms(interval)) {
      list.capacities.emplace_back(rule.name, capacity);
    }
  }
  return true;
}

class ExchangeInfoReader {
 public:
  ExchangeInfoReader(std::string_view market, const limits::LimitRules& rules)
      : market_(market), rules_(rules) {}

  bool read_member(std::string_view key, value content) {
    if (key == "serverTime") {
      if (read_integer(content, list.server_time) && is_instant(list.server_time)) return true;
      return reading.failed("serverTime cannot be read");
    }
    if (key == "rateLimits") {
      const bool read = for_each_object(
          content, [&](object limit) { return read_rate_limit(limit, rules_, list); });
      return read || reading.failed("rateLimits cannot be read");
    }
    if (key == "symbols") {
      has_symbols = true;
      const bool read = for_each_object(content, [&](object symbol) { return add_symbol(symbol); });
      return read || reading.failed("symbols is not a list of objects");
    }
    return true;
  }

  InstrumentList list;
  Reading reading;
  bool has_symbols = false;

 private:
  bool add_symbol(object members) {
    InstrumentInfo info;
    const std::size_t number = list.instruments.size() + 1;
    if (!read_symbol(members, market_, info, reading)) {
      const std::string name = info.symbol.empty() ? "" : " (" + printable(info.symbol, 64) + ")";
      reading.error = "symbol " + std::to_string(number) + name + ": " + reading.error;
      return false;
    }
    if (!names_.insert(info.symbol).second) {
      return reading.failed("symbol " + printable(info.symbol, 64) + " is listed twice");
    }
    list.instruments.push_back(std::move(info));
    return true;
  }

  std::string_view market_;
  const limits::LimitRules& rules_;
  std::unordered_set<std::string> names_;
};

tl::unexpected<Error> list_error(std::string_view what, std::string_view body) {
  return fail(Code::kProtocol, "exchangeInfo: " + std::string(what) +
                                   "; the answer begins with \"" + printable(body, 80) + "\"");
}

}  // namespace

Result<InstrumentList> parse_exchange_info(std::string_view market, const limits::LimitRules& rules,
                                           std::string_view padded_body) {
  thread_local simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  object members;
  simdjson::error_code error = parser.iterate(padded(padded_body)).get(document);
  if (error == simdjson::SUCCESS) error = document.get_object().get(members);
  if (error != simdjson::SUCCESS) return list_error(simdjson::error_message(error), padded_body);

  ExchangeInfoReader reader(market, rules);
  const bool read = for_each_member(members, [&](std::string_view key, value content) {
    return reader.read_member(key, content);
  });
  if (!read) {
    return list_error(reader.reading.error.empty() ? "broken JSON" : reader.reading.error,
                      padded_body);
  }
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
    return list_error("more bytes behind the object", padded_body);
  }
  if (!reader.has_symbols) return list_error("no symbols in it", padded_body);
  set_multipliers(reader.list.instruments);
  return std::move(reader.list);
}

Result<TimeMs> parse_time_answer(std::string_view padded_body) {
  thread_local simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  std::int64_t time = 0;
  simdjson::error_code error = parser.iterate(padded(padded_body)).get(document);
  if (error == simdjson::SUCCESS) error = document["serverTime"].get(time);
  if (error != simdjson::SUCCESS || !is_instant(time)) {
    return fail(Code::kProtocol, "not a server time: \"" + printable(padded_body) + "\"");
  }
  return time;
}

}  // namespace bf::exchange::binance
