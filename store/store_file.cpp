#include "store/store_file.h"

#include <cstring>
#include <optional>

#include "store/atomic_file.h"
#include "store/format_version.h"

namespace bf::store {
namespace {

constexpr std::array<char, 4> kMagic = {'B', 'F', 'S', 'R'};
constexpr std::uint64_t kStoreBytesMax = 4096;

struct StoreHeader {
  std::array<char, 4> magic = kMagic;
  std::uint32_t version = kFormatVersion;
  Uuid uuid{};
  std::uint64_t hash = 0;  ///< of the bytes before it
};
static_assert(sizeof(StoreHeader) == 32 && offsetof(StoreHeader, hash) == 24);

std::uint64_t hash_of(const StoreHeader& header) {
  return checksum(bytes_of(header).first(offsetof(StoreHeader, hash)),
                  Place{.series = {}, .unit = Unit::kStore, .number = 0, .offset = 0});
}

}  // namespace

Result<Uuid> read_store_file(FileSystem& files) {
  const Result<Bytes> bytes = read_file(files, std::string(kStoreName), kStoreBytesMax);
  if (!bytes) return fail(bytes.error());
  StoreHeader header;
  if (bytes->size() < sizeof(header)) return fail(Code::kFormat, "STORE: not that of a bf store");
  std::memcpy(&header, bytes->data(), sizeof(header));
  if (header.magic != kMagic) return fail(Code::kFormat, "STORE: not that of a bf store");
  if (const auto unreadable = unreadable_version(header.version)) {
    return fail(Code::kFormat, "STORE: " + *unreadable);
  }
  if (bytes->size() != sizeof(header) || header.hash != hash_of(header)) {
    return fail(Code::kCorrupt, "STORE: damaged; see `bf-verify scrub --repair`");
  }
  return header.uuid;
}

Result<Uuid> write_store_file(FileSystem& files, const Uuid& uuid) {
  StoreHeader header;
  header.uuid = uuid;
  header.hash = hash_of(header);
  const Result<void> prepared = prepare_file(files, "", kStoreName, bytes_of(header));
  if (!prepared) return fail(prepared.error());
  const Result<void> committed = commit_file(files, "", kStoreName);
  if (!committed) return fail(committed.error());
  return uuid;
}

bool store_file_is_of_another_version(FileSystem& files) {
  const Result<Bytes> bytes = read_file(files, std::string(kStoreName), kStoreBytesMax);
  StoreHeader header;
  if (!bytes || bytes->size() < sizeof(header)) return false;
  std::memcpy(&header, bytes->data(), sizeof(header));
  return header.magic == kMagic && unreadable_version(header.version) &&
         header.hash == hash_of(header);
}

}  // namespace bf::store
