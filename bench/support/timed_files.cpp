#include "bench/support/timed_files.h"

#include <chrono>

namespace bf::bench {
namespace {

template <class Sync>
Result<void> timed(std::vector<TimedSync>& syncs, std::string what, const Sync& sync) {
  const auto began = std::chrono::steady_clock::now();
  Result<void> done = sync();
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - began;
  syncs.push_back({std::move(what), took.count()});
  return done;
}

class TimedFile final : public File {
 public:
  TimedFile(std::unique_ptr<File> file, std::string name, std::vector<TimedSync>& syncs)
      : file_(std::move(file)), name_(std::move(name)), syncs_(syncs) {}

  Result<void> pread(std::span<std::byte> into, std::uint64_t offset) const override {
    return file_->pread(into, offset);
  }
  Result<void> pwrite(std::span<const std::byte> bytes, std::uint64_t offset) override {
    return file_->pwrite(bytes, offset);
  }
  Result<void> reserve(std::uint64_t size) override { return file_->reserve(size); }
  Result<void> sync_data() override {
    return timed(syncs_, name_, [this] { return file_->sync_data(); });
  }
  Result<void> sync() override {
    return timed(syncs_, name_, [this] { return file_->sync(); });
  }
  Result<std::uint64_t> size() const override { return file_->size(); }

 private:
  std::unique_ptr<File> file_;
  std::string name_;
  std::vector<TimedSync>& syncs_;
};

}  // namespace

Result<std::unique_ptr<File>> TimedFileSystem::open(std::string_view path, Open mode) {
  Result<std::unique_ptr<File>> file = files_->open(path, mode);
  if (!file) return file;
  std::string name(path.substr(path.rfind('/') + 1));
  return std::make_unique<TimedFile>(std::move(*file), std::move(name), syncs_);
}

Result<std::unique_ptr<Mapping>> TimedFileSystem::map(std::string_view path, std::uint64_t size) {
  return files_->map(path, size);
}
Result<void> TimedFileSystem::make_directory(std::string_view path) {
  return files_->make_directory(path);
}
Result<void> TimedFileSystem::rename(std::string_view from, std::string_view to) {
  return files_->rename(from, to);
}
Result<void> TimedFileSystem::rename_new(std::string_view from, std::string_view to) {
  return files_->rename_new(from, to);
}
Result<void> TimedFileSystem::remove(std::string_view path) { return files_->remove(path); }
Result<void> TimedFileSystem::sync_directory(std::string_view path) {
  return timed(syncs_, "directory", [&] { return files_->sync_directory(path); });
}
Result<std::vector<DirectoryEntry>> TimedFileSystem::list(std::string_view path) {
  return files_->list(path);
}
Result<std::unique_ptr<FileLock>> TimedFileSystem::lock(std::string_view path,
                                                        std::string_view holder) {
  return files_->lock(path, holder);
}
Result<std::uint64_t> TimedFileSystem::free_space() { return files_->free_space(); }
Result<std::string> TimedFileSystem::network_name() { return files_->network_name(); }

}  // namespace bf::bench
