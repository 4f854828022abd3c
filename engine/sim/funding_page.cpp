#include "engine/sim/funding_page.h"

#include <algorithm>
#include <charconv>

#include "engine/sim/kline_text.h"

namespace bf::sim {
namespace {

/// The events as `change` leaves them, in its order.
void change_events(const RowChange& change, std::vector<FundingEvent>& events) {
  std::vector<std::string> rows;
  for (const FundingEvent& event : events) {
    KlineFields fields;
    fields.fill("0");
    fields[kOpenTimeField] = fields[kCloseTimeField] = std::to_string(event.time);
    fields[kOpenField] = event.rate;
    fields[kCloseField] = event.mark_price;
    rows.push_back(json_row(fields));
  }
  std::string joined = join_rows(rows);
  change(joined);
  events.clear();
  for (const std::string_view row : split_rows(joined)) {
    const KlineFields fields = row_fields(row);
    FundingEvent event;
    const std::string& time = fields[kOpenTimeField];
    std::from_chars(time.data(), time.data() + time.size(), event.time);
    event.rate = fields[kOpenField];
    event.mark_price = fields[kCloseField];
    events.push_back(std::move(event));
  }
}

}  // namespace

FundingPage funding_page(const Truth& truth, const RestCall& call, TimeMs now, bool newest,
                         const RowChange& change, TimeMs reach_from) {
  RowQuery query;
  query.opens.from = std::max(call.start.value_or(kTimeMin), reach_from);
  query.opens.to = std::min(call.end.value_or(now), now - kFundingLagMs) + 1;
  query.rows_max = call.limit;
  query.newest = newest;
  FundingPage page;
  page.events = truth.funding(call.market, call.symbol, query);
  if (page.events.empty()) return page;
  page.rows = {page.events.size(), page.events.front().time, page.events.back().time};
  if (change) change_events(change, page.events);
  return page;
}

}  // namespace bf::sim
