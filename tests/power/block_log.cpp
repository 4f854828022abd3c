// tests/power/block_log.cpp
//
// A disk that remembers: a FUSE file system with one file, `disk`, for a loop device to stand on, which
// logs each write and each flush in the order in which they come. A file system on that loop device can
// then be put back into any state that a power loss might have left (real_power_test.py). A second file,
// `marks`, is for the program under test: what it writes there stands in the log between the blocks, so
// that all is known of which came first.
//
//   block_log IMAGE LOG MOUNTPOINT      stays in the foreground until MOUNTPOINT is unmounted
//
// LOG is a sequence of records, little-endian: kind (u32: 1 write, 2 flush, 3 mark), size (u32), offset
// (u64), then `size` bytes. One thread serves, so the order of records is that of the answers.
#define FUSE_USE_VERSION 31
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace {

enum Kind : std::uint32_t { kWrite = 1, kFlush = 2, kMark = 3 };

struct Record {
  std::uint32_t kind;
  std::uint32_t size;
  std::uint64_t offset;
};
static_assert(sizeof(Record) == 16);

int image = -1;
off_t image_size = 0;
std::FILE* record_log = nullptr;

bool is_disk(std::string_view path) { return path == "/disk"; }
bool is_marks(std::string_view path) { return path == "/marks"; }

int log_record(Kind kind, std::string_view bytes, std::uint64_t offset) {
  const Record record{kind, static_cast<std::uint32_t>(bytes.size()), offset};
  const bool done = std::fwrite(&record, sizeof(record), 1, record_log) == 1 &&
                    std::fwrite(bytes.data(), 1, bytes.size(), record_log) == bytes.size();
  return done ? 0 : -EIO;
}

int get_attributes(const char* path, struct stat* out, fuse_file_info*) {
  *out = {};
  out->st_nlink = 1;
  if (std::string_view(path) == "/") {
    out->st_mode = S_IFDIR | 0755;
    return 0;
  }
  if (!is_disk(path) && !is_marks(path)) return -ENOENT;
  out->st_mode = S_IFREG | 0600;
  out->st_size = is_disk(path) ? image_size : 0;
  return 0;
}

int open_file(const char* path, fuse_file_info* file) {
  if (!is_disk(path) && !is_marks(path)) return -ENOENT;
  file->direct_io = 1;  // no page cache between the loop device and the log
  return 0;
}

int read_file(const char* path, char* into, std::size_t size, off_t offset, fuse_file_info*) {
  if (!is_disk(path)) return 0;
  const ssize_t count = pread(image, into, size, offset);
  return count < 0 ? -errno : static_cast<int>(count);
}

int write_file(const char* path, const char* bytes, std::size_t size, off_t offset,
               fuse_file_info*) {
  const bool disk = is_disk(path);
  if (disk && pwrite(image, bytes, size, offset) != static_cast<ssize_t>(size)) return -EIO;
  const int error =
      log_record(disk ? kWrite : kMark, {bytes, size}, static_cast<std::uint64_t>(offset));
  return error != 0 ? error : static_cast<int>(size);
}

int sync_file(const char* path, int, fuse_file_info*) {
  return is_disk(path) ? log_record(kFlush, {}, 0) : 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: block_log IMAGE LOG MOUNTPOINT\n");
    return 2;
  }
  image = open(argv[1], O_RDWR | O_CLOEXEC);
  image_size = lseek(image, 0, SEEK_END);
  record_log = std::fopen(argv[2], "wbe");
  if (image < 0 || image_size <= 0 || record_log == nullptr) {
    std::fprintf(stderr, "block_log: %s\n", std::strerror(errno));
    return 2;
  }
  fuse_operations operations{};
  operations.getattr = get_attributes;
  operations.open = open_file;
  operations.read = read_file;
  operations.write = write_file;
  // Without it the kernel would take every flush for done and never ask again.
  operations.fsync = sync_file;
  char foreground[] = "-f";
  char one_thread[] = "-s";
  std::array<char*, 4> arguments = {argv[0], foreground, one_thread, argv[3]};
  const int served =
      fuse_main(static_cast<int>(arguments.size()), arguments.data(), &operations, nullptr);
  return std::fclose(record_log) == 0 ? served : 2;
}
