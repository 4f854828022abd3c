#include "tools/cli/export_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "store/base/assert.h"

namespace bf::cli {
namespace {

/// Room for a cell's name, separators and a number; texts make their own.
constexpr std::size_t kCellBytes = kNumberBytesMax + 40;
static_assert(kTimeBytesMax + 2 <= kNumberBytesMax);
constexpr std::size_t kBufferBytesMin = 1U << 16;

char* put(char* at, std::string_view text) noexcept {
  std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

}  // namespace

char* TextBuffer::room(std::size_t bytes) {
  if (capacity_ - size_ < bytes) {
    const std::size_t wanted = std::max({kBufferBytesMin, capacity_ * 2, size_ + bytes});
    auto grown = std::make_unique_for_overwrite<char[]>(wanted);
    if (size_ > 0) std::memcpy(grown.get(), data_.get(), size_);
    data_ = std::move(grown);
    capacity_ = wanted;
  }
  return data_.get() + size_;
}

void TextBuffer::append(std::string_view text) {
  char* const at = room(text.size());
  end_at(text.empty() ? at : put(at, text));
}

SlotFiller::SlotFiller(std::vector<store::StateRange> states, Interval interval)
    : states_(std::move(states)), interval_(interval) {
  std::erase_if(states_, [](const store::StateRange& range) {
    return range.state == store::SlotState::kHeld;
  });
  if (!states_.empty()) at_ = slot_ceil(interval_, states_.front().range.from);
}

bool SlotFiller::settle() noexcept {
  while (index_ < states_.size() && at_ >= states_[index_].range.to) {
    ++index_;
    if (index_ < states_.size()) at_ = slot_ceil(interval_, states_[index_].range.from);
  }
  return index_ < states_.size();
}

std::optional<TimeMs> SlotFiller::peek() noexcept {
  if (!settle()) return std::nullopt;
  return at_;
}

std::optional<EmptySlot> SlotFiller::next_before(TimeMs limit) noexcept {
  if (!settle() || at_ >= limit) return std::nullopt;
  const EmptySlot slot{at_, states_[index_].state};
  at_ = next_slot(interval_, at_);
  return slot;
}

RowWriter::RowWriter(const ExportLayout& layout, const Series& series)
    : layout_(layout),
      series_(series),
      interval_(layout.resample.value_or(series.interval)),
      json_(layout.format == ExportFormat::kJsonLines) {
  for (const ExportColumn& column : layout.columns) {
    Cell cell;
    cell.column = column;
    if (json_) cell.name = fmt::format("\"{}\":", export_column_name(column));
    cells_.push_back(std::move(cell));
  }
  const std::string name = series.name();
  series_cell_ = json_ ? json_cell(name) : csv_cell(name);
}

void RowWriter::header(const ExportLayout& layout, TextBuffer& out) {
  if (layout.format == ExportFormat::kJsonLines) return;
  bool first = true;
  for (const ExportColumn& column : layout.columns) {
    if (!first) out.append(",");
    first = false;
    out.append(export_column_name(column));
  }
  out.append("\n");
}

void RowWriter::prepare(const store::ScanBatch& batch) {
  const CandleBatch& rows = batch.rows;
  for (Cell& cell : cells_) {
    const ColumnValues& column = rows.column(cell.column.stored);
    cell.values = rows.columns.contains(cell.column.stored) ? column.values.data() : nullptr;
    cell.scale = column.scale;
    cell.wide = std::any_of(rows.wide.begin(), rows.wide.end(), [&cell](const WideValue& wide) {
      return wide.column == cell.column.stored;
    });
  }
  source_cells_.clear();
  for (const store::Answer& answer : batch.answers) {
    const std::string name =
        fmt::format("{} {}", answer.exchange, store::channel_name(answer.channel));
    source_cells_.push_back(json_ ? json_cell(name) : csv_cell(name));
  }
  run_ = 0;
}

bool RowWriter::only_decimals() const noexcept {
  return !json_ && std::all_of(cells_.begin(), cells_.end(), [this](const Cell& cell) {
    const bool time = cell.column.stored == Column::kOpenTime;
    return cell.column.kind == ExportColumn::Kind::kStored && cell.values != nullptr &&
           !cell.wide && (!time || layout_.time == TimeStyle::kMs);
  });
}

void RowWriter::write_decimals(std::size_t begin, std::size_t end, TextBuffer& out) {
  texts_.resize(cells_.size());
  while (begin < end) {
    const std::size_t count = std::min(end - begin, DecimalTexts::kValuesMax);
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      texts_[i].assign(std::span(cells_[i].values + begin, count), cells_[i].scale);
    }
    char* const at = out.room(count * cells_.size() * DecimalTexts::kTextBytesMax);
    out.end_at(DecimalTexts::write_lines(texts_, count, at));
    begin += count;
  }
}

void RowWriter::rows(const store::ScanBatch& batch, std::size_t begin, std::size_t end,
                     TextBuffer& out) {
  prepare(batch);
  if (only_decimals()) {
    write_decimals(begin, end, out);
  } else {
    for (std::size_t row = begin; row < end; ++row) out.end_at(write_row(batch, row, out));
  }
  if (begin < end && layout_.gaps == GapMode::kFlat) remember_close(batch, end - 1);
}

char* RowWriter::write_before(const Cell& cell, char* at) const noexcept {
  if (&cell != cells_.data()) *at++ = ',';
  return json_ ? put(at, cell.name) : at;
}

char* RowWriter::write_row(const store::ScanBatch& batch, std::size_t row, TextBuffer& out) {
  while (run_ < batch.provenance.size() && batch.provenance[run_].row_end <= row) ++run_;
  char* at = out.room(cells_.size() * kCellBytes + 4);
  if (json_) *at++ = '{';
  for (const Cell& cell : cells_) {
    at = write_before(cell, at);
    at = write_cell(cell, batch, row, at, out);
  }
  if (json_) *at++ = '}';
  *at++ = '\n';
  return at;
}

char* RowWriter::write_cell(const Cell& cell, const store::ScanBatch& batch, std::size_t row,
                            char* at, TextBuffer& out) {
  const CandleBatch& rows = batch.rows;
  switch (cell.column.kind) {
    case ExportColumn::Kind::kStored: {
      if (cell.column.stored == Column::kOpenTime) return write_time(at, cell.values[row]);
      if (cell.values == nullptr) return write_nothing(at);
      if (cell.wide) return write_text(at, rows.text_at(cell.column.stored, row), out);
      return write_decimal(at, cell.values[row], cell.scale);
    }
    case ExportColumn::Kind::kCloseTime: {
      const TimeMs odd = rows.odd_close_time(row);
      const TimeMs open = rows.open_time()[row];
      return write_time(at, odd != 0 ? odd : next_slot(interval_, open) - 1);
    }
    case ExportColumn::Kind::kSource: {
      if (run_ >= batch.provenance.size()) return write_nothing(at);
      const std::size_t answer = batch.provenance[run_].answer;
      BF_ASSERT(answer < source_cells_.size());
      return write_text(at, source_cells_[answer], out);
    }
    case ExportColumn::Kind::kState:
      return put(at, json_ ? json_cell(state_of(batch, row)) : std::string(state_of(batch, row)));
    case ExportColumn::Kind::kSeries:
      break;
  }
  return write_text(at, series_cell_, out);
}

std::string_view RowWriter::state_of(const store::ScanBatch& batch, std::size_t row) const {
  if (batch.folded.empty()) return "held";
  const TimeMs bucket = batch.rows.open_time()[row];
  const std::int64_t slots = slot_count(series_.interval, {bucket, next_slot(interval_, bucket)});
  return batch.folded[row] < slots ? "partial" : "held";
}

char* RowWriter::write_time(char* at, TimeMs t) const noexcept {
  // A close time that an exchange gave in error may lie outside of the calendar that is written.
  const bool plain = layout_.time == TimeStyle::kMs || t < kTimeMin || t >= kTimeMax;
  if (plain) return write_integer(at, t);
  if (json_) *at++ = '"';
  at = write_rfc3339(at, t);
  if (json_) *at++ = '"';
  return at;
}

char* RowWriter::write_nothing(char* at) const noexcept { return json_ ? put(at, "null") : at; }

char* RowWriter::write_text(char* at, std::string_view text, TextBuffer& out) const {
  // A text may be longer than the room that a number has.
  out.end_at(at);
  out.append(text);
  return out.room(cells_.size() * kCellBytes + 4);
}

void RowWriter::remember_close(const store::ScanBatch& batch, std::size_t row) {
  if (!batch.rows.columns.contains(Column::kClose)) return;
  last_close_ = batch.rows.text_at(Column::kClose, row);
}

std::string RowWriter::flat_value(Column column) const {
  const bool price = column == Column::kOpen || column == Column::kHigh || column == Column::kLow ||
                     column == Column::kClose;
  return price ? last_close_ : "0";
}

void RowWriter::empty_slot(const EmptySlot& slot, TextBuffer& out) {
  const bool flat = layout_.gaps == GapMode::kFlat;
  // A missing slot may have a candle that nobody fetched: nothing is put in its place.
  if (flat && (slot.state == store::SlotState::kMissing || last_close_.empty())) return;
  char* at = out.room(cells_.size() * kCellBytes + 4);
  if (json_) *at++ = '{';
  for (const Cell& cell : cells_) {
    at = write_before(cell, at);
    switch (cell.column.kind) {
      case ExportColumn::Kind::kStored:
        if (cell.column.stored == Column::kOpenTime) {
          at = write_time(at, slot.open_time);
        } else {
          at = flat ? write_text(at, flat_value(cell.column.stored), out) : write_nothing(at);
        }
        break;
      case ExportColumn::Kind::kCloseTime:
        at = write_time(at, next_slot(interval_, slot.open_time) - 1);
        break;
      case ExportColumn::Kind::kSource:
        at = write_nothing(at);
        break;
      case ExportColumn::Kind::kState:
        at = put(at, json_ ? fmt::format("\"{}\"", store::slot_state_name(slot.state))
                           : std::string(store::slot_state_name(slot.state)));
        break;
      case ExportColumn::Kind::kSeries:
        at = write_text(at, series_cell_, out);
        break;
    }
  }
  if (json_) *at++ = '}';
  *at++ = '\n';
  out.end_at(at);
}

}  // namespace bf::cli
