// /market/instruments: {"code":"0","msg":"success","data":[{"instId":"BTC-USDT","baseCurrency":"BTC",...}]}.
// Values are strings. baseCurrency keeps the multiplier in its name (10000SATS), and contractValue is in
// units of that spelling. Perpetuals carry an expireTime of the far future.
#include <string>

#include "engine/exchange/blofin_swap.h"
#include "engine/exchange/canonical.h"
#include "engine/exchange/instrument_rows.h"

namespace bf::exchange::blofin {
namespace {

/// Dates behind this one are no expiries: 2090-01-01. All instruments are perpetuals.
constexpr TimeMs kNever = 3'786'912'000'000;

bool read_expiry(json::value content, TimeMs& out) {
  if (!json::read_digits(content, out)) return false;
  if (out >= kNever) out = 0;
  return out == 0 || json::is_instant(out);
}

bool read_member(std::string_view key, json::value content, InstrumentInfo& info) {
  if (key == "instId") return json::read_text(content, info.symbol);
  if (key == "baseCurrency") return json::read_text(content, info.base_asset);
  if (key == "quoteCurrency") return json::read_text(content, info.quote_asset);
  if (key == "settleCurrency") return json::read_text(content, info.settle_asset);
  if (key == "contractValue") return json::read_text(content, info.contract_size);
  if (key == "tickSize") return json::read_text(content, info.price_tick);
  if (key == "lotSize") return json::read_text(content, info.quantity_step);
  if (key == "state") return json::read_text(content, info.status);
  if (key == "listTime") return read_date(content, info.listed);
  if (key == "expireTime") return read_expiry(content, info.delisted);
  return true;
}

std::string complete(InstrumentInfo& info) {
  info.trading = info.status == "live";
  if (info.trading) info.delisted = 0;  // whatever date it carries: none that has come
  info.contract_type = "PERPETUAL";
  info.multiplier = split_multiplier(info.base_asset).multiplier;
  return {};
}

}  // namespace

Result<InstrumentList> parse_instruments(std::string_view padded_body) {
  InstrumentRows rows;
  rows.exchange = "blofin";
  rows.market = "swap";
  rows.begin = [] {};
  rows.member = read_member;
  rows.complete = complete;
  rows.skip = [](const InstrumentInfo&) { return false; };
  return read_instrument_rows(rows, padded_body);
}

}  // namespace bf::exchange::blofin
