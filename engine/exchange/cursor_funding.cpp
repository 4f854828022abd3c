#include "engine/exchange/cursor_funding.h"

#include "engine/exchange/code_envelope.h"
#include "engine/exchange/funding_rows.h"
#include "engine/exchange/percent.h"

namespace bf::exchange::cursor {

std::string funding_target(std::string_view path, std::string_view id, TimeRange window,
                           std::uint32_t rows_max) {
  std::string target(path);
  target.append("?instId=");
  append_percent_encoded(target, id);
  target.append("&before=").append(std::to_string(window.from - 1));
  target.append("&after=").append(std::to_string(window.to));
  target.append("&limit=").append(std::to_string(rows_max));
  return target;
}

Result<void> parse_funding(std::string_view id, std::string_view padded_body,
                           std::vector<CandleBatch>& runs) {
  FundingNames names;
  names.instrument = "instId";
  names.time = "fundingTime";
  names.rate = "fundingRate";
  names.settled_rate = "realizedRate";
  FundingRows rows(names, id, runs);
  Result<void> parsed = envelope::read_envelope(
      padded_body, rows.error(), [&rows](json::value data) { return rows.read_list(data); });
  if (!parsed) runs.clear();  // an event may have been read by half
  return parsed;
}

}  // namespace bf::exchange::cursor
