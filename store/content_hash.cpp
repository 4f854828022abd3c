#include "store/content_hash.h"

#include <algorithm>
#include <array>

#include "store/bytes.h"

namespace bf::store {
namespace {

constexpr std::size_t kBufferBytes = 1U << 16;
/// Stands where a scale does, before the text of a value that no int64 holds.
constexpr std::uint8_t kTextFollows = 0xFF;

/// Exchange, channel and archive file: what a source is, whenever it was asked.
std::string source_bytes(const Answer& answer) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.string(answer.exchange);
  out.fixed(static_cast<std::uint8_t>(answer.channel));
  out.bytes(bytes_of(answer.archive_hash));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::byte> bytes_in(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

void write_decimal(ByteWriter& out, Decimal value) {
  const Decimal plain = value.normalized();
  out.fixed(static_cast<std::uint8_t>(plain.scale));
  out.fixed(plain.mantissa);
}

/// A value is wide by the scale of its column. The hash has one form for it, whatever that scale was.
void write_wide(ByteWriter& out, const std::string& text) {
  Decimal value;
  if (parse_decimal(text, value) == DecimalStatus::kExact) {
    write_decimal(out, value);
    return;
  }
  out.fixed(kTextFollows);
  out.string(text);
}

}  // namespace

void ContentHash::add_row(const CandleBatch& rows, std::size_t row) {
  ByteWriter out(buffer_);
  out.fixed(rows.open_time()[row]);
  out.fixed(static_cast<std::uint16_t>(rows.columns.bits()));
  const auto wide = std::partition_point(rows.wide.begin(), rows.wide.end(),
                                         [row](const WideValue& value) { return value.row < row; });
  const bool any_wide = wide != rows.wide.end() && wide->row == row;
  for (std::size_t i = 1; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    if (!rows.columns.contains(column)) continue;
    if (any_wide) {
      write_wide(out, rows.text_at(column, row));
    } else {
      write_decimal(out, Decimal{rows.data[i].values[row], rows.data[i].scale});
    }
  }
  out.fixed(rows.odd_close_time(row));
}

void ContentHash::flush_rows() {
  row_digest_.add(buffer_);
  buffer_.clear();
}

Result<void> ContentHash::add_rows(const Slice& slice) {
  const CandleBatch& rows = slice.cursor->rows();
  for (std::size_t at = slice.begin; at < slice.end;) {
    const Result<RowOrigin> origin = slice.cursor->origin(at);
    if (!origin) return fail(origin.error());
    std::string source = source_bytes(*origin->answer);
    if (source != source_) {
      end_source();
      source_ = std::move(source);
    }
    const std::size_t end = std::min(slice.end, origin->end);
    for (; at < end; ++at) {
      add_row(rows, at);
      ++rows_;
      if (buffer_.size() >= kBufferBytes) flush_rows();
    }
  }
  return {};
}

void ContentHash::end_source() {
  if (source_.empty()) return;
  source_digest_.add(bytes_in(source_));
  source_digest_.add(bytes_of(rows_));
}

void ContentHash::add_conflict(const Loss& loss) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.fixed(loss.open_time);
  out.string(loss.loser_values);
  conflict_digest_.add(bytes);
  conflict_digest_.add(bytes_in(source_bytes(*loss.loser.answer)));
}

void ContentHash::add_states(std::span<const StateRange> states) {
  const auto add = [this](const StateRange& piece) {
    if (piece.range.empty() || piece.state == SlotState::kMissing) return;
    Bytes bytes;
    ByteWriter out(bytes);
    out.fixed(piece.range.from);
    out.fixed(piece.range.to);
    out.fixed(static_cast<std::uint8_t>(piece.state));
    state_digest_.add(bytes);
  };
  // When a slot is due is about time, not about what is known: neighbours that differ in it are one.
  StateRange run;
  for (const StateRange& piece : states) {
    if (piece.state == run.state && piece.range.from == run.range.to) {
      run.range.to = piece.range.to;
      continue;
    }
    add(run);
    run = piece;
  }
  add(run);
}

std::uint64_t ContentHash::value() {
  flush_rows();
  end_source();
  source_.clear();
  const std::array<std::uint64_t, 5> parts = {rows_, row_digest_.value(), source_digest_.value(),
                                              conflict_digest_.value(), state_digest_.value()};
  return digest(bytes_of(parts), 0);
}

}  // namespace bf::store
