#include "store/row_codec.h"

#include <algorithm>
#include <iterator>

#include "store/base/assert.h"
#include "store/trailing_zeros.h"

namespace bf::store {
namespace {

constexpr std::array kPrices = {Column::kOpen, Column::kHigh, Column::kLow, Column::kClose};
constexpr std::array kVolumes = {Column::kVolume, Column::kTakerBuyBase};
constexpr std::array kQuoteVolumes = {Column::kQuoteVolume, Column::kTakerBuyQuote};
/// What leans on nothing, and nothing on it.
constexpr std::array kAlone = {Column::kFundingRate, Column::kMarkPrice, Column::kFundingHours,
                               Column::kIndexPrice};
/// A column leans only on columns before it in this order.
constexpr std::array kDecodeOrder = {
    Column::kOpenTime,     Column::kClose,         Column::kOpen,        Column::kHigh,
    Column::kLow,          Column::kTrades,        Column::kVolume,      Column::kQuoteVolume,
    Column::kTakerBuyBase, Column::kTakerBuyQuote, Column::kFundingRate, Column::kMarkPrice,
    Column::kFundingHours, Column::kIndexPrice};
static_assert(kDecodeOrder.size() == kColumnCount);
constexpr std::array<ColumnSet, kColumnCount> kDecodedBefore = [] {
  std::array<ColumnSet, kColumnCount> before;
  for (std::size_t i = 1; i < kColumnCount; ++i) {
    before[i] = before[i - 1];
    before[i].insert(kDecodeOrder[i - 1]);
  }
  return before;
}();

constexpr std::size_t kWideBytesMax = 1024;

Error broken(const char* what) { return Error(Code::kCorrupt, what); }

}  // namespace

Result<ColumnSet> needed_columns(const EncodedRows& encoded, ColumnSet wanted) {
  ColumnSet needed = wanted.intersect(encoded.columns);
  for (std::size_t at = kDecodeOrder.size(); at-- > 0;) {
    const Column column = kDecodeOrder[at];
    if (!needed.contains(column)) continue;
    const ColumnSet leans_on = dependencies(encoded.block(column));
    if (leans_on == ColumnSet{}) continue;
    if (leans_on.intersect(encoded.columns).intersect(kDecodedBefore[at]) != leans_on ||
        column == Column::kOpenTime) {
      return fail(broken("a column leans on one that is not there"));
    }
    needed = ColumnSet::from_bits(needed.bits() | leans_on.bits());
  }
  return needed;
}

bool RowCodec::align(Columns& columns, std::span<const Column> together) {
  int scale = 0;
  for (const Column column : together) {
    scale = std::max(scale, columns[static_cast<std::size_t>(column)].scale);
  }
  for (const Column column : together) {
    const auto at = static_cast<std::size_t>(column);
    const int exponent = scale - columns[at].scale;
    if (exponent == 0) continue;
    scratch_[at].resize(columns[at].values.size());
    for (std::size_t i = 0; i < columns[at].values.size(); ++i) {
      if (!scale_up(columns[at].values[i], exponent, scratch_[at][i])) return false;
    }
  }
  for (const Column column : together) {
    const auto at = static_cast<std::size_t>(column);
    if (columns[at].scale == scale) continue;
    columns[at] = Scaled{scratch_[at], scale};
  }
  return true;
}

void RowCodec::trim(Columns& columns, std::span<const Column> together) {
  int power = kTrailingZerosMax;
  for (const Column column : together) {
    const Scaled& scaled = columns[static_cast<std::size_t>(column)];
    power = common_power(scaled.values, std::min(power, scaled.scale));
  }
  if (power == 0) return;
  for (const Column column : together) {
    const auto at = static_cast<std::size_t>(column);
    scratch_[at].resize(columns[at].values.size());
    drop_zeros(columns[at].values, power, scratch_[at].data());
    columns[at] = Scaled{scratch_[at], columns[at].scale - power};
  }
}

/// Brings each group of columns that lean on each other to one scale, without the zeros that all share.
/// What is packed quickly leans on nothing.
/// What comes back are those that others may lean on.
Siblings RowCodec::share_scales(const CandleBatch& rows, Columns& columns) {
  Siblings siblings;
  if (aim_ == Aim::kQuick) {
    for (std::size_t i = 1; i < kColumnCount; ++i) {
      const auto column = static_cast<Column>(i);
      if (rows.columns.contains(column)) trim(columns, std::array{column});
    }
    return siblings;
  }
  const auto share = [&](std::span<const Column> group) {
    std::vector<Column> stored;
    std::copy_if(group.begin(), group.end(), std::back_inserter(stored),
                 [&](Column column) { return rows.columns.contains(column); });
    const bool shared = !stored.empty() && align(columns, stored);
    if (shared) trim(columns, stored);
    for (const Column column : stored) {
      const auto at = static_cast<std::size_t>(column);
      if (!shared) trim(columns, std::array{column});
      if (shared) siblings.values[at] = columns[at].values.data();
    }
  };
  share(kPrices);
  share(kVolumes);
  share(kQuoteVolumes);
  constexpr auto kTradesAt = static_cast<std::size_t>(Column::kTrades);
  if (rows.columns.contains(Column::kTrades)) {
    trim(columns, std::array{Column::kTrades});
    siblings.values[kTradesAt] = columns[kTradesAt].values.data();
  }
  for (const Column column : kAlone) {
    if (rows.columns.contains(column)) trim(columns, std::array{column});
  }
  for (std::size_t i = 0; i < kColumnCount; ++i) siblings.scales[i] = columns[i].scale;
  return siblings;
}

EncodedRows RowCodec::encode(const CandleBatch& rows, std::size_t begin, std::size_t end,
                             Bytes& out) {
  BF_ASSERT(begin < end && end <= rows.row_count());
  Columns columns;
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (!rows.columns.contains(static_cast<Column>(i))) continue;
    BF_ASSERT(rows.data[i].values.size() == rows.row_count());
    columns[i] =
        Scaled{std::span(rows.data[i].values).subspan(begin, end - begin), rows.data[i].scale};
  }
  const Siblings siblings = share_scales(rows, columns);
  EncodedRows encoded;
  encoded.columns = rows.columns;
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    if (!rows.columns.contains(column)) continue;
    encoded.blocks[i] = codec_.encode(column, columns[i].values, columns[i].scale, siblings, out);
  }
  return encoded;
}

Result<void> RowCodec::decode(const EncodedRows& encoded, const ColumnBytes& bytes,
                              std::size_t rows, ColumnSet wanted, CandleBatch& out) {
  const Result<ColumnSet> needed = needed_columns(encoded, wanted);
  if (!needed) return fail(needed.error());
  out.columns = wanted.intersect(encoded.columns);
  out.wide.clear();
  out.odd_close_times.clear();
  Siblings siblings;
  for (std::size_t i = 0; i < kColumnCount; ++i) siblings.scales[i] = encoded.blocks[i].scale;
  for (const Column column : kDecodeOrder) {
    if (!needed->contains(column)) continue;
    const auto at = static_cast<std::size_t>(column);
    const bool kept = out.columns.contains(column);
    std::vector<std::int64_t>& values = kept ? out.data[at].values : scratch_[at];
    values.resize(rows);
    const Result<void> decoded = codec_.decode(encoded.blocks[at], bytes[at], siblings, values);
    if (!decoded) return fail(decoded.error().at(column_name(column)));
    if (kept) out.data[at].scale = encoded.blocks[at].scale;
    siblings.values[at] = values.data();
  }
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (!out.columns.contains(static_cast<Column>(i))) out.data[i].values.clear();
  }
  const bool even = rises_evenly(encoded.block(Column::kOpenTime), rows);
  if (!even && !well_ordered(out.open_time())) return fail(broken("open times do not rise"));
  return {};
}

void collect_exceptions(const CandleBatch& rows, std::size_t begin, std::size_t end,
                        std::uint32_t first_row, std::vector<WideValue>& wide,
                        std::vector<OddCloseTime>& odd_close_times) {
  const auto moved = [&](std::uint32_t row) {
    return static_cast<std::uint32_t>(row - begin + first_row);
  };
  for (const WideValue& value : rows.wide) {
    if (begin <= value.row && value.row < end) {
      wide.push_back(WideValue{moved(value.row), value.column, value.text});
    }
  }
  for (const OddCloseTime& odd : rows.odd_close_times) {
    if (begin <= odd.row && odd.row < end) {
      odd_close_times.push_back(OddCloseTime{moved(odd.row), odd.close_time});
    }
  }
}

void write_exceptions(ByteWriter& out, std::span<const WideValue> wide,
                      std::span<const OddCloseTime> odd_close_times) {
  out.varint(wide.size());
  std::uint32_t row = 0;
  for (const WideValue& value : wide) {
    out.varint(value.row - row);
    out.fixed(static_cast<std::uint8_t>(value.column));
    out.string(value.text);
    row = value.row;
  }
  out.varint(odd_close_times.size());
  row = 0;
  for (const OddCloseTime& odd : odd_close_times) {
    out.varint(odd.row - row);
    out.signed_varint(odd.close_time);
    row = odd.row;
  }
}

Result<void> check_exceptions(std::span<const WideValue> wide,
                              std::span<const OddCloseTime> odd_close_times, ColumnSet columns,
                              std::uint64_t rows) {
  for (std::size_t i = 0; i < wide.size(); ++i) {
    const WideValue& value = wide[i];
    const bool rises = i == 0 || std::pair(wide[i - 1].row, wide[i - 1].column) <
                                     std::pair(value.row, value.column);
    if (!rises || value.row >= rows || value.column == Column::kOpenTime ||
        !columns.contains(value.column)) {
      return fail(broken("a wide value is out of place"));
    }
    const Result<std::string> canonical = canonical_decimal(value.text);
    if (value.text.size() > kWideBytesMax || !canonical || *canonical != value.text) {
      return fail(broken("a wide value is not the plain text of a number of at most 1024 bytes"));
    }
  }
  for (std::size_t i = 0; i < odd_close_times.size(); ++i) {
    const bool rises = i == 0 || odd_close_times[i - 1].row < odd_close_times[i].row;
    if (!rises || odd_close_times[i].row >= rows) {
      return fail(broken("an odd close time is out of place"));
    }
  }
  return {};
}

Result<void> read_exceptions(ByteReader& in, ColumnSet columns, std::uint64_t rows,
                             std::vector<WideValue>& wide,
                             std::vector<OddCloseTime>& odd_close_times) {
  std::uint64_t row = 0;
  const auto next_row = [&in, &row, rows] {
    const std::uint64_t ahead = in.varint();
    if (ahead > rows) in.fail();
    row += in.ok() ? ahead : 0;
    if (row >= rows) in.fail();
    return static_cast<std::uint32_t>(row);
  };
  for (std::size_t left = in.count(3); left > 0 && in.ok(); --left) {
    WideValue value;
    value.row = next_row();
    value.column = static_cast<Column>(in.fixed<std::uint8_t>());
    if (value.column >= static_cast<Column>(kColumnCount)) in.fail();
    value.text = in.string(kWideBytesMax);
    wide.push_back(std::move(value));
  }
  row = 0;
  for (std::size_t left = in.count(2); left > 0 && in.ok(); --left) {
    const std::uint32_t at = next_row();
    odd_close_times.push_back(OddCloseTime{at, in.signed_varint()});
  }
  if (!in.ok()) return fail(broken("the exceptions contradict themselves"));
  return check_exceptions(wide, odd_close_times, columns, rows);
}

bool well_ordered(std::span<const TimeMs> open_times) noexcept {
  if (open_times.empty()) return true;
  if (open_times.front() < 0 || open_times.back() >= kTimeMax) return false;
  bool rising = true;
  for (std::size_t i = 1; i < open_times.size(); ++i) rising &= open_times[i - 1] < open_times[i];
  return rising;
}

}  // namespace bf::store
