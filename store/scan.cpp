#include "store/scan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "store/row_order.h"

namespace bf::store {
namespace {

/// A batch is handed out when it has this many rows, or before it would change its scale. Less than a
/// block: the last one of a segment is handed on as it is, and no row of the next is copied.
constexpr std::size_t kBatchRows = kBlockRows / 4;

/// Whether rows of `from` can be put behind those of `to`: the same columns of those wanted, and in
/// each of them the same scale.
bool fits_behind(const CandleBatch& to, const CandleBatch& from, ColumnSet wanted) {
  if (to.columns != from.columns.intersect(wanted)) return false;
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (to.columns.contains(static_cast<Column>(i)) && to.data[i].scale != from.data[i].scale) {
      return false;
    }
  }
  return true;
}

/// Appends rows [begin, end) of `from`, which fits behind, with its exceptions.
void append_slice(CandleBatch& to, const CandleBatch& from, std::size_t begin, std::size_t end) {
  const auto first_row = static_cast<std::uint32_t>(to.row_count());
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (!to.columns.contains(static_cast<Column>(i))) continue;
    const std::vector<std::int64_t>& values = from.data[i].values;
    to.data[i].values.insert(to.data[i].values.end(),
                             values.begin() + static_cast<std::ptrdiff_t>(begin),
                             values.begin() + static_cast<std::ptrdiff_t>(end));
  }
  if (from.wide.empty() && from.odd_close_times.empty()) return;
  const std::size_t wide = to.wide.size();
  collect_exceptions(from, begin, end, first_row, to.wide, to.odd_close_times);
  const auto left_out = [&to](const WideValue& value) {
    return !to.columns.contains(value.column);
  };
  to.wide.erase(
      std::remove_if(to.wide.begin() + static_cast<std::ptrdiff_t>(wide), to.wide.end(), left_out),
      to.wide.end());
}

class MergedScan final : public Scan {
 public:
  MergedScan(std::shared_ptr<const PinnedSeries> pinned, TimeRange range, ColumnSet columns,
             ScanOptions options)
      : pinned_(std::move(pinned)), range_(range), columns_(columns), options_(options) {}

  Result<bool> next(ScanBatch& batch) override {
    batch.provenance.clear();
    batch.answers.clear();
    fresh_ = true;
    const Result<bool> filled = ended_ ? Result<bool>(false) : fill(batch);
    if (fresh_) batch.rows.clear();
    if (!filled || !*filled) ended_ = true;
    return filled;
  }

 private:
  Result<bool> fill(ScanBatch& batch) {
    if (!merge_) {
      Result<Merge> merge = merge_all(*pinned_, range_, columns_, options_.live);
      if (!merge) return fail(merge.error());
      merge_.emplace(std::move(*merge));
    }
    while (fresh_ || batch.rows.row_count() < kBatchRows) {
      if (!waiting_) {
        if (fresh_) merge_->lend(batch.rows);
        const Result<bool> more = merge_->next(slice_);
        if (!more) return more;
        if (!*more) break;
        waiting_ = true;
      }
      const CandleBatch& rows = slice_.cursor->rows();
      if (!fresh_ && !fits_behind(batch.rows, rows, columns_)) break;
      const Result<void> added = add_slice(batch);
      if (!added) return fail(added.error());
      waiting_ = false;
    }
    return !fresh_;
  }

  Result<void> add_slice(ScanBatch& batch) {
    const CandleBatch& rows = slice_.cursor->rows();
    if (options_.provenance) {
      const Result<void> added = add_provenance(batch);
      if (!added) return added;
    }
    const bool whole = slice_.begin == 0 && slice_.end == rows.row_count();
    const bool first = std::exchange(fresh_, false);
    if (first && whole && slice_.losers.empty() && slice_.cursor->take(batch.rows)) {
      return {};  // a block of which every row stands is handed on as it is
    }
    if (first) {
      batch.rows.clear();
      batch.rows.columns = rows.columns.intersect(columns_);
      for (std::size_t i = 0; i < kColumnCount; ++i) batch.rows.data[i].scale = rows.data[i].scale;
    }
    append_slice(batch.rows, rows, slice_.begin, slice_.end);
    return {};
  }

  Result<void> add_provenance(ScanBatch& batch) const {
    const std::size_t before = fresh_ ? 0 : batch.rows.row_count();
    for (std::size_t at = slice_.begin; at < slice_.end;) {
      const Result<RowOrigin> origin = slice_.cursor->origin(at);
      if (!origin) return fail(origin.error());
      at = std::min(slice_.end, origin->end);
      const auto row_end = static_cast<std::uint32_t>(before + at - slice_.begin);
      const std::uint32_t index = index_of(batch.answers, origin->exact());
      if (!batch.provenance.empty() && batch.provenance.back().answer == index) {
        batch.provenance.back().row_end = row_end;
      } else {
        batch.provenance.push_back(ScanBatch::Run{row_end, index});
      }
    }
    return {};
  }

  static std::uint32_t index_of(std::vector<Answer>& answers, const Answer& answer) {
    // The last ones come first: neighbouring rows share their answer.
    for (std::size_t i = answers.size(); i > 0; --i) {
      if (answers[i - 1] == answer) return static_cast<std::uint32_t>(i - 1);
    }
    answers.push_back(answer);
    return static_cast<std::uint32_t>(answers.size() - 1);
  }

  std::shared_ptr<const PinnedSeries> pinned_;
  TimeRange range_;
  ColumnSet columns_;
  ScanOptions options_;
  std::optional<Merge> merge_;
  Slice slice_;
  bool waiting_ = false;  // slice_ is not in a batch yet
  bool fresh_ = true;     // nothing of the batch at hand is filled in yet
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Scan> make_scan(std::shared_ptr<const PinnedSeries> pinned, TimeRange range,
                                ColumnSet columns, ScanOptions options) {
  return std::make_unique<MergedScan>(std::move(pinned), range, columns, options);
}

}  // namespace bf::store
