#include "engine/backfill/archive_client.h"

#include <libdeflate.h>
#include <openssl/sha.h>
#include <zip.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "engine/backfill/api_view.h"
#include "engine/exchange/failure_parts.h"

namespace bf::backfill {
namespace {

constexpr std::size_t kChecksumBytesMax = 4U << 10;
/// A month of one-second rows is about 400 MB of csv; anything beyond is no candle file.
constexpr std::size_t kCsvBytesMax = 768U << 20;
/// An answer has 1,000 names of some 300 bytes.
constexpr std::size_t kListingBytesMax = 4U << 20;
/// A folder that goes on behind so many answers goes in a circle.
constexpr int kListingPartsMax = 200;
constexpr std::int64_t kNsPerMs = 1'000'000;
/// Beyond this an archive that wants to be left alone is: REST has its slots as well.
constexpr DurationMs kPauseWaitedMsMax = 2 * kMinuteMs;
constexpr DurationMs kPauseMsMax = 3 * kDayMs;

/// libzip's error, which owns the text that it gives.
class ZipError {
 public:
  ZipError() { zip_error_init(&error_); }
  ZipError(const ZipError&) = delete;
  ZipError& operator=(const ZipError&) = delete;
  ~ZipError() { zip_error_fini(&error_); }
  [[nodiscard]] zip_error_t* get() noexcept { return &error_; }
  [[nodiscard]] std::string text() { return zip_error_strerror(&error_); }

 private:
  zip_error_t error_{};
};

using ZipSource = std::unique_ptr<zip_source_t, decltype(&zip_source_free)>;
using ZipArchive = std::unique_ptr<zip_t, decltype(&zip_discard)>;
using ZipFile = std::unique_ptr<zip_file_t, decltype(&zip_fclose)>;
using Decompressor =
    std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)>;

tl::unexpected<Error> bad_zip(std::string why) {
  return fail(Code::kDataQuality, "the zip is damaged: " + std::move(why));
}

Result<std::string> read_stored(zip_t* archive, const zip_stat_t& entry, zip_flags_t flags,
                                std::size_t size) {
  const ZipFile file(zip_fopen_index(archive, entry.index, flags), &zip_fclose);
  if (!file) return bad_zip(zip_strerror(archive));
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const zip_int64_t count = zip_fread(file.get(), bytes.data() + done, size - done);
    if (count <= 0) return bad_zip("the member ends early");
    done += static_cast<std::size_t>(count);
  }
  return bytes;
}

Result<std::string> inflate(const std::string& packed, const zip_stat_t& entry) {
  std::string bytes(entry.size, '\0');
  const Decompressor decompressor(libdeflate_alloc_decompressor(), &libdeflate_free_decompressor);
  if (!decompressor) return fail(Code::kNoMemory, "no decompressor");
  std::size_t written = 0;
  const libdeflate_result result = libdeflate_deflate_decompress(
      decompressor.get(), packed.data(), packed.size(), bytes.data(), bytes.size(), &written);
  if (result != LIBDEFLATE_SUCCESS || written != bytes.size()) {
    return bad_zip("its data does not inflate to the size that it declares");
  }
  return bytes;
}

}  // namespace

store::Sha256 sha256(std::string_view bytes) {
  store::Sha256 hash{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hash.data());
  return hash;
}

std::string to_hex(const store::Sha256& hash) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : hash) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

Result<std::string> unzip_single(std::string_view zip, std::size_t bytes_max) {
  ZipError error;
  ZipSource source(zip_source_buffer_create(zip.data(), zip.size(), 0, error.get()),
                   &zip_source_free);
  if (!source) return bad_zip(error.text());
  const ZipArchive archive(
      zip_open_from_source(source.get(), ZIP_RDONLY | ZIP_CHECKCONS, error.get()), &zip_discard);
  if (!archive) return bad_zip(error.text());
  [[maybe_unused]] const zip_source_t* const owned = source.release();  // by the archive now
  const zip_int64_t members = zip_get_num_entries(archive.get(), 0);
  if (members != 1) return bad_zip("it has " + std::to_string(members) + " members instead of one");

  zip_stat_t entry;
  zip_stat_init(&entry);
  if (zip_stat_index(archive.get(), 0, 0, &entry) != 0) return bad_zip(zip_strerror(archive.get()));
  constexpr zip_uint64_t kNeeded =
      ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_CRC | ZIP_STAT_COMP_METHOD;
  if ((entry.valid & kNeeded) != kNeeded) return bad_zip("its directory is incomplete");
  if (entry.comp_size > zip.size()) return bad_zip("its member is larger than the file");
  if (entry.size > bytes_max || entry.size > entry.comp_size * net::kInflateRatioMax + 1'024) {
    return bad_zip("its member claims " + std::to_string(entry.size) + " bytes");
  }
  // libzip for the directory, libdeflate for the data: it inflates twice as fast.
  Result<std::string> bytes = read_stored(archive.get(), entry, ZIP_FL_COMPRESSED, entry.comp_size);
  if (bytes && entry.comp_method == ZIP_CM_DEFLATE) bytes = inflate(*bytes, entry);
  if (!bytes) return bytes;
  if (bytes->size() != entry.size ||
      libdeflate_crc32(0, bytes->data(), bytes->size()) != entry.crc) {
    return bad_zip("the CRC of its member does not match");
  }
  return bytes;
}

ArchiveClient::ArchiveClient(async::Loop& loop, net::HttpClient& http,
                             const exchange::ArchiveApi& api, Observer& observer,
                             ArchiveClientOptions options)
    : loop_(loop), http_(http), api_(api), observer_(observer), options_(std::move(options)) {}

async::Task<Result<void>> ArchiveClient::wait_for_turn(async::CancelToken cancel) {
  while (paused_until_ns_ > loop_.now_ns()) {
    const DurationMs wait = (paused_until_ns_ - loop_.now_ns()) / kNsPerMs;
    if (wait > kPauseWaitedMsMax) {
      const TimeMs until = loop_.clock().wall_ms() + wait;
      co_return fail(Error(Code::kLimited, "it asked to be left alone until " + format_time(until))
                         .with_retry_at(until));
    }
    const async::Wake wake = co_await loop_.sleep_until(paused_until_ns_, cancel);
    if (wake == async::Wake::kCancelled) co_return fail(async::CancelToken::error());
  }
  co_return Result<void>();
}

void ArchiveClient::note_pause(const net::HttpResponse& response) {
  if (response.status != 429 && response.status != 503) return;
  const DurationMs wait = exchange::retry_after_ms(api_view(response), loop_.clock().wall_ms());
  paused_until_ns_ =
      std::max(paused_until_ns_, loop_.now_ns() + std::min(wait, kPauseMsMax) * kNsPerMs);
}

async::Task<Result<std::string>> ArchiveClient::get(net::Url base, std::string path,
                                                    std::size_t bytes_max,
                                                    async::CancelToken cancel) {
  for (std::int64_t retry = 0;; ++retry) {
    const Result<void> turn = co_await wait_for_turn(cancel);
    if (!turn) co_return fail(turn.error().at("archive " + path));
    net::HttpRequest request;
    request.endpoint = base.endpoint;
    request.target = base.path + path;
    request.body_bytes_max = bytes_max;
    Result<net::HttpResponse> response = co_await http_.get(std::move(request), cancel);
    Result<std::string> outcome;
    bool again = true;
    if (!response) {
      const Code code = response.error().code();
      // kUsage and kBlocked are a proxy's refusals, by its rules.
      again = code != Code::kCancelled && code != Code::kTls && code != Code::kUsage &&
              code != Code::kBlocked;
      outcome = fail(response.error().at("archive " + path));
    } else if (response->status == 200 && !response->body.empty()) {
      co_return std::move(response->body);
    } else if (response->status == 404) {
      co_return fail(Code::kNotFound, "the archive has no " + path);
    } else {
      note_pause(*response);
      again = response->status >= 500 || response->status == 429 || response->status == 200;
      outcome = fail(Code::kUnavailable,
                     "archive " + path + ": HTTP " + std::to_string(response->status));
    }
    if (!again || retry == options_.retries_max) co_return outcome;
    observer_.on_event(Event{Event::Type::kRetry, "", outcome.error().message()});
    const async::Wake wake = co_await loop_.sleep((500LL << retry) * kNsPerMs, cancel);
    if (wake == async::Wake::kCancelled) co_return fail(async::CancelToken::error());
  }
}

async::Task<Result<ArchiveRows>> ArchiveClient::fetch(Series series, exchange::ArchiveFile file,
                                                      async::CancelToken cancel) {
  const Result<std::string> published =
      co_await get(options_.base, file.checksum_path, kChecksumBytesMax, cancel);
  if (!published) co_return fail(published.error());
  const Result<std::string> expected = api_.parse_checksum(*published);
  if (!expected) co_return fail(expected.error().at("archive " + file.checksum_path));

  const Result<std::string> zip =
      co_await get(options_.base, file.path, net::kArchiveBytesMax, cancel);
  if (!zip) co_return fail(zip.error());
  ArchiveRows out;
  out.hash = sha256(*zip);
  const std::string actual = to_hex(out.hash);
  if (actual != *expected) {
    co_return fail(Code::kDataQuality, "archive " + file.path + ": SHA-256 is " + actual +
                                           ", its CHECKSUM file says " + *expected +
                                           "; nothing of it is stored");
  }
  const Result<std::string> csv = unzip_single(*zip, kCsvBytesMax);
  if (!csv) co_return fail(csv.error().at("archive " + file.path));
  Result<CandleBatch> rows = api_.parse_csv(series, *csv);
  if (!rows) co_return fail(rows.error().at("archive " + file.path));
  out.rows = std::move(*rows);
  co_return out;
}

async::Task<Result<std::vector<std::string>>> ArchiveClient::list(std::string folder,
                                                                  std::string marker,
                                                                  async::CancelToken cancel) {
  std::vector<std::string> names;
  for (int part = 0; part < kListingPartsMax; ++part) {
    const std::string target = api_.listing_target(folder, marker);
    const Result<std::string> body =
        co_await get(options_.listing_base, target, kListingBytesMax, cancel);
    if (!body) co_return fail(body.error());
    Result<exchange::ArchiveListing> listing = api_.parse_listing(folder, *body);
    if (!listing) co_return fail(listing.error().at("archive " + folder));
    for (std::string& name : listing->names) names.push_back(std::move(name));
    if (listing->next.empty()) co_return std::move(names);
    marker = std::move(listing->next);
  }
  co_return fail(Code::kProtocol, "archive " + folder + ": its listing does not end");
}

}  // namespace bf::backfill
