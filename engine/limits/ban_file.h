// engine/limits/ban_file.h
//
// Bans outlive the process: a small versioned text file in the state directory (--state-dir) keeps the
// deadline of each source that told us to stay away. A killed and restarted engine reads it before it
// sends anything.
#pragma once

#include <optional>
#include <string>

#include "store/base/clock.h"
#include "store/base/result.h"

namespace bf::limits {

struct Ban {
  TimeMs until = 0;  ///< wall ms
  std::string reason;
};

/// Threads: one. Other processes may read and write the same file: it is replaced as a whole, under an
/// OFD lock on a file beside it. A stored deadline is clamped to 3 days from now; one that has passed is dropped. A file
/// that cannot be read is an error, never "no ban".
class BanFile {
 public:
  /// `key` is the host:port really connected to and the proxy, without credentials, or "direct"
  /// (net::Endpoint::route), so that simulator and exchange never meet. Makes the directory where it is missing. Errors: kIo, kNoSpace.
  [[nodiscard]] static Result<BanFile> open(const std::string& state_dir, std::string key,
                                            const Clock& clock);

  /// Errors: kIo, kFormat (a newer version or not our file; names it), kLocked, kNoSpace, kSyncFailed.
  [[nodiscard]] Result<std::optional<Ban>> load() const;
  [[nodiscard]] Result<void> store(const Ban& ban);

 private:
  BanFile(std::string path, std::string key, const Clock& clock);
  std::string path_;
  std::string key_;
  const Clock* clock_;
};

}  // namespace bf::limits
