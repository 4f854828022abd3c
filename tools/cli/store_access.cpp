#include "tools/cli/store_access.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/base/series.h"

namespace bf::cli {
namespace {

/// A candle counts as closed so long after its end, as for a run.
constexpr DurationMs kGraceMs = 2'000;

/// From the first to behind the last slot of which anything is known.
TimeRange known_range(const store::GapIndex& gaps) {
  TimeRange range{kTimeMax, kTimeMin};
  const auto take = [&range](TimeRange part) {
    if (part.empty()) return;
    range.from = std::min(range.from, part.from);
    range.to = std::max(range.to, part.to);
  };
  const auto held = gaps.held().ranges();
  if (!held.empty()) take({held.front().from, held.back().to});
  for (const store::Answer& answer : gaps.answers()) take(answer.asked);
  return range;
}

}  // namespace

Error no_store(const std::string& path) {
  return Error(Code::kUsage, fmt::format("there is no store in {}: name one with --store DIR or "
                                         "BF_STORE, or fill one with bf-engine run",
                                         printable(path)));
}

Result<std::unique_ptr<StoreReader>> StoreReader::open(const std::string& path) {
  std::unique_ptr<StoreReader> reader(new StoreReader());
  Result<std::unique_ptr<FileSystem>> files = open_file_system(path, /*create=*/false);
  if (!files && files.error().code() == Code::kNotFound) return fail(no_store(path));
  if (!files) return fail(files.error());
  reader->files_ = std::move(*files);

  auto opened = store::Store::open(*reader->files_, reader->clock_, store::StoreOptions{});
  if (!opened && opened.error().code() == Code::kNotFound) return fail(no_store(path));
  if (!opened) return fail(opened.error().at("cannot open the store " + printable(path)));
  reader->store_ = std::move(*opened);

  Result<store::InstrumentLedger> ledger = store::InstrumentLedger::open(*reader->files_);
  if (!ledger) return fail(ledger.error().at("cannot open the store " + printable(path)));
  reader->ledger_.emplace(std::move(*ledger));
  return reader;
}

TimeRange StoreReader::life_of(const Instrument& instrument) const {
  const std::optional<store::InstrumentFacts> facts = ledger_->find(instrument);
  if (!facts) return {kTimeMin, kTimeMax};
  return {facts->listed.value_or(kTimeMin), facts->delisted.value_or(kTimeMax)};
}

Result<std::vector<Series>> StoreReader::select(const SelectionFlags& flags) const {
  Result<std::vector<Series>> held = store_->list();
  if (!held) return fail(held.error());
  return select_series(flags, std::move(*held), canonical_names(*ledger_));
}

TimeRange looked_at(const SpecRange& asked, const store::GapIndex& gaps, TimeRange life,
                    TimeMs wall_now, OpenEnd open_end) {
  const Interval interval = gaps.interval();
  const TimeMs now = closed_until(interval, wall_now - kGraceMs);
  const TimeRange known = known_range(gaps);
  const TimeMs from = asked.from ? resolve(*asked.from, now, life.from) : known.from;
  TimeMs to = resolve(asked.to, now, life.from);
  if (!asked.to_given && open_end == OpenEnd::kHeld) to = known.to;
  const TimeRange whole = {slot_ceil(interval, from), slot_ceil(interval, std::min(to, now))};
  TimeRange alive = {slot_begin(interval, life.from), slot_ceil(interval, life.to)};
  if (const auto held = gaps.held().ranges(); !held.empty()) {
    alive.from = std::min(alive.from, held.front().from);
    alive.to = std::max(alive.to, held.back().to);
  }
  return whole.intersect(alive);
}

}  // namespace bf::cli
