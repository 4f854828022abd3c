// engine/sim/archive.h
//
// The bulk archive, as data.binance.vision lays it out: monthly and daily zips of klines with their
// .CHECKSUM files, and the S3 listing. Made from the truth when they are asked for, or taken as they
// were published from a folder. Source: binance-public-data, and the files themselves.
//
//   data/spot/{monthly,daily}/klines/SYMBOL/INTERVAL/SYMBOL-INTERVAL-YYYY-MM[-DD].zip
//   data/futures/um/{monthly,daily}/klines/...
//
// A file is there when its month or day is over and holds a row. USD-M files have a header line from
// June 2022 on; spot files have none, and microseconds from 2025 on. 3d, 1w and 1mo are monthly only.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/sim/faults.h"
#include "engine/sim/query.h"
#include "engine/sim/rest_call.h"
#include "engine/sim/truth.h"

namespace bf::sim {

struct ArchiveOptions {
  std::string prefix = "/archive";  ///< before /data; paths without it are served as well
  std::string published;            ///< a folder with data/..., whose files are served as they are
  std::size_t cache_bytes_max = std::size_t{64} << 20;  ///< of zips that were made already
};

struct ArchiveAnswer {
  int status = 200;
  Endpoint endpoint = Endpoint::kUnknown;
  Market market = Market::kUm;
  TimeRange range = {};  ///< of a file
  std::string_view content_type = "application/xml";
  std::string body;
};

/// What the path of a file says.
struct ArchivePath {
  Market market = Market::kUm;
  bool monthly = false;
  std::string symbol;
  Interval interval = Interval::k1m;
  std::string interval_text;  ///< as the path has it
  TimeRange range;            ///< the month or day
  bool checksum = false;
  std::string zip_name;  ///< the last part, without .CHECKSUM
};
/// Reads "data/spot/daily/klines/..."; nullopt for what is no such path.
[[nodiscard]] std::optional<ArchivePath> parse_archive_path(std::string_view path);

/// Threads: one.
class SimArchive {
 public:
  /// `truth` outlives the archive.
  SimArchive(const Truth& truth, ArchiveOptions options)
      : truth_(truth), options_(std::move(options)) {}

  /// Answers any path; 404 for what is not there at `now`.
  [[nodiscard]] ArchiveAnswer get(const Query& query, TimeMs now);

  /// Makes `answer`, the one to `query`, that of a file which was published wrong: with other rows, in a
  /// zip that is damaged. `draw` chooses the row that is hit.
  void damage(const Query& query, std::span<const FaultRule* const> rules, std::uint64_t draw,
              ArchiveAnswer& answer) const;

  /// Whether the file is there at `now`, made or published.
  [[nodiscard]] bool exists(const ArchivePath& path, TimeMs now) const;

 private:
  struct Cached {
    std::string path;
    std::shared_ptr<const std::string> zip;
  };
  [[nodiscard]] std::shared_ptr<const std::string> zip(const std::string& path,
                                                       const ArchivePath& parsed);
  [[nodiscard]] std::string_view path_in_archive(const Query& query) const;
  /// The rows of a file as REST has them, and as its csv.
  [[nodiscard]] std::string rows_of(const ArchivePath& path) const;
  [[nodiscard]] static std::string csv_of(const ArchivePath& path, std::string_view rows);
  [[nodiscard]] std::optional<std::string> published(const std::string& path) const;
  void remember(const std::string& path, std::shared_ptr<const std::string> zip);

  const Truth& truth_;
  ArchiveOptions options_;
  std::list<Cached> cache_;  ///< most recently used first
  std::map<std::string, std::list<Cached>::iterator, std::less<>> cached_;
  std::size_t cached_bytes_ = 0;
};

}  // namespace bf::sim
