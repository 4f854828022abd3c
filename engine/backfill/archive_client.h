// engine/backfill/archive_client.h
//
// Fetches one file of a bulk archive: CHECKSUM first, then the zip, whose SHA-256 must match before a
// byte of it is looked at; then the one csv inside. The hash goes with the rows as their provenance.
//
// Threads: the Loop's; inflating and parsing a month takes some 20 ms of it.
#pragma once

#include <string>
#include <vector>

#include "engine/backfill/run.h"
#include "engine/exchange/market_api.h"
#include "engine/net/http_client.h"
#include "store/answer.h"

namespace bf::backfill {

struct ArchiveRows {
  CandleBatch rows;
  store::Sha256 hash{};
};

struct ArchiveClientOptions {
  net::Url base;
  net::Url listing_base;  ///< where folders are listed
  std::int64_t retries_max = 4;
};

class ArchiveClient {
 public:
  /// Everything outlives the client.
  ArchiveClient(async::Loop& loop, net::HttpClient& http, const exchange::ArchiveApi& api,
                Observer& observer, ArchiveClientOptions options);

  /// Waits for as long as an answer to anybody asked to (Retry-After), where that is short.
  /// Errors: kNotFound: the archive has no such file (yet); kDataQuality: the checksum does not match,
  ///         or the csv contradicts itself; kNetwork, kTimeout, kTls, kUnavailable, kProtocol after the
  ///         last retry; kLimited: it asked to be left alone for long; kCancelled.
  [[nodiscard]] async::Task<Result<ArchiveRows>> fetch(Series series, exchange::ArchiveFile file,
                                                       async::CancelToken cancel);

  /// The names of what lies in a folder, sorted by bytes, those behind `marker` ("": all), in as many
  /// answers as it takes. Errors: as fetch(); kProtocol.
  [[nodiscard]] async::Task<Result<std::vector<std::string>>> list(std::string folder,
                                                                   std::string marker,
                                                                   async::CancelToken cancel);

  [[nodiscard]] const exchange::ArchiveApi& api() const noexcept { return api_; }

 private:
  [[nodiscard]] async::Task<Result<std::string>> get(net::Url base, std::string path,
                                                     std::size_t bytes_max,
                                                     async::CancelToken cancel);

  /// Waits until the archive may be asked. Errors: kLimited; kCancelled.
  [[nodiscard]] async::Task<Result<void>> wait_for_turn(async::CancelToken cancel);
  void note_pause(const net::HttpResponse& response);

  async::Loop& loop_;
  net::HttpClient& http_;
  const exchange::ArchiveApi& api_;
  Observer& observer_;
  ArchiveClientOptions options_;
  std::int64_t paused_until_ns_ = 0;
};

/// The one member of a zip, inflated and its CRC checked. Its name is not looked at.
/// Errors: kDataQuality: not a zip, more or fewer members than one, over `bytes_max` or a ratio that no
///         csv reaches, a wrong CRC.
[[nodiscard]] Result<std::string> unzip_single(std::string_view zip, std::size_t bytes_max);

/// SHA-256 of `bytes`, and its spelling in lower-case hex.
[[nodiscard]] store::Sha256 sha256(std::string_view bytes);
[[nodiscard]] std::string to_hex(const store::Sha256& hash);

}  // namespace bf::backfill
