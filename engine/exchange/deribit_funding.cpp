// The events of get_funding_rate_history, one an hour, oldest first:
//
//   {"result":[{"timestamp":ms,"index_price":n,"prev_index_price":n,"interest_1h":n,"interest_8h":n}]}
//
// Funding is continuous: interest_1h is what the hour came to, interest_8h the eight hours up to then.
// index_price is the index of the currency at that instant, btc_usd for BTC: the one history of it that
// the exchange has, as get_index_chart_data gives averages of ranges that end now.
#include "engine/exchange/deribit.h"
#include "engine/exchange/funding_rows.h"
#include "engine/exchange/percent.h"
#include "store/base/series.h"

namespace bf::exchange::deribit {

std::string funding_target(std::string_view symbol, TimeRange window) {
  std::string target = "/api/v2/public/get_funding_rate_history?instrument_name=";
  append_percent_encoded(target, symbol);
  // A millisecond early: right whether the start is inclusive or not, which is not documented.
  target.append("&start_timestamp=").append(std::to_string(window.from - 1));
  target.append("&end_timestamp=").append(std::to_string(window.to - 1));
  return target;
}

Result<void> parse_funding(std::string_view padded_body, std::vector<CandleBatch>& runs) {
  FundingNames names;
  names.time = "timestamp";
  names.rate = "interest_1h";
  names.index_price = "index_price";
  names.hours = "1";
  FundingRows rows(names, {}, runs);
  int results = 0;
  const auto read = [&rows, &results](json::object members) {
    const bool good =
        json::for_each_member(members, [&rows, &results](std::string_view key, json::value value) {
          return key != "result" || (++results == 1 && rows.read_list(value));
        });
    return good && results == 1;
  };
  const std::string wrong = json::read_document(padded_body, rows.error(), read);
  if (wrong.empty()) return {};
  runs.clear();  // an event may have been read by half
  return fail(Code::kProtocol, "funding: " + wrong + "; the answer begins with \"" +
                                   printable(padded_body, 80) + "\"");
}

}  // namespace bf::exchange::deribit
