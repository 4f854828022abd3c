// instruments-info. One list a status: what it gives without one are the instruments that trade now.
#include <algorithm>
#include <array>
#include <string>
#include <unordered_set>

#include "engine/exchange/bybit.h"
#include "engine/exchange/bybit_envelope.h"
#include "engine/exchange/canonical.h"
#include "engine/exchange/percent.h"

namespace bf::exchange {
namespace {

constexpr std::string_view kTrading = "Trading";
/// In this order: of an instrument that changes from one to the next while the lists are read, the
/// first one is kept.
constexpr std::array<std::string_view, 4> kStatuses = {kTrading, "PreLaunch", "Delivering",
                                                       "Closed"};
constexpr int kListRowsMax = 1'000;
constexpr std::size_t kCursorBytesMax = 1'024;

struct Part {
  std::string_view status = kTrading;
  std::string_view cursor;
};
/// The inverse of "STATUS:CURSOR"; "" is the first part.
Part read_part(std::string_view part) {
  if (part.empty()) return {};
  const std::size_t colon = part.find(':');
  if (colon == std::string_view::npos) return {part, {}};
  return {part.substr(0, colon), part.substr(colon + 1)};
}

std::string next_part(Bybit::Category category, std::string_view status, std::string_view cursor) {
  if (!cursor.empty()) return std::string(status).append(":").append(cursor);
  if (category == Bybit::Category::kSpot) return {};  // lists the trading ones, whole
  const auto* const at = std::find(kStatuses.begin(), kStatuses.end(), status);
  if (at == kStatuses.end() || at + 1 == kStatuses.end()) return {};
  return std::string(*(at + 1)) + ":";
}

/// A date in ms, as a string; "0" and "" are none.
bool read_date(json::value from, TimeMs& out) {
  return json::read_digits(from, out) && (out == 0 || json::is_instant(out));
}

/// The member `name` of a filter.
bool read_filter(json::value from, std::string_view name, std::string_view other_name,
                 std::string& out) {
  json::object members;
  if (from.get_object().get(members) != simdjson::SUCCESS) return false;
  return json::for_each_member(members, [&](std::string_view key, json::value content) {
    return (key != name && key != other_name) || json::read_text(content, out);
  });
}

bool read_instrument_member(std::string_view key, json::value content, InstrumentInfo& info) {
  if (key == "symbol") return json::read_text(content, info.symbol);
  if (key == "status") return json::read_text(content, info.status);
  if (key == "baseCoin") return json::read_text(content, info.base_asset);
  if (key == "quoteCoin") return json::read_text(content, info.quote_asset);
  if (key == "settleCoin") return json::read_text(content, info.settle_asset);
  if (key == "contractType") return json::read_text(content, info.contract_type);
  if (key == "launchTime") return read_date(content, info.listed);
  if (key == "deliveryTime") return read_date(content, info.delisted);
  if (key == "priceFilter") return read_filter(content, "tickSize", "tickSize", info.price_tick);
  if (key == "lotSizeFilter") {  // spot calls it otherwise
    return read_filter(content, "qtyStep", "basePrecision", info.quantity_step);
  }
  return true;
}

/// The members of a list's `result`.
class ListReader {
 public:
  ListReader(std::string_view market) : market_(market) {}

  bool read_member(std::string_view key, json::value content) {
    if (key == "nextPageCursor") {
      const bool read = json::read_text(content, cursor) && cursor.size() <= kCursorBytesMax;
      return read || failed("nextPageCursor cannot be read");
    }
    if (key != "list") return true;
    if (has_list) return failed("list is there twice");
    has_list = true;
    const bool read = json::for_each_object(
        content, [this](json::object instrument) { return add_instrument(instrument); });
    return read || failed("list is not a list of objects");
  }

  InstrumentList list;
  std::string cursor;
  std::string trouble;
  bool has_list = false;

 private:
  bool failed(const std::string& what) {
    if (trouble.empty()) trouble = what;
    return false;
  }
  bool add_instrument(json::object members) {
    InstrumentInfo info;
    std::string last_key;
    const bool read =
        json::for_each_member(members, [&](std::string_view key, json::value content) {
          last_key = key;
          return read_instrument_member(key, content, info);
        });
    const std::string name = "instrument " + std::to_string(list.instruments.size() + 1) +
                             (info.symbol.empty() ? "" : " (" + printable(info.symbol, 64) + ")");
    if (!read) {
      return failed(name + ": member \"" + printable(last_key, 64) + "\" cannot be read");
    }
    const Result<void> valid = validate(Instrument{"bybit", std::string(market_), info.symbol});
    if (!valid) return failed(name + ": " + valid.error().message());
    if (info.base_asset.empty() || info.quote_asset.empty() || info.status.empty()) {
      return failed(name + ": status, base or quote coin is missing");
    }
    if (!names_.insert(info.symbol).second) return failed(name + " is listed twice");
    info.trading = info.status == kTrading;
    // The contracts against USDC say USD there.
    if (info.contract_type.starts_with("Linear") && info.settle_asset == "USD") {
      info.settle_asset = "USDC";
    }
    info.multiplier = split_multiplier(info.base_asset).multiplier;
    list.instruments.push_back(std::move(info));
    return true;
  }

  std::string_view market_;
  std::unordered_set<std::string> names_;
};

}  // namespace

ApiRequest Bybit::instruments_request(std::string_view part) const {
  const Part asked = read_part(part);
  ApiRequest request;
  request.target.append("/v5/market/instruments-info?category=").append(market());
  if (category_ != Category::kSpot) {
    request.target.append("&limit=").append(std::to_string(kListRowsMax));
  }
  if (asked.status != kTrading) {
    request.target.append("&status=");
    append_percent_encoded(request.target, asked.status);
  }
  if (!asked.cursor.empty()) {
    request.target.append("&cursor=");
    append_percent_encoded(request.target, asked.cursor);
  }
  return request;
}

Result<InstrumentList> Bybit::parse_instruments(std::string_view part,
                                                std::string_view padded_body) const {
  ListReader reader(market());
  const auto read_member = [&reader](std::string_view key, json::value content) {
    return reader.read_member(key, content);
  };
  const Result<TimeMs> time =
      bybit::read_envelope("instruments-info", padded_body, reader.trouble, read_member);
  if (!time) return fail(time.error());
  if (!reader.has_list) {
    return fail(Code::kProtocol,
                "instruments-info: no list in \"" + printable(padded_body, 80) + "\"");
  }
  const Part asked = read_part(part);
  if (!reader.cursor.empty() && reader.cursor == asked.cursor) {
    return fail(Code::kProtocol, "instruments-info: the list goes on where it began, at \"" +
                                     printable(reader.cursor, 80) + "\"");
  }
  reader.list.server_time = *time;
  reader.list.next = next_part(category_, asked.status, reader.cursor);
  return std::move(reader.list);
}

}  // namespace bf::exchange
