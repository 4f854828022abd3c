#include "store/merged_rows.h"

#include <algorithm>

namespace bf::store {
namespace {

Result<void> write_rows(const Slice& slice, const OriginMap& origin_of, SegmentWriter& writer) {
  for (std::size_t at = slice.begin; at < slice.end;) {
    const Result<RowOrigin> origin = slice.cursor->origin(at);
    if (!origin) return fail(origin.error());
    const std::size_t end = std::min(slice.end, origin->end);
    const Result<void> added = writer.add_rows(slice.cursor->rows(), at, end, origin_of(*origin));
    if (!added) return added;
    at = end;
  }
  return {};
}

}  // namespace

Result<void> write_merged(Merge& merge, Conflicts& conflicts, const OriginMap& origin_of,
                          SegmentWriter& writer, ContentHash* hash) {
  Slice slice;
  for (;;) {
    const Result<bool> more = merge.next(slice);
    if (!more) return fail(more.error());
    if (!*more) break;
    const Result<std::vector<Loss>> losses = conflicts.of(slice);
    if (!losses) return fail(losses.error());
    for (const Loss& loss : *losses) {
      writer.add_revision(loss.open_time, origin_of(loss.winner), loss.winner_values,
                          origin_of(loss.loser), loss.loser_values);
      if (hash != nullptr) hash->add_conflict(loss);
    }
    if (const Result<void> written = write_rows(slice, origin_of, writer); !written) return written;
    if (hash == nullptr) continue;
    if (const Result<void> hashed = hash->add_rows(slice); !hashed) return hashed;
  }
  if (conflicts.finished()) return {};
  return fail(Code::kCorrupt, "a revision without a row that stands");
}

}  // namespace bf::store
