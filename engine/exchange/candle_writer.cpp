#include "engine/exchange/candle_writer.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace bf::exchange {
namespace {

/// Room that is made for the rows of one page on the word of its bytes.
constexpr std::size_t kRowsReservedMax = 2'000;

bool is_number_byte(char byte) noexcept {
  return (byte >= '0' && byte <= '9') || byte == '-' || byte == '+' || byte == '.' || byte == 'e' ||
         byte == 'E';
}

/// Gives every value `exponent` more decimal places; false, and nothing changed, when one has no room.
bool raise(ColumnValues& column, int exponent) {
  std::vector<std::int64_t> raised(column.values.size());
  for (std::size_t row = 0; row < raised.size(); ++row) {
    if (!scale_up(column.values[row], exponent, raised[row])) return false;
  }
  // Copied, not swapped: the column keeps the room that it has reserved.
  column.values.assign(raised.begin(), raised.end());
  column.scale += exponent;
  return true;
}

/// Drops the decimal places that are zero in every value.
void lower(ColumnValues& column) {
  int places = column.scale;
  for (const std::int64_t value : column.values) {
    places = std::min(places, column.scale - Decimal{value, column.scale}.normalized().scale);
  }
  if (places == 0 || places > 18) return;
  for (std::int64_t& value : column.values) value /= power_of_ten(places);
  column.scale -= places;
}

}  // namespace

void CandleWriter::reserve(std::size_t bytes, std::size_t row_bytes) {
  out_.reserve(std::min(bytes / std::max(row_bytes, kRowBytesMin), kRowsReservedMax));
}

void CandleWriter::keep_odd_close_time(TimeMs time) {
  const auto row = static_cast<std::uint32_t>(out_.row_count() - 1);
  out_.odd_close_times.push_back(OddCloseTime{row, time});
}

void CandleWriter::plain_numbers(Column column, std::span<const std::int64_t> mantissas,
                                 int scale) {
  ColumnValues& target = out_.column(column);
  if (scale == target.scale) {
    target.values.insert(target.values.end(), mantissas.begin(), mantissas.end());
    return;
  }
  for (const std::int64_t mantissa : mantissas) append(column, Decimal{mantissa, scale});
}

const char* CandleWriter::unusual_number(Column column, const char* at, const char* end) {
  const char* next = at;
  while (next != end && is_number_byte(*next)) ++next;
  if (next - at > kNumberBytesMax) return nullptr;
  const std::string_view text(at, static_cast<std::size_t>(next - at));

  Decimal value;
  switch (parse_decimal(text, value)) {
    case DecimalStatus::kExact:
      append(column, value);
      return next;
    case DecimalStatus::kWide: {
      Result<std::string> canonical = canonical_decimal(text);
      if (!canonical) return nullptr;
      out_.append_wide(column, *std::move(canonical));
      return next;
    }
    case DecimalStatus::kInvalid:
      break;
  }
  return nullptr;
}

// Exchanges write a column with a fixed number of decimal places, mostly with trailing zeros. Taking
// the scale as it is written keeps nearly every value on the fast path. Only where a mantissa then
// grows too large are the zeros dropped; what still does not fit is kept as text by the batch.
void CandleWriter::append(Column column, Decimal value) {
  ColumnValues& target = out_.column(column);
  const std::uint32_t bit = 1U << static_cast<unsigned>(column);
  if ((misfits_ & bit) == 0) {
    if (target.values.empty()) target.scale = value.scale;
    std::int64_t mantissa = 0;
    if ((value.scale <= target.scale || raise(target, value.scale - target.scale)) &&
        scale_up(value.mantissa, target.scale - value.scale, mantissa)) {
      target.values.push_back(mantissa);
      return;
    }
    // Once a column: a hostile answer must not make every value walk over all before it.
    misfits_ |= bit;
    lower(target);
  }
  out_.append(column, value.normalized());
}

}  // namespace bf::exchange
