#include "tools/cli/json.h"

namespace bf::cli {

Json time_json(TimeMs t) { return t == 0 ? Json(nullptr) : Json(format_time(t)); }

Json range_json(TimeRange range) {
  if (range.empty()) return nullptr;
  return Json{{"from", format_time(range.from)}, {"to", format_time(range.to)}};
}

std::string slots_key(std::string_view name, Interval interval) {
  std::string key(name);
  return interval == Interval::kEvents ? key + "_ms" : key;
}

Json counts_json(const store::SlotCounts& counts, Interval interval) {
  return Json{{"held", counts.held},
              {slots_key("absent_confirmed", interval), counts.absent_confirmed},
              {slots_key("absent_provisional", interval), counts.absent_provisional},
              {slots_key("missing", interval), counts.missing},
              {"next_due", time_json(counts.next_due)}};
}

Json failures_json(const std::vector<backfill::Failure>& failures) {
  Json list = Json::array();
  for (const backfill::Failure& failure : failures) {
    list.push_back(Json{{"code", std::string(code_name(failure.code))},
                        {"message", failure.message},
                        {"count", failure.count},
                        {"retry_at", time_json(failure.retry_at)}});
  }
  return list;
}

Json reasons_json(const std::vector<std::pair<backfill::Exit, std::string>>& reasons) {
  Json list = Json::array();
  for (const auto& [exit, text] : reasons) {
    list.push_back(Json{{"code", static_cast<int>(exit)}, {"text", text}});
  }
  return list;
}

std::string json_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string json_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace bf::cli
