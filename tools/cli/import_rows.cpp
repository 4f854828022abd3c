#include "tools/cli/import_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "engine/exchange/candle_writer.h"
#include "store/base/assert.h"
#include "store/base/decimal.h"
#include "store/base/series.h"
#include "tools/cli/text.h"

namespace bf::cli {
namespace {

using Role = ImportField::Role;

constexpr std::size_t kChunkRows = 4'096;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
/// Chunks of full length hold kImportRowsMax rows many times; shorter ones come of empty cells.
constexpr std::size_t kChunksMax = 65'536;
/// More fields than any known file has: what follows is not a table.
constexpr std::size_t kFieldsMax = 64;

/// Puts rows of fields into chunks.
class RowBuilder {
 public:
  explicit RowBuilder(const ImportOptions& options)
      : options_(options),
        open_times_(options.time_unit, TimeReader::Finer::kRefused),
        // A file whose open times are text may have close times in ms.
        close_times_(TimeUnit::kAuto, TimeReader::Finer::kDropped) {}

  void set_layout(ImportLayout layout) {
    layout_ = std::move(layout);
    const auto is_time = [](const ImportField& f) { return f.role == Role::kOpenTime; };
    time_at_ = static_cast<std::size_t>(
        std::find_if(layout_->fields.begin(), layout_->fields.end(), is_time) -
        layout_->fields.begin());
  }
  [[nodiscard]] const std::optional<ImportLayout>& layout() const noexcept { return layout_; }

  /// Errors: kDataQuality, kLimit.
  [[nodiscard]] Result<void> add(std::span<const std::string_view> fields) {
    if (fields.size() != layout_->fields.size()) {
      return fail(Code::kDataQuality,
                  fmt::format("{} where {} are expected",
                              format_counted(static_cast<std::int64_t>(fields.size()), "column"),
                              layout_->fields.size()));
    }
    if (rows_.order.size() == kImportRowsMax) {
      return fail(Code::kLimit,
                  fmt::format("more than {} rows: split the file",
                              format_count(static_cast<std::int64_t>(kImportRowsMax))));
    }
    const Result<TimeMs> time = open_times_.read(fields[time_at_]);
    if (!time) return fail(time.error());
    const Result<void> begun = begin_row(*time, columns_of(fields));
    if (!begun) return begun;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const Result<void> taken = add_field(layout_->fields[i], fields[i]);
      if (!taken) return taken;
    }
    return {};
  }

  [[nodiscard]] ImportedRows& rows() noexcept { return rows_; }

  [[nodiscard]] ImportedRows finish() && {
    close_chunk();
    return std::move(rows_);
  }

 private:
  /// The columns of one row: an empty cell says that the row has none of an optional column.
  [[nodiscard]] ColumnSet columns_of(std::span<const std::string_view> fields) const {
    ColumnSet columns = kOhlcvColumns;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const ImportField& field = layout_->fields[i];
      if (field.role == Role::kValue && !fields[i].empty()) columns.insert(field.column);
    }
    return columns;
  }

  [[nodiscard]] Result<void> begin_row(TimeMs time, ColumnSet columns) {
    const bool other = writer_ && columns != chunk_.columns;
    if (other || chunk_.row_count() == kChunkRows) close_chunk();
    if (rows_.chunks.size() == kChunksMax) {
      return fail(Code::kLimit, "cells are empty in too many places: split the file");
    }
    if (!writer_) writer_.emplace(options_.interval, columns, chunk_);
    rows_.order.push_back(ImportedRow{time, static_cast<std::uint32_t>(rows_.chunks.size()),
                                      static_cast<std::uint32_t>(chunk_.row_count())});
    const bool in_time = writer_->open_time(time);
    BF_ASSERT(in_time);  // TimeReader refuses any other
    return {};
  }

  [[nodiscard]] Result<void> add_field(const ImportField& field, std::string_view text) {
    if (field.role == Role::kCloseTime && !text.empty()) {
      const Result<TimeMs> time = close_times_.read(text);
      if (!time) return fail(time.error().at("close time"));
      const bool in_time = writer_->close_time(*time);
      BF_ASSERT(in_time);
      return {};
    }
    if (field.role != Role::kValue || !chunk_.columns.contains(field.column)) return {};
    if (field.column == Column::kTrades) return add_count(text);
    const char* const end = text.data() + text.size();
    if (!text.empty() && writer_->number(field.column, text.data(), end) == end) return {};
    return fail(Code::kDataQuality, fmt::format("{}: \"{}\" is not a number",
                                                column_name(field.column), printable(text, 60)));
  }

  // A count may be written "18.0", but nothing in between.
  [[nodiscard]] Result<void> add_count(std::string_view text) {
    Decimal count;
    const bool exact = parse_decimal(text, count) == DecimalStatus::kExact;
    count = count.normalized();
    if (!exact || count.scale != 0 || count.mantissa < 0) {
      return fail(Code::kDataQuality,
                  fmt::format("trades: \"{}\" is not a count", printable(text, 60)));
    }
    chunk_.column(Column::kTrades).values.push_back(count.mantissa);
    return {};
  }

  void close_chunk() {
    if (!writer_) return;
    writer_.reset();
    rows_.chunks.push_back(std::move(chunk_));
    chunk_ = CandleBatch();
  }

  const ImportOptions& options_;
  std::optional<ImportLayout> layout_;
  std::size_t time_at_ = 0;
  TimeReader open_times_;
  TimeReader close_times_;
  CandleBatch chunk_;
  std::optional<exchange::CandleWriter> writer_;  // of chunk_; none between chunks
  ImportedRows rows_;
};

/// The layout of --columns, or none where the user named no columns.
Result<std::optional<ImportLayout>> named_layout(const ImportOptions& options) {
  if (options.columns.empty()) return std::optional<ImportLayout>();
  const std::vector<std::string_view> names(options.columns.begin(), options.columns.end());
  Result<ImportLayout> layout = import_layout(names);
  if (!layout) return fail(layout.error().at("--columns"));
  return std::optional<ImportLayout>(std::move(*layout));
}

char separator_of(std::string_view line) noexcept {
  for (const char candidate : {'\t', ';'}) {
    if (line.find(candidate) != std::string_view::npos) return candidate;
  }
  return ',';
}

std::string_view unquoted(std::string_view field) noexcept {
  field = trim(field);
  if (field.size() >= 2 && field.front() == '"' && field.back() == '"') {
    field.remove_prefix(1);
    field.remove_suffix(1);
  }
  return field;
}

class CsvImport {
 public:
  CsvImport(std::string_view text, const ImportOptions& options)
      : rest_(text), options_(options), rows_(options) {}

  Result<ImportedRows> read() && {
    std::string_view line;
    while (next_line(line)) {
      if (trim(line).empty()) continue;
      const Result<void> taken = take(line);
      if (!taken) return fail(taken.error().at(fmt::format("line {}", number_)));
    }
    return std::move(rows_).finish();
  }

 private:
  bool next_line(std::string_view& line) {
    if (rest_.empty()) return false;
    const std::size_t end = rest_.find('\n');
    line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    ++number_;
    return true;
  }

  Result<void> take(std::string_view line) {
    const bool first = !rows_.layout().has_value();
    if (first) separator_ = separator_of(line);
    const Result<void> whole = split_line(line);
    if (!whole) return whole;
    const bool header = is_header(fields_);
    if (first) {
      const Result<void> begun = begin(header);
      if (!begun) return begun;
      if (header) header_ = line;
    } else if (header) {
      return repeat_header(line);
    }
    if (header) return {};
    return rows_.add(fields_);
  }

  Result<void> begin(bool header) {
    Result<std::optional<ImportLayout>> named = named_layout(options_);
    if (!named) return fail(named.error());
    if (*named) {
      rows_.set_layout(std::move(**named));
      return {};
    }
    Result<ImportLayout> layout =
        header ? import_layout(fields_) : nameless_layout(fields_.size(), /*six_are_known=*/false);
    if (!layout) return fail(layout.error());
    rows_.set_layout(std::move(*layout));
    return {};
  }

  // Joined files repeat their header. One that says something else would turn prices into volumes.
  Result<void> repeat_header(std::string_view line) {
    const Result<ImportLayout> layout = import_layout(fields_);
    if (line != header_ && (!layout || *layout != *rows_.layout())) {
      return fail(Code::kDataQuality, fmt::format("\"{}\" is neither a row nor the header above: "
                                                  "import the parts one by one",
                                                  printable(line, 80)));
    }
    ++rows_.rows().repeated_headers;
    return {};
  }

  Result<void> split_line(std::string_view line) {
    fields_.clear();
    for (;;) {
      const std::size_t end = line.find(separator_);
      fields_.push_back(unquoted(line.substr(0, end)));
      if (end == std::string_view::npos) return {};
      if (fields_.size() == kFieldsMax) {
        return fail(Code::kUsage, fmt::format("more than {} columns", kFieldsMax));
      }
      line.remove_prefix(end + 1);
    }
  }

  std::string_view rest_;
  const ImportOptions& options_;
  RowBuilder rows_;
  std::string_view header_;
  std::vector<std::string_view> fields_;
  std::size_t number_ = 0;
  char separator_ = ',';
};

/// Reads arrays of arrays alone: there the text of a number is at hand, to be taken digit by digit.
class JsonImport {
 public:
  JsonImport(std::string_view text, const ImportOptions& options)
      : rest_(text), options_(options), rows_(options) {}

  Result<ImportedRows> read() && {
    while (!blank().empty()) {
      const Result<void> list = read_list();
      if (!list) return fail(list.error().at(fmt::format("row {}", number_)));
    }
    return std::move(rows_).finish();
  }

 private:
  std::string_view blank() {
    const std::size_t begin = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(begin == std::string_view::npos ? rest_.size() : begin);
    return rest_;
  }
  bool take(char c) {
    if (blank().empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] Error unexpected() const {
    if (rest_.empty()) return Error(Code::kDataQuality, "the file ends in the middle");
    return Error(Code::kDataQuality, fmt::format("\"{}\" where [time, open, high, low, close, "
                                                 "volume, ...] is expected",
                                                 printable(rest_.substr(0, 40))));
  }

  Result<void> read_list() {
    if (!take('[')) return fail(unexpected());
    if (take(']')) return {};
    do {
      ++number_;
      const Result<void> row = read_row();
      if (!row) return row;
    } while (take(','));
    return take(']') ? Result<void>() : fail(unexpected());
  }

  Result<void> read_row() {
    fields_.clear();
    if (!take('[')) return fail(unexpected());
    do {
      const bool known = fields_.size() < kFieldsMax && read_value();
      if (!known) return fail(unexpected());
    } while (take(','));
    if (!take(']')) return fail(unexpected());
    if (!rows_.layout()) {
      const Result<void> begun = begin();
      if (!begun) return begun;
    }
    return rows_.add(fields_);
  }

  /// A number, or a string without escapes.
  bool read_value() {
    const bool quoted = take('"');
    const std::size_t end = rest_.find_first_of(quoted ? "\"\\" : ",] \t\r\n[{\"");
    if (end == std::string_view::npos || (quoted && rest_[end] != '"')) return false;
    fields_.push_back(rest_.substr(0, end));
    rest_.remove_prefix(quoted ? end + 1 : end);
    return quoted || end != 0;
  }

  Result<void> begin() {
    Result<std::optional<ImportLayout>> named = named_layout(options_);
    if (!named) return fail(named.error());
    if (*named) {
      rows_.set_layout(std::move(**named));
      return {};
    }
    Result<ImportLayout> layout = nameless_layout(fields_.size(), /*six_are_known=*/true);
    if (!layout) return fail(layout.error());
    rows_.set_layout(std::move(*layout));
    return {};
  }

  std::string_view rest_;
  const ImportOptions& options_;
  RowBuilder rows_;
  std::vector<std::string_view> fields_;
  std::size_t number_ = 0;
};

}  // namespace

Result<ImportedRows> parse_import(std::string_view text, const ImportOptions& options) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const std::string_view shown = trim(text.substr(0, 4'096));
  if (shown.starts_with('{')) {
    return fail(Code::kUsage, "a JSON object is no list of candles: [[time, open, ...], ...]");
  }
  Result<ImportedRows> rows =
      shown.starts_with('[') ? JsonImport(text, options).read() : CsvImport(text, options).read();
  if (!rows) return rows;
  if (rows->order.empty()) return fail(Code::kUsage, "there is no row in it");
  return rows;
}

}  // namespace bf::cli
