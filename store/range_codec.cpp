#include "store/range_codec.h"

namespace bf::store {
namespace {

/// Slots begin before kTimeMax; the last of them may reach this far behind it.
constexpr TimeMs kSlotEndMax = kTimeMax + 31 * kDayMs;

}  // namespace

void write_ranges(ByteWriter& out, const RangeSet& ranges) {
  out.varint(ranges.ranges().size());
  TimeMs at = 0;
  for (const TimeRange& range : ranges.ranges()) {
    out.varint(static_cast<std::uint64_t>(range.from - at));
    out.varint(static_cast<std::uint64_t>(range.length()));
    at = range.to;
  }
}

Result<RangeSet> read_ranges(ByteReader& in, std::uint64_t most) {
  RangeSet ranges;
  TimeMs at = 0;
  const std::size_t count = in.count(2);
  if (count > most) return fail(Code::kCorrupt, "it counts more held ranges than there can be");
  for (std::size_t left = count; left > 0; --left) {
    const std::uint64_t ahead = in.varint();
    const std::uint64_t length = in.varint();
    const auto limit = static_cast<std::uint64_t>(kSlotEndMax - at);
    if (!in.ok() || ahead > limit || length == 0 || length > limit - ahead) {
      return fail(Code::kCorrupt, "the held ranges contradict themselves");
    }
    const TimeMs from = at + static_cast<TimeMs>(ahead);
    at = from + static_cast<TimeMs>(length);
    ranges.add({from, at});
  }
  if (!in.ok()) return fail(Code::kCorrupt, "the held ranges end too early");
  return ranges;
}

}  // namespace bf::store
