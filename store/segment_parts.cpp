#include "store/segment_parts.h"

#include "store/answer_codec.h"
#include "store/range_codec.h"
#include "store/row_codec.h"

namespace bf::store {
namespace {

constexpr std::size_t kPathBytesMax = 512;
constexpr std::size_t kValuesBytesMax = 16384;
constexpr std::size_t kAnswerBytesMin = 7;
/// Of a block of open times alone.
constexpr std::size_t kIndexEntryBytesMin = 19;

Error damaged(std::string_view what) { return Error(Code::kCorrupt, std::string(what)); }

/// `last_open` is the last open time of the block before; 0 for the first.
Result<SegmentBlock> read_index_entry(ByteReader& in, TimeMs last_open) {
  SegmentBlock block;
  const std::uint64_t rows = in.varint();
  const std::uint64_t columns = in.varint();
  const std::int64_t ahead = in.signed_varint();
  const std::uint64_t length = in.varint();
  const auto calendar = static_cast<std::uint64_t>(kTimeMax);
  if (!in.ok() || rows == 0 || rows > kBlockRows || ahead < -kTimeMax || ahead > kTimeMax ||
      length > calendar) {
    return fail(damaged("a block of the index contradicts itself"));
  }
  if (!go_together(columns) || (columns & 1U) == 0) {
    return fail(Code::kFormat, "columns that this build does not know");
  }
  block.entry.rows = static_cast<std::uint32_t>(rows);
  block.entry.first_open = last_open + ahead;
  block.entry.last_open = block.entry.first_open + static_cast<TimeMs>(length);
  block.encoded.columns = ColumnSet::from_bits(static_cast<std::uint32_t>(columns));
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (!block.encoded.columns.contains(static_cast<Column>(i))) continue;
    const Result<ColumnBlock> column = read_column_block(in);
    if (!column) return fail(column.error());
    block.encoded.blocks[i] = *column;
    block.hashes[i] = in.fixed<std::uint64_t>();
  }
  if (!in.ok()) return fail(damaged("the index ends too early"));
  return block;
}

}  // namespace

std::uint64_t size_of(const SegmentBlock& block) noexcept {
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (block.encoded.columns.contains(static_cast<Column>(i)))
      size += block.encoded.blocks[i].size;
  }
  return size;
}

Result<SegmentCoverage> decode_coverage(std::span<const std::byte> bytes,
                                        const SegmentTrailer& trailer, const Series& series,
                                        std::uint32_t id) {
  ByteReader in(bytes);
  SegmentCoverage coverage;
  if (in.string(kPathBytesMax) != series.path()) {
    return fail(damaged("it belongs to another series"));
  }
  for (std::size_t left = in.count(1); left > 0; --left) {
    const std::uint64_t replaced = in.varint();
    const std::uint32_t before = coverage.supersedes.empty() ? 0 : coverage.supersedes.back();
    if (!in.ok() || replaced <= before || replaced >= id) {
      return fail(damaged("the list of segments that it supersedes contradicts itself"));
    }
    coverage.supersedes.push_back(static_cast<std::uint32_t>(replaced));
  }
  const std::size_t answers = in.count(kAnswerBytesMin);
  if (answers > kSegmentAnswersMax) return fail(damaged("it counts more answers than are written"));
  for (std::size_t i = 0; i < answers; ++i) {
    Result<Answer> answer = read_answer(in);
    if (!answer) return fail(answer.error());
    coverage.answers.push_back(std::move(*answer));
  }
  for (RangeSet* const slots : {&coverage.held.all, &coverage.held.by_others}) {
    Result<RangeSet> held = read_ranges(in, trailer.rows);
    if (!held) return fail(held.error());
    *slots = std::move(*held);
  }
  if (!in.finished() || coverage.answers.size() != trailer.answers) {
    return fail(damaged("the coverage contradicts itself"));
  }
  return coverage;
}

Result<std::vector<SegmentBlock>> decode_index(std::span<const std::byte> bytes,
                                               const SegmentTrailer& trailer) {
  if (trailer.blocks > bytes.size() / kIndexEntryBytesMin) {
    return fail(damaged("the index is shorter than its count of blocks"));
  }
  std::vector<SegmentBlock> blocks;
  blocks.reserve(trailer.blocks);
  ByteReader in(bytes);
  std::uint64_t rows = 0;
  std::uint64_t offset = sizeof(SegmentHeader);
  TimeMs last = 0;
  for (std::uint32_t i = 0; i < trailer.blocks; ++i) {
    Result<SegmentBlock> block = read_index_entry(in, last);
    if (!block) return fail(block.error());
    BlockEntry& entry = block->entry;
    entry.offset = offset;
    const bool rises = i == 0 || last < entry.first_open;
    if (!rises || entry.first_open < 0 || entry.last_open >= kTimeMax) {
      return fail(damaged("a block of the index contradicts the others"));
    }
    block->first_row = static_cast<std::uint32_t>(rows);
    rows += entry.rows;
    last = entry.last_open;
    offset += size_of(*block);
    blocks.push_back(*block);
  }
  const std::uint64_t blocks_end = trailer.parts[static_cast<std::size_t>(Part::kIndex)].offset;
  const bool ends_agree =
      blocks.empty() ||
      (blocks.front().entry.first_open == trailer.first_open && last == trailer.last_open);
  if (!in.finished() || rows != trailer.rows || offset != blocks_end || !ends_agree) {
    return fail(damaged("the index contradicts the trailer"));
  }
  return blocks;
}

Result<SegmentExceptions> decode_exceptions(std::span<const std::byte> bytes,
                                            const SegmentTrailer& trailer) {
  ByteReader in(bytes);
  SegmentExceptions exceptions;
  const Result<void> read =
      read_exceptions(in, kAllColumns, trailer.rows, exceptions.wide, exceptions.odd_close_times);
  if (!read) return fail(read.error());
  if (!in.finished()) return fail(damaged("the exceptions are longer than their count"));
  return exceptions;
}

Result<std::vector<AnswerRun>> decode_runs(std::span<const std::byte> bytes,
                                           const SegmentTrailer& trailer) {
  ByteReader in(bytes);
  std::vector<AnswerRun> runs;
  std::uint64_t row = 0;
  std::uint64_t asked_at = 0;  // unsigned: a hostile file may make it wrap
  for (std::size_t left = in.count(3); left > 0; --left) {
    const std::uint64_t length = in.varint();
    const std::uint64_t answer = in.varint();
    asked_at += static_cast<std::uint64_t>(in.signed_varint());
    if (!in.ok() || length == 0 || length > trailer.rows - row || answer >= trailer.answers) {
      return fail(damaged("the provenance contradicts itself"));
    }
    row += length;
    runs.push_back(AnswerRun{static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(answer),
                             static_cast<TimeMs>(asked_at)});
  }
  if (!in.finished() || row != trailer.rows) {
    return fail(damaged("the provenance does not cover the rows"));
  }
  return runs;
}

Result<std::vector<Loss>> decode_losses(std::span<const std::byte> bytes,
                                        const SegmentTrailer& trailer,
                                        std::span<const Answer> answers) {
  ByteReader in(bytes);
  std::vector<Loss> losses;
  for (std::uint32_t left = trailer.revisions; left > 0; --left) {
    Loss loss;
    loss.open_time = in.signed_varint();
    for (RowOrigin* origin : {&loss.winner, &loss.loser}) {
      const std::uint64_t answer = in.varint();
      origin->asked_at = in.signed_varint();
      if (!in.ok() || answer >= answers.size()) {
        return fail(damaged("a revision contradicts itself"));
      }
      origin->answer = &answers[static_cast<std::size_t>(answer)];
    }
    loss.winner_values = in.string(kValuesBytesMax);
    loss.loser_values = in.string(kValuesBytesMax);
    if (!in.ok() || (!losses.empty() && loss.open_time < losses.back().open_time)) {
      return fail(damaged("a revision contradicts itself"));
    }
    losses.push_back(std::move(loss));
  }
  if (!in.finished()) return fail(damaged("the revisions are longer than their count"));
  return losses;
}

}  // namespace bf::store
