#include <fmt/format.h>

#include <algorithm>

#include "tools/bf-verify/commands.h"
#include "tools/cli/json.h"
#include "tools/cli/store_access.h"
#include "tools/cli/text.h"

namespace bf::verify {
namespace {

using cli::Exit;
using cli::Json;

constexpr const char* kProgram = "bf-verify";

struct SeriesGaps {
  Series series;
  TimeRange range;  ///< that was looked at
  store::SlotCounts slots;
  std::vector<store::StateRange> gaps;  ///< missing and provisional, in order
};

/// What is to be asked for again, in order. Neighbours of one state become one gap, due when the first
/// of them is: pages that were asked a moment apart are of no interest here.
std::vector<store::StateRange> gaps_in(const std::vector<store::StateRange>& states) {
  std::vector<store::StateRange> gaps;
  for (const store::StateRange& range : states) {
    const bool known =
        range.state == store::SlotState::kHeld || range.state == store::SlotState::kAbsentConfirmed;
    if (known) continue;
    const bool joins = !gaps.empty() && gaps.back().state == range.state &&
                       gaps.back().range.to == range.range.from;
    if (joins) {
      gaps.back().range.to = range.range.to;
      gaps.back().due = std::min(gaps.back().due, range.due);
    } else {
      gaps.push_back(range);
    }
  }
  return gaps;
}

Result<SeriesGaps> gaps_of(const cli::StoreReader& reader, const Series& series,
                           const cli::SpecRange& asked) {
  const Result<store::GapIndex> index = reader.store().gaps(series);
  if (!index) return fail(index.error());
  SeriesGaps found;
  found.series = series;
  found.range = cli::looked_at(asked, *index, reader.life_of(series.instrument),
                               reader.clock().wall_ms(), cli::OpenEnd::kNow);
  if (found.range.empty()) return found;
  found.slots = index->count(found.range);
  found.gaps = gaps_in(index->states(found.range));
  return found;
}

std::string gaps_text(const std::vector<SeriesGaps>& all) {
  cli::TextTable table({"series", "from", "to", "slots", "state", "due"});
  cli::SlotTotal missing;
  cli::SlotTotal provisional;
  for (const SeriesGaps& found : all) {
    missing.add(found.series.interval, found.slots.missing);
    provisional.add(found.series.interval, found.slots.absent_provisional);
    for (const store::StateRange& gap : found.gaps) {
      table.add(
          {printable(found.series.name()), format_time(gap.range.from), format_time(gap.range.to),
           cli::format_slots(found.series.interval, slot_count(found.series.interval, gap.range)),
           std::string(store::slot_state_name(gap.state)),
           gap.due == 0 ? std::string("-") : format_time(gap.due)});
    }
  }
  return (table.empty() ? std::string() : table.text()) +
         fmt::format("{} series: {} missing, {} absent provisionally\n",
                     cli::format_count(static_cast<std::int64_t>(all.size())), missing.text(),
                     provisional.text());
}

Json gaps_json(const SeriesGaps& found) {
  Json object = {{"series", found.series.name()}, {"range", cli::range_json(found.range)}};
  object.update(cli::counts_json(found.slots, found.series.interval));
  Json list = Json::array();
  for (const store::StateRange& gap : found.gaps) {
    list.push_back(Json{{"from", format_time(gap.range.from)},
                        {"to", format_time(gap.range.to)},
                        {cli::slots_key("slots", found.series.interval),
                         slot_count(found.series.interval, gap.range)},
                        {"state", std::string(store::slot_state_name(gap.state))},
                        {"due", cli::time_json(gap.due)}});
  }
  object["gaps"] = std::move(list);
  return object;
}

std::string report_json(const std::vector<SeriesGaps>& all, const std::string& store, Exit exit) {
  Json list = Json::array();
  for (const SeriesGaps& found : all) list.push_back(gaps_json(found));
  return cli::json_text(Json{{"command", "gaps"},
                             {"version", BF_VERSION},
                             {"store", store},
                             {"exit", static_cast<int>(exit)},
                             {"series", std::move(list)}});
}

Exit judge(const std::vector<SeriesGaps>& all, bool strict) {
  for (const SeriesGaps& found : all) {
    if (found.slots.missing > 0) return Exit::kMissing;
    if (strict && found.slots.absent_provisional > 0) return Exit::kMissing;
  }
  return Exit::kComplete;
}

Result<Exit> work(const GapsFlags& flags, cli::Narrator& narrator) {
  const auto reader = cli::StoreReader::open(flags.store);
  if (!reader) return fail(reader.error());
  const auto range = cli::parse_range(flags.range, (*reader)->clock().wall_ms());
  if (!range) return fail(range.error());
  const auto selected = (*reader)->select(flags.selection);
  if (!selected) return fail(selected.error());
  narrator.note("store " + flags.store);

  std::vector<SeriesGaps> all;
  bool damaged = false;
  for (const Series& series : *selected) {
    Result<SeriesGaps> found = gaps_of(**reader, series, *range);
    if (found) {
      all.push_back(std::move(*found));
    } else {
      damaged = true;
      narrator.error(found.error().message());
    }
  }
  const Exit exit = damaged ? Exit::kStorage : judge(all, flags.strict);
  const Result<void> printed =
      cli::write_stdout(flags.output.json ? report_json(all, flags.store, exit) : gaps_text(all));
  if (!printed) return fail(printed.error());
  return exit;
}

}  // namespace

Exit gaps(const GapsFlags& flags) {
  return cli::with_narrator(kProgram, flags.output,
                            [&](cli::Narrator& narrator) { return work(flags, narrator); });
}

}  // namespace bf::verify
