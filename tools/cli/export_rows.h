// tools/cli/export_rows.h
//
// Candles of one series as lines of text, slot states included where they are asked for.
//
//   RowWriter   batches of a scan -> lines in a buffer
//   SlotFiller  which slots without a candle lie before the next row
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/base/series.h"
#include "store/store.h"
#include "tools/cli/decimal_texts.h"
#include "tools/cli/export_format.h"
#include "tools/cli/number_writer.h"

namespace bf::cli {

/// Bytes that grow at the end, with room made before a row and not checked within it.
class TextBuffer {
 public:
  /// A place with room for `bytes`; what was written is handed back with end_at().
  [[nodiscard]] char* room(std::size_t bytes);
  void end_at(const char* end) noexcept { size_ = static_cast<std::size_t>(end - data_.get()); }
  void append(std::string_view text);
  void clear() noexcept { size_ = 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::string_view text() const noexcept { return {data_.get(), size_}; }

 private:
  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// A slot without a candle.
struct EmptySlot {
  TimeMs open_time = 0;
  store::SlotState state = store::SlotState::kMissing;
};

/// Hands out the slots without a candle, in order.
class SlotFiller {
 public:
  /// `states` are those of the exported range, in order; held ones are passed over.
  SlotFiller(std::vector<store::StateRange> states, Interval interval);
  /// The next slot that opens before `limit`; nullopt when there is none.
  [[nodiscard]] std::optional<EmptySlot> next_before(TimeMs limit) noexcept;
  /// When the next slot opens; nullopt when there is none.
  [[nodiscard]] std::optional<TimeMs> peek() noexcept;

 private:
  /// Steps to the range that holds a slot that was not handed out; false when there is none.
  bool settle() noexcept;

  std::vector<store::StateRange> states_;
  Interval interval_;
  std::size_t index_ = 0;
  TimeMs at_ = 0;  ///< the next slot to look at in states_[index_]
};

class RowWriter {
 public:
  RowWriter(const ExportLayout& layout, const Series& series);

  /// The first line of a CSV; nothing for JSON lines.
  static void header(const ExportLayout& layout, TextBuffer& out);
  /// Rows [begin, end) of `batch`, which was scanned with layout.stored_columns() (and with provenance
  /// where the layout has a source).
  void rows(const store::ScanBatch& batch, std::size_t begin, std::size_t end, TextBuffer& out);
  /// A line for a slot without a candle, as layout.gaps says (which is not kOmit); may write none.
  void empty_slot(const EmptySlot& slot, TextBuffer& out);

 private:
  /// One cell of the batch at hand.
  struct Cell {
    ExportColumn column;
    std::string name;  ///< what stands in front of a JSON value: `"open":`
    const std::int64_t* values = nullptr;
    int scale = 0;
    bool wide = false;  ///< some value of the column in this batch is a WideValue
  };
  void prepare(const store::ScanBatch& batch);
  [[nodiscard]] bool only_decimals() const noexcept;
  void write_decimals(std::size_t begin, std::size_t end, TextBuffer& out);
  char* write_before(const Cell& cell, char* at) const noexcept;
  char* write_row(const store::ScanBatch& batch, std::size_t row, TextBuffer& out);
  char* write_cell(const Cell& cell, const store::ScanBatch& batch, std::size_t row, char* at,
                   TextBuffer& out);
  char* write_time(char* at, TimeMs t) const noexcept;
  [[nodiscard]] std::string_view state_of(const store::ScanBatch& batch, std::size_t row) const;
  char* write_nothing(char* at) const noexcept;
  char* write_text(char* at, std::string_view text, TextBuffer& out) const;
  void remember_close(const store::ScanBatch& batch, std::size_t row);
  [[nodiscard]] std::string flat_value(Column column) const;

  const ExportLayout& layout_;
  Series series_;
  Interval interval_;  ///< of the rows that are written
  bool json_;
  std::vector<Cell> cells_;
  std::vector<DecimalTexts> texts_;  ///< one a cell
  std::string series_cell_;
  std::vector<std::string> source_cells_;  ///< of each answer of the batch at hand
  std::size_t run_ = 0;                    ///< the provenance run that holds the next row
  std::string last_close_;                 ///< empty before the first row
};

}  // namespace bf::cli
