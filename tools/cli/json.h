// tools/cli/json.h
//
// What programs print as JSON is made of these parts, so that one thing has one spelling. Keys keep
// their order; instants are RFC 3339 in UTC, or null where there is none; sizes are bytes.
//
// A heavy header: included where JSON is made alone.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "engine/backfill/report.h"
#include "store/base/time.h"
#include "store/gap_index.h"

namespace bf::cli {

using Json = nlohmann::ordered_json;

/// null for 0, which stands for "none" everywhere in bf.
[[nodiscard]] Json time_json(TimeMs t);
/// {"from", "to"}, or null when it is empty.
[[nodiscard]] Json range_json(TimeRange range);
/// {"held", "absent_confirmed", "absent_provisional", "missing", "next_due"}; of events those without a
/// row are times: "absent_confirmed_ms", "absent_provisional_ms", "missing_ms".
[[nodiscard]] Json counts_json(const store::SlotCounts& counts, Interval interval);
/// `name` of a number of slots without a row: with "_ms" behind it of events.
[[nodiscard]] std::string slots_key(std::string_view name, Interval interval);
/// [{"code", "message", "count", "retry_at"}].
[[nodiscard]] Json failures_json(const std::vector<backfill::Failure>& failures);
/// [{"code", "text"}].
[[nodiscard]] Json reasons_json(const std::vector<std::pair<backfill::Exit, std::string>>& reasons);

/// On one line; bytes that are not UTF-8 are replaced, never thrown at.
[[nodiscard]] std::string json_line(const Json& json);
/// Indented, with a line end.
[[nodiscard]] std::string json_text(const Json& json);

}  // namespace bf::cli
