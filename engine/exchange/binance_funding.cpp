// The events of GET /fapi/v1/fundingRate, oldest first:
//
//   {"symbol":"BTCUSDT","fundingTime":ms,"fundingRate":"0.00010000","markPrice":"34287.54619963",
//    "rateType":"Regular"}
//
// markPrice is "" for events of years ago; rateType came in July 2026.
#include "engine/exchange/binance.h"
#include "engine/exchange/funding_rows.h"
#include "engine/exchange/percent.h"
#include "store/base/series.h"

namespace bf::exchange::binance {

std::string funding_target(std::string_view symbol, TimeRange window, std::uint32_t rows_max) {
  std::string target = "/fapi/v1/fundingRate?symbol=";
  append_percent_encoded(target, symbol);
  target.append("&startTime=").append(std::to_string(window.from));
  target.append("&endTime=").append(std::to_string(window.to - 1));
  target.append("&limit=").append(std::to_string(rows_max));
  return target;
}

Result<void> parse_funding(std::string_view symbol, std::string_view padded_body,
                           std::vector<CandleBatch>& runs) {
  FundingNames names;
  names.instrument = "symbol";
  names.time = "fundingTime";
  names.rate = "fundingRate";
  names.mark_price = "markPrice";
  FundingRows rows(names, symbol, runs);
  thread_local simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  json::value list;
  simdjson::error_code error = parser.iterate(json::padded(padded_body)).get(document);
  if (error == simdjson::SUCCESS) error = document.get_value().get(list);
  std::string wrong;
  if (error != simdjson::SUCCESS) {
    wrong = simdjson::error_message(error);
  } else if (!rows.read_list(list)) {
    wrong = rows.error();
  } else if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
    wrong = "more bytes behind the list";
  }
  if (wrong.empty()) return {};
  runs.clear();  // an event may have been read by half
  return fail(Code::kProtocol, "funding: " + wrong + "; the answer begins with \"" +
                                   printable(padded_body, 80) + "\"");
}

}  // namespace bf::exchange::binance
