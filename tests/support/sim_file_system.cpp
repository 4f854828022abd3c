#include "tests/support/sim_file_system.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "store/base/assert.h"

namespace bf::test {
namespace {

// Operations kept for messages.
constexpr std::size_t kLogMax = 256;
// What the calls of a dead process return; no code under test may look at it.
constexpr int kDead = ESHUTDOWN;

constexpr std::array<std::string_view, 14> kKindNames = {
    "open", "create", "pread",  "pwrite", "reserve",        "sync", "size",
    "map",  "mkdir",  "rename", "remove", "sync_directory", "list", "lock"};

std::string what(std::string_view call, std::string_view path) {
  std::string out(call);
  return out.append(" ").append(path);
}

std::string_view leaf(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// Counts as open while it lives.
class OpenCount {
 public:
  explicit OpenCount(std::shared_ptr<int> count) : count_(std::move(count)) { ++*count_; }
  OpenCount(const OpenCount&) = delete;
  OpenCount& operator=(const OpenCount&) = delete;
  ~OpenCount() { --*count_; }

 private:
  std::shared_ptr<int> count_;
};

class SimMapping final : public Mapping {
 public:
  SimMapping(std::vector<std::byte> bytes, std::shared_ptr<int> count)
      : bytes_(std::move(bytes)), count_(std::move(count)) {}
  std::span<const std::byte> bytes() const noexcept override { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
  OpenCount count_;
};

}  // namespace

/// A file of one life of the file system; dead in the next.
class SimFile final : public File {
 public:
  SimFile(SimFileSystem& files, SimDisk::Id id, std::string path, bool writable)
      : files_(files),
        id_(id),
        life_(files.life_),
        path_(std::move(path)),
        writable_(writable),
        count_(files.open_files_) {}

  Result<void> pread(std::span<std::byte> into, std::uint64_t offset) const override {
    const int error = begin(Operation::Kind::kPread, extent(offset, into.size()));
    if (error != 0) return fail(errno_error(what("read", path_), error));
    const std::uint64_t size = files_.disk_.size(id_);
    if (offset > size || into.size() > size - offset) {
      return fail(Code::kCorrupt, what("read", path_) + ": the file ends at byte " +
                                      std::to_string(size) + ", asked for " +
                                      extent(offset, into.size()));
    }
    files_.disk_.read(id_, into, offset);
    return {};
  }

  Result<void> pwrite(std::span<const std::byte> bytes, std::uint64_t offset) override {
    BF_ASSERT(writable_);
    const int error = begin(Operation::Kind::kPwrite, extent(offset, bytes.size()));
    const std::size_t count = error == 0 ? bytes.size() : files_.short_count(bytes.size());
    if (life_ == files_.life_ && count > 0) files_.disk_.write(id_, bytes.first(count), offset);
    if (error != 0) return fail(errno_error(what("write", path_), error));
    return {};
  }

  Result<void> reserve(std::uint64_t size) override {
    const int error = begin(Operation::Kind::kReserve, std::to_string(size));
    if (error != 0) return fail(errno_error(what("reserve", path_), error));
    return {};
  }

  Result<void> sync_data() override { return sync(); }
  Result<void> sync() override {
    const int error = begin(Operation::Kind::kSync, {});
    if (error == 0) {
      files_.disk_.sync(id_);
      return {};
    }
    // A process that died in the call never learns; its pages are still to be written.
    if (error != kDead) files_.disk_.fail_sync(id_);
    return fail(Code::kSyncFailed, errno_error(what("sync", path_), error).message());
  }

  Result<std::uint64_t> size() const override {
    const int error = begin(Operation::Kind::kSize, {});
    if (error != 0) return fail(errno_error(what("size", path_), error));
    return files_.disk_.size(id_);
  }

 private:
  static std::string extent(std::uint64_t offset, std::size_t size) {
    return std::to_string(offset) + "+" + std::to_string(size);
  }
  int begin(Operation::Kind kind, std::string detail) const {
    if (life_ != files_.life_) return kDead;
    return files_.begin(kind, path_, std::move(detail));
  }

  SimFileSystem& files_;
  SimDisk::Id id_;
  std::uint64_t life_;
  std::string path_;
  bool writable_;
  OpenCount count_;
};

bool Operation::mutates() const noexcept {
  switch (kind) {
    case Kind::kOpen:
    case Kind::kPread:
    case Kind::kSize:
    case Kind::kMap:
    case Kind::kList:
    case Kind::kReserve:
      return false;
    case Kind::kCreate:
    case Kind::kPwrite:
    case Kind::kSync:
    case Kind::kMakeDirectory:
    case Kind::kRename:
    case Kind::kRemove:
    case Kind::kSyncDirectory:
    case Kind::kLock:
      return true;
  }
  return true;
}

std::string Operation::text() const {
  std::string out = std::to_string(number);
  out.append(" ").append(kKindNames[static_cast<std::size_t>(kind)]).append(" ").append(path);
  if (!detail.empty()) out.append(" ").append(detail);
  return out;
}

SimFileSystem::SimFileSystem(SimDisk disk) : disk_(std::move(disk)) {}
SimFileSystem::~SimFileSystem() = default;

void SimFileSystem::fail_at(std::uint64_t number, int error, Times times) {
  fault_at_ = number;
  fault_error_ = error;
  fault_for_ever_ = times == Times::kForEver;
  fault_short_ = false;
  fault_hit_ = false;
}

void SimFileSystem::fail_short_at(std::uint64_t number, int error, Times times) {
  fail_at(number, error, times);
  fault_short_ = true;
}

void SimFileSystem::stop_at(std::uint64_t number) { fail_short_at(number, kDead, Times::kForEver); }

void SimFileSystem::restart() {
  ++life_;
  locks_ = std::make_shared<Locks>();
  fail_at(0, 0);
  stopped_ = false;
}

void SimFileSystem::crash(std::uint64_t seed) {
  disk_ = disk_.after_crash(seed);
  restart();
}

void SimFileSystem::kill() { restart(); }

std::string SimFileSystem::recent(std::size_t lines) const {
  std::string out;
  const std::size_t first = log_.size() - std::min(lines, log_.size());
  for (std::size_t i = first; i < log_.size(); ++i) out.append(log_[i].text()).append("\n");
  return out;
}

int SimFileSystem::begin(Operation::Kind kind, std::string_view path, std::string detail) {
  if (stopped_) return kDead;
  Operation operation{++operations_, kind, std::string(path), std::move(detail)};
  if (before_each) before_each(operation);
  if (log_.size() >= 2 * kLogMax) log_.erase(log_.begin(), log_.begin() + kLogMax);
  log_.push_back(std::move(operation));
  if (fault_at_ == 0) return 0;
  if (operations_ != fault_at_ && !(fault_for_ever_ && operations_ > fault_at_)) return 0;
  fault_hit_ = true;
  stopped_ = fault_error_ == kDead;
  return fault_error_;
}

std::size_t SimFileSystem::short_count(std::size_t size) const {
  // Only the operation that was named is cut; a dead process writes nothing more.
  if (!fault_short_ || operations_ != fault_at_) return 0;
  return static_cast<std::size_t>(Random(operations_).below(size + 1));
}

Result<SimDisk::Id> SimFileSystem::parent_of(std::string_view path) const {
  BF_ASSERT(!path.empty() && path.front() != '/' && path.back() != '/');
  const std::size_t slash = path.rfind('/');
  const SimDisk::Id id =
      disk_.find(slash == std::string_view::npos ? std::string_view() : path.substr(0, slash));
  if (id == 0) return fail(errno_error(what("open", path), ENOENT));
  if (!disk_.is_directory(id)) return fail(errno_error(what("open", path), ENOTDIR));
  return id;
}

Result<std::unique_ptr<File>> SimFileSystem::open(std::string_view path, Open mode) {
  const bool create = mode == Open::kCreateNew;
  const int error = begin(create ? Operation::Kind::kCreate : Operation::Kind::kOpen, path);
  if (error != 0) return fail(errno_error(what("open", path), error));
  const Result<SimDisk::Id> parent = parent_of(path);
  if (!parent) return fail(parent.error());
  SimDisk::Id id = disk_.find(path);
  if (create && id != 0) return fail(errno_error(what("open", path), EEXIST));
  if (!create && id == 0) return fail(errno_error(what("open", path), ENOENT));
  if (id != 0 && disk_.is_directory(id)) return fail(errno_error(what("open", path), EISDIR));
  if (create) id = disk_.create(*parent, leaf(path), /*directory=*/false);
  return std::make_unique<SimFile>(*this, id, std::string(path), mode != Open::kRead);
}

Result<std::unique_ptr<Mapping>> SimFileSystem::map(std::string_view path, std::uint64_t size) {
  const int error = begin(Operation::Kind::kMap, path, std::to_string(size));
  if (error != 0) return fail(errno_error(what("map", path), error));
  const SimDisk::Id id = disk_.find(path);
  if (id == 0) return fail(errno_error(what("map", path), ENOENT));
  if (disk_.is_directory(id)) return fail(errno_error(what("map", path), EISDIR));
  if (disk_.size(id) != size) {
    return fail(Code::kCorrupt, what("map", path) + ": it has " + std::to_string(disk_.size(id)) +
                                    " bytes, not " + std::to_string(size));
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  disk_.read(id, bytes, 0);
  return std::make_unique<SimMapping>(std::move(bytes), open_files_);
}

Result<void> SimFileSystem::make_directory(std::string_view path) {
  const int error = begin(Operation::Kind::kMakeDirectory, path);
  if (error != 0) return fail(errno_error(what("mkdir", path), error));
  const Result<SimDisk::Id> parent = parent_of(path);
  if (!parent) return fail(parent.error());
  const SimDisk::Id id = disk_.find(path);
  if (id != 0 && !disk_.is_directory(id)) return fail(errno_error(what("mkdir", path), EEXIST));
  if (id == 0) disk_.create(*parent, leaf(path), /*directory=*/true);
  return {};
}

Result<void> SimFileSystem::rename_with(std::string_view from, std::string_view to, bool replace) {
  const int error = begin(Operation::Kind::kRename, from, "-> " + std::string(to));
  if (error != 0) return fail(errno_error(what("rename", from), error));
  const Result<SimDisk::Id> from_parent = parent_of(from);
  if (!from_parent) return fail(from_parent.error());
  const Result<SimDisk::Id> to_parent = parent_of(to);
  if (!to_parent) return fail(to_parent.error());
  const SimDisk::Id source = disk_.find(from);
  const SimDisk::Id target = disk_.find(to);
  if (source == 0) return fail(errno_error(what("rename", from), ENOENT));
  if (target != 0 && !replace) return fail(errno_error(what("rename to", to), EEXIST));
  if (target != 0 && disk_.is_directory(target)) {
    return fail(errno_error(what("rename to", to), EISDIR));
  }
  disk_.rename(*from_parent, leaf(from), *to_parent, leaf(to));
  return {};
}

Result<void> SimFileSystem::rename(std::string_view from, std::string_view to) {
  return rename_with(from, to, /*replace=*/true);
}

Result<void> SimFileSystem::rename_new(std::string_view from, std::string_view to) {
  return rename_with(from, to, /*replace=*/false);
}

Result<void> SimFileSystem::remove(std::string_view path) {
  const int error = begin(Operation::Kind::kRemove, path);
  if (error != 0) return fail(errno_error(what("remove", path), error));
  const Result<SimDisk::Id> parent = parent_of(path);
  if (!parent) return fail(parent.error());
  const SimDisk::Id id = disk_.find(path);
  if (id == 0) return fail(errno_error(what("remove", path), ENOENT));
  if (disk_.is_directory(id)) return fail(errno_error(what("remove", path), EISDIR));
  disk_.remove(*parent, leaf(path));
  return {};
}

Result<void> SimFileSystem::sync_directory(std::string_view path) {
  const int error = begin(Operation::Kind::kSyncDirectory, path);
  const SimDisk::Id id = disk_.find(path);
  if (error != 0) {
    if (error != kDead && id != 0) disk_.fail_sync(id);
    return fail(Code::kSyncFailed, errno_error(what("fsync", path), error).message());
  }
  if (id == 0) return fail(errno_error(what("fsync", path), ENOENT));
  if (!disk_.is_directory(id)) return fail(errno_error(what("fsync", path), ENOTDIR));
  disk_.sync(id);
  return {};
}

Result<std::vector<DirectoryEntry>> SimFileSystem::list(std::string_view path) {
  const int error = begin(Operation::Kind::kList, path);
  if (error != 0) return fail(errno_error(what("list", path), error));
  const SimDisk::Id id = disk_.find(path);
  if (id == 0) return fail(errno_error(what("list", path), ENOENT));
  if (!disk_.is_directory(id)) return fail(errno_error(what("list", path), ENOTDIR));
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, entry] : disk_.entries(id)) {
    entries.push_back(DirectoryEntry{name, disk_.is_directory(entry)});
  }
  return entries;
}

Result<std::unique_ptr<FileLock>> SimFileSystem::lock(std::string_view path,
                                                      std::string_view holder) {
  const int error = begin(Operation::Kind::kLock, path);
  if (error != 0) return fail(errno_error(what("lock", path), error));
  const Result<SimDisk::Id> parent = parent_of(path);
  if (!parent) return fail(parent.error());
  SimDisk::Id id = disk_.find(path);
  if (id == 0) id = disk_.create(*parent, leaf(path), /*directory=*/false);
  if (const auto held = locks_->find(id); held != locks_->end()) {
    return fail(Code::kLocked, std::string(path) + " is held by " + held->second);
  }
  (*locks_)[id] = std::string(holder);

  /// Locks of an earlier life are gone, so each keeps the table that it stands in.
  class SimLock final : public FileLock {
   public:
    SimLock(std::shared_ptr<Locks> locks, SimDisk::Id file)
        : locks_(std::move(locks)), file_(file) {}
    ~SimLock() override { locks_->erase(file_); }

   private:
    std::shared_ptr<Locks> locks_;
    SimDisk::Id file_;
  };
  return std::make_unique<SimLock>(locks_, id);
}

}  // namespace bf::test
