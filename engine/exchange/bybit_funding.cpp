// The events of GET /v5/market/funding/history, newest first, all strings:
//
//   {"result":{"category":"linear","list":[{"symbol":"BTCUSDT","fundingRate":"0.0001",
//              "fundingRateTimestamp":"1709884800000"}]}}
#include "engine/exchange/bybit.h"
#include "engine/exchange/bybit_envelope.h"
#include "engine/exchange/funding_rows.h"
#include "engine/exchange/percent.h"

namespace bf::exchange {
namespace {

constexpr std::uint32_t kEventsMax = 200;

}  // namespace

ApiRequest Bybit::events_request(const Series& series, TimeRange window) const {
  ApiRequest request;
  request.target.append("/v5/market/funding/history?category=").append(market());
  request.target.append("&symbol=");
  append_percent_encoded(request.target, series.instrument.symbol);
  // Both ends: a start alone is refused.
  request.target.append("&startTime=").append(std::to_string(window.from));
  request.target.append("&endTime=").append(std::to_string(window.to - 1));
  request.target.append("&limit=").append(std::to_string(kEventsMax));
  return request;
}

Result<void> Bybit::parse_events(const Series& series, std::string_view padded_body,
                                 std::vector<CandleBatch>& runs) const {
  FundingNames names;
  names.instrument = "symbol";
  names.time = "fundingRateTimestamp";
  names.rate = "fundingRate";
  FundingRows rows(names, series.instrument.symbol, runs);
  int lists = 0;
  std::string trouble;
  const auto read_member = [&](std::string_view key, json::value content) {
    if (key != "list") return true;
    if (++lists == 1 && rows.read_list(content)) return true;
    trouble = lists > 1 ? "list is there twice" : rows.error();
    return false;
  };
  const Result<TimeMs> read = bybit::read_envelope("funding", padded_body, trouble, read_member);
  if (read && lists == 1) return {};
  runs.clear();  // an event may have been read by half
  if (!read) return fail(read.error());
  return fail(Code::kProtocol, "funding: no list in \"" + printable(padded_body, 80) + "\"");
}

}  // namespace bf::exchange
