// get_instruments and get_time. The list is read member by member; members that are unknown are passed
// over. Numbers are written as JSON numbers, their digits are what is kept.
#include <unordered_set>

#include "engine/exchange/column_arrays.h"
#include "engine/exchange/deribit.h"
#include "engine/exchange/json_members.h"
#include "store/base/decimal.h"

namespace bf::exchange::deribit {
namespace {

using simdjson::ondemand::object;
using simdjson::ondemand::value;

/// An instrument as the list has it, before it is judged.
struct Listed {
  InstrumentInfo info;
  std::string kind;
  std::string counter_currency;
  std::string settlement_period;
  bool active = false;
};

/// A decimal, of which 10.0 and 10 are the same.
bool read_decimal(value from, std::string& out) {
  const std::string_view token = from.raw_json_token();
  const std::string_view text = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
  Result<std::string> plain = canonical_decimal(text);
  if (!plain) return false;
  out = *std::move(plain);
  return true;
}

/// Perpetuals "expire" in the year 3000.
bool read_date(value from, TimeMs& out) {
  if (!json::read_integer(from, out) || out < kTimeMin) return false;
  if (out >= kTimeMax) out = 0;
  return true;
}

bool read_member(std::string_view key, value content, Listed& listed) {
  InstrumentInfo& info = listed.info;
  if (key == "instrument_name") return json::read_text(content, info.symbol);
  if (key == "kind") return json::read_text(content, listed.kind);
  if (key == "base_currency") return json::read_text(content, info.base_asset);
  if (key == "quote_currency") return json::read_text(content, info.quote_asset);
  if (key == "counter_currency") return json::read_text(content, listed.counter_currency);
  if (key == "settlement_currency") return json::read_text(content, info.settle_asset);
  if (key == "settlement_period") return json::read_text(content, listed.settlement_period);
  if (key == "creation_timestamp") return read_date(content, info.listed);
  if (key == "expiration_timestamp") return read_date(content, info.delisted);
  if (key == "tick_size") return read_decimal(content, info.price_tick);
  if (key == "contract_size") return read_decimal(content, info.contract_size);
  if (key == "is_active") return content.get_bool().get(listed.active) == simdjson::SUCCESS;
  return true;
}

class ListReader {
 public:
  bool read_member(std::string_view key, value content) {
    if (key == "usOut") {
      std::int64_t microseconds = 0;
      if (!json::read_integer(content, microseconds) || !json::is_instant(microseconds / 1'000)) {
        return failed("usOut cannot be read");
      }
      list.server_time = microseconds / 1'000;
      return true;
    }
    if (key != "result") return true;
    if (has_result) return failed("two results");
    has_result = true;
    const bool read = json::for_each_object(content, [&](object members) { return add(members); });
    return read || failed("the result is not a list of objects");
  }
  bool failed(std::string_view what) {
    if (error.empty()) error = what;
    return false;
  }

  InstrumentList list;
  std::string error;
  bool has_result = false;

 private:
  bool add(object members) {
    Listed listed;
    std::string last_key;
    ++number_;
    const bool read = json::for_each_member(members, [&](std::string_view key, value content) {
      last_key = key;
      return deribit::read_member(key, content, listed);
    });
    if (!read)
      return failed_at(listed, "member \"" + printable(last_key, 64) + "\" cannot be read");
    if (!listed.kind.empty() && listed.kind != "future") return true;
    return finish(listed);
  }

  bool finish(Listed& listed) {
    InstrumentInfo& info = listed.info;
    const Result<void> valid = validate(Instrument{"deribit", "futures", info.symbol});
    if (!valid) return failed_at(listed, valid.error().message());
    // For linear contracts both name the same; where they differ this is what prices are in.
    if (!listed.counter_currency.empty()) info.quote_asset = listed.counter_currency;
    if (info.base_asset.empty() || info.quote_asset.empty()) {
      return failed_at(listed, "base or counter currency is missing");
    }
    if (!names_.insert(info.symbol).second) return failed_at(listed, "it is listed twice");
    info.trading = listed.active;
    info.status = listed.active ? "active" : "expired";
    info.contract_type = listed.settlement_period;
    // Amounts are multiples of a contract.
    info.quantity_step = info.contract_size;
    list.instruments.push_back(std::move(info));
    return true;
  }

  bool failed_at(const Listed& listed, std::string_view what) {
    const std::string& name = listed.info.symbol;
    return failed("instrument " + std::to_string(number_) +
                  (name.empty() ? "" : " (" + printable(name, 64) + ")") + ": " +
                  std::string(what));
  }

  std::unordered_set<std::string> names_;
  std::size_t number_ = 0;
};

tl::unexpected<Error> list_error(std::string_view what, std::string_view body) {
  return fail(Code::kProtocol, "get_instruments: " + std::string(what) +
                                   "; the answer begins with \"" + printable(body, 80) + "\"");
}

}  // namespace

Result<InstrumentList> parse_instrument_list(std::string_view padded_body) {
  ListReader reader;
  const auto read = [&reader](object members) {
    return json::for_each_member(members, [&reader](std::string_view key, value content) {
      return reader.read_member(key, content);
    });
  };
  const std::string wrong = json::read_document(padded_body, reader.error, read);
  if (!wrong.empty()) return list_error(wrong, padded_body);
  if (!reader.has_result) return list_error("no result in it", padded_body);
  return std::move(reader.list);
}

Result<TimeMs> parse_time_answer(std::string_view padded_body) {
  thread_local simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  std::int64_t time = 0;
  simdjson::error_code error = parser.iterate(json::padded(padded_body)).get(document);
  if (error == simdjson::SUCCESS) error = document["result"].get(time);
  if (error != simdjson::SUCCESS || !json::is_instant(time)) {
    return fail(Code::kProtocol, "not a server time: \"" + printable(padded_body) + "\"");
  }
  return time;
}

}  // namespace bf::exchange::deribit
