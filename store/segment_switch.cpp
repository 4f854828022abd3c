#include "store/segment_switch.h"

#include <algorithm>

#include "store/atomic_file.h"
#include "store/log.h"
#include "store/segment.h"

namespace bf::store {

SegmentSwitch::SegmentSwitch(FileSystem& files, const Series& series, const Manifest& manifest)
    : files_(files), series_(series), directory_(series.path()), next_(manifest) {
  ++next_.generation;
}

Result<void> SegmentSwitch::add_segment(const NewSegment& segment) {
  const std::uint32_t id = next_.next_segment++;
  const std::string path = join_path(directory_, segment_name(id));
  const std::string temporary = path + ".tmp";
  if (const auto removed = remove_if_there(files_, temporary); !removed) return removed;
  made_.push_back(temporary);
  const auto file = files_.open(temporary, FileSystem::Open::kCreateNew);
  if (!file) return fail(file.error());
  SegmentWriter writer(**file,
                       {series_, next_.series_uuid, id, next_.generation, segment.first_sequence,
                        segment.last_sequence, segment.supersedes},
                       segment.answers);
  if (const auto filled = segment.fill(writer); !filled) return filled;
  const Result<SegmentEntry> entry = writer.finish();  // step 1
  if (!entry) return fail(entry.error());
  if (const auto synced = (*file)->sync(); !synced) return synced;                             // 2
  if (const auto checked = writer.check_written(files_, temporary); !checked) return checked;  // 3
  if (segment.prove) {
    if (const auto proven = segment.prove(temporary, *entry); !proven) return proven;
  }
  if (const auto named = name_segment(temporary, path); !named) return named;  // step 4
  std::erase_if(next_.segments, [&](const SegmentEntry& live) {
    return std::binary_search(segment.supersedes.begin(), segment.supersedes.end(), live.id);
  });
  for (const std::uint32_t old : segment.supersedes) {
    replaced_.push_back(join_path(directory_, segment_name(old)));
  }
  next_.segments.push_back(*entry);
  return {};
}

Result<void> SegmentSwitch::name_segment(const std::string& temporary, const std::string& path) {
  // No manifest names this id, so a file of this name is what a failed switch left.
  if (const auto removed = remove_if_there(files_, path); !removed) return removed;
  if (const auto renamed = files_.rename_new(temporary, path); !renamed) return renamed;
  made_.back() = path;
  return {};
}

void SegmentSwitch::drop_segment(std::uint32_t id) {
  std::erase_if(next_.segments, [id](const SegmentEntry& live) { return live.id == id; });
  replaced_.push_back(join_path(directory_, segment_name(id)));
}

Result<std::unique_ptr<File>> SegmentSwitch::add_log(std::uint64_t first_sequence,
                                                     std::span<const std::byte> frames) {
  replaced_.push_back(join_path(directory_, log_name(next_.log_epoch)));
  ++next_.log_epoch;
  next_.log_proven = frames.size();
  next_.log_first_sequence = first_sequence;
  const std::string path = join_path(directory_, log_name(next_.log_epoch));
  made_.push_back(path);
  return write_new_file(files_, path, frames);
}

Result<void> SegmentSwitch::prepare() {
  if (const auto synced = files_.sync_directory(directory_); !synced) return synced;  // step 6
  return prepare_file(files_, directory_, kManifestName,
                      encode_manifest(next_, series_));  // step 7
}

Result<void> SegmentSwitch::commit() {
  return commit_file(files_, directory_, kManifestName);  // step 8
}

void SegmentSwitch::remove_replaced() {
  for (const std::string& path : replaced_) (void)files_.remove(path);  // step 9
}

void SegmentSwitch::clean_up() {
  for (const std::string& path : made_) (void)files_.remove(path);
  (void)files_.remove(join_path(directory_, kManifestName) + ".tmp");
}

}  // namespace bf::store
