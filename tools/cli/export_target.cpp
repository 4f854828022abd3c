#include "tools/cli/export_target.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <libdeflate.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "store/base/assert.h"
#include "store/base/last_error.h"
#include "store/base/series.h"
#include "tools/cli/files.h"

namespace bf::cli {
namespace {

constexpr int kGzipLevel = 6;
constexpr std::string_view kTemporarySuffix = ".part";
/// The disk is set to work whenever so many bytes are new.
constexpr std::uint64_t kWriteBackBytes = 2U << 20;

Error exists_error(const std::string& path) {
  return Error(Code::kUsage, fmt::format("{} exists: give --force to replace it, or another name",
                                         printable(path)));
}

/// A pipe or device is written to as it is; a temporary name beside it would replace it.
bool is_special_file(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

}  // namespace

class ExportTarget::Gzip {
 public:
  Gzip() : compressor_(libdeflate_alloc_compressor(kGzipLevel)) {
    BF_ASSERT(compressor_ != nullptr);
    room_.resize(libdeflate_gzip_compress_bound(compressor_, kChunkBytes));
  }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  ~Gzip() { libdeflate_free_compressor(compressor_); }

  /// One gzip member; valid until the next call. Requires: at most kChunkBytes.
  std::string_view member(std::string_view text) {
    const std::size_t size =
        libdeflate_gzip_compress(compressor_, text.data(), text.size(), room_.data(), room_.size());
    BF_ASSERT(size != 0);  // the room is the bound for kChunkBytes
    return {room_.data(), size};
  }

 private:
  libdeflate_compressor* compressor_;
  std::string room_;
};

ExportTarget::ExportTarget(std::string path, bool force) : path_(std::move(path)), force_(force) {}

ExportTarget::~ExportTarget() {
  if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<std::unique_ptr<ExportTarget>> ExportTarget::open(const std::string& path, bool gzip,
                                                         bool force) {
  std::unique_ptr<ExportTarget> target(new ExportTarget(path, force));
  if (gzip) target->gzip_ = std::make_unique<Gzip>();
  if (path == "-") {
    target->path_ = "stdout";
    target->descriptor_ = STDOUT_FILENO;
    return target;
  }
  if (is_special_file(path)) {
    target->descriptor_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (target->descriptor_ >= 0) return target;
    return fail(LastError().at(fmt::format("cannot write {}", printable(path))));
  }
  if (!force && exists(path)) return fail(exists_error(path));
  const Result<void> opened = target->open_temporary();
  if (!opened) return fail(opened.error());
  return target;
}

Result<void> ExportTarget::open_temporary() {
  std::string name = path_ + ".XXXXXX" + std::string(kTemporarySuffix);
  descriptor_ = ::mkostemps(name.data(), static_cast<int>(kTemporarySuffix.size()), O_CLOEXEC);
  if (descriptor_ < 0 && (errno == ENOENT || errno == ENOTDIR)) {
    return fail(Code::kUsage, fmt::format("cannot make {}: its folder is not there; make it, or "
                                          "name another target",
                                          printable(path_)));
  }
  if (descriptor_ < 0) {
    return fail(LastError().at(fmt::format("cannot make {}", printable(path_))));
  }
  temporary_ = name;
  // mkostemps makes files that only their owner reads; an export is like any other file of the user.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(descriptor_, 0666 & ~mask) != 0) {
    return fail(LastError().at(fmt::format("cannot make {}", printable(path_))));
  }
  return {};
}

Result<void> ExportTarget::write(std::string_view text) {
  if (gzip_ == nullptr) return write_out(text);
  while (!text.empty()) {
    const std::size_t take = std::min(text.size(), kChunkBytes - pending_.size());
    pending_.append(text.substr(0, take));
    text.remove_prefix(take);
    if (pending_.size() < kChunkBytes) continue;
    const Result<void> written = write_chunk();
    if (!written) return written;
  }
  return {};
}

Result<void> ExportTarget::write_out(std::string_view bytes) {
  const Result<void> written = write_all(descriptor_, bytes, path_);
  if (!written || temporary_.empty()) return written;
  written_ += bytes.size();
  if (written_ - started_ < kWriteBackBytes) return {};
  // Only a hint, which some file systems refuse: what the disk has already is not waited for at the end.
  (void)::sync_file_range(descriptor_, static_cast<::off64_t>(started_),
                          static_cast<::off64_t>(written_ - started_), SYNC_FILE_RANGE_WRITE);
  started_ = written_;
  return {};
}

Result<void> ExportTarget::write_chunk() {
  const Result<void> written = write_out(gzip_->member(pending_));
  pending_.clear();
  return written;
}

Result<void> ExportTarget::commit() {
  if (gzip_ != nullptr && !pending_.empty()) {
    const Result<void> written = write_chunk();
    if (!written) return written;
  }
  if (temporary_.empty()) return {};
  if (::fsync(descriptor_) != 0) {
    return fail(LastError().at(fmt::format("cannot sync {}", printable(path_))));
  }
  return rename_into_place();
}

Result<void> ExportTarget::rename_into_place() {
  const unsigned flags = force_ ? 0 : RENAME_NOREPLACE;
  int failed = ::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), flags);
  if (failed != 0 && errno == EINVAL && !force_) {
    // A file system without RENAME_NOREPLACE: a hard link refuses an existing name as well.
    failed = ::link(temporary_.c_str(), path_.c_str());
    if (failed == 0) ::unlink(temporary_.c_str());
  }
  if (failed != 0 && errno == EEXIST) return fail(exists_error(path_));
  if (failed != 0) return fail(LastError().at(fmt::format("cannot name {}", printable(path_))));
  temporary_.clear();
  return {};
}

}  // namespace bf::cli
