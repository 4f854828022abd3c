#include "store/cursors.h"

#include <algorithm>

#include "store/base/assert.h"
#include "store/row_order.h"

namespace bf::store {
namespace {

class SegmentCursor final : public Cursor {
 public:
  SegmentCursor(std::shared_ptr<const Segment> segment, std::span<const SegmentBlock> blocks,
                ColumnSet wanted)
      : segment_(std::move(segment)), blocks_(blocks), wanted_(wanted) {
    rows_ = &decoded_;
  }

  Result<void> start(TimeMs from) {
    const auto first = std::partition_point(
        blocks_.begin(), blocks_.end(),
        [from](const SegmentBlock& block) { return block.entry.last_open < from; });
    block_ = static_cast<std::size_t>(first - blocks_.begin());
    settle();
    if (done_ || time_ >= from) return {};
    if (const Result<void> loaded = load(); !loaded) return loaded;
    const std::vector<TimeMs>& times = decoded_.open_time();
    position_ = static_cast<std::size_t>(std::lower_bound(times.begin(), times.end(), from) -
                                         times.begin());
    time_ = times[position_];
    return {};
  }

  Result<void> load() override {
    if (loaded_) return {};
    const Result<void> read = segment_->read_block(block_, wanted_, codec_, decoded_);
    if (read) loaded_ = true;
    return read;
  }

  void advance(std::size_t count) override {
    position_ += count;
    const std::size_t rows = blocks_[block_].entry.rows;
    BF_ASSERT(position_ <= rows);
    if (position_ < rows) {
      time_ = decoded_.open_time()[position_];
      return;
    }
    ++block_;
    position_ = 0;
    loaded_ = false;
    settle();
  }

  Result<RowOrigin> origin(std::size_t position) override {
    const Result<std::span<const AnswerRun>> runs = segment_->runs();
    if (!runs) return fail(runs.error());
    const SegmentBlock& block = blocks_[block_];
    const auto row = static_cast<std::uint32_t>(block.first_row + position);
    const auto run = std::partition_point(
        runs->begin(), runs->end(),
        [row](const AnswerRun& candidate) { return candidate.row_end <= row; });
    BF_ASSERT(run != runs->end());
    const std::uint32_t end = std::min(run->row_end - block.first_row, block.entry.rows);
    return RowOrigin{&segment_->answers()[run->answer], run->asked_at, std::size_t{end}};
  }

  Result<std::string> values() override {
    const ColumnSet stored = blocks_[block_].encoded.columns;
    if (wanted_.intersect(stored) == stored) return row_values(decoded_, position_);
    // Rows of equal rank come in runs: the block is decoded once for all of its rows.
    if (whole_block_ != block_) {
      const Result<void> read = segment_->read_block(block_, kAllColumns, codec_, whole_);
      if (!read) return fail(read.error());
      whole_block_ = block_;
    }
    return row_values(whole_, position_);
  }

  bool take(CandleBatch& out) override {
    decoded_.swap(out);
    return true;
  }
  void lend(CandleBatch& memory) override {
    if (!loaded_) decoded_.swap(memory);
  }

 private:
  void settle() {
    done_ = block_ == blocks_.size();
    if (!done_) time_ = blocks_[block_].entry.first_open;
  }

  std::shared_ptr<const Segment> segment_;
  std::span<const SegmentBlock> blocks_;
  ColumnSet wanted_;
  RowCodec codec_;
  CandleBatch decoded_;
  std::size_t block_ = 0;
  bool loaded_ = false;
  CandleBatch whole_;  // all columns of block whole_block_
  std::size_t whole_block_ = static_cast<std::size_t>(-1);
};

}  // namespace

PageCursor::PageCursor(const AnsweredRows& page, TimeMs from) : page_(page) {
  rows_ = &page.rows;
  const std::vector<TimeMs>& times = page.rows.open_time();
  position_ =
      static_cast<std::size_t>(std::lower_bound(times.begin(), times.end(), from) - times.begin());
  settle();
}

void PageCursor::advance(std::size_t count) {
  position_ += count;
  settle();
}

Result<RowOrigin> PageCursor::origin(std::size_t /*position*/) {
  return RowOrigin{&page_.answer, page_.answer.asked_at, page_.rows.row_count()};
}

Result<std::string> PageCursor::values() { return row_values(*rows_, position_); }

void PageCursor::settle() {
  done_ = position_ == page_.rows.row_count();
  if (!done_) time_ = page_.rows.open_time()[position_];
}

Result<std::unique_ptr<Cursor>> segment_cursor(std::shared_ptr<const Segment> segment, TimeMs from,
                                               ColumnSet wanted) {
  const Result<std::span<const SegmentBlock>> blocks = segment->blocks();
  if (!blocks) return fail(blocks.error());
  auto cursor = std::make_unique<SegmentCursor>(std::move(segment), *blocks, wanted);
  if (const Result<void> started = cursor->start(from); !started) return fail(started.error());
  return std::unique_ptr<Cursor>(std::move(cursor));
}

}  // namespace bf::store
