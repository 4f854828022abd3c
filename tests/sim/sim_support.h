// tests/sim/sim_support.h
//
// Small things that the tests of the simulator share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/async/virtual_loop.h"
#include "engine/net/http_client.h"
#include "engine/net/sim_transport.h"
#include "engine/sim/file_truth.h"
#include "engine/sim/kline_text.h"
#include "engine/sim/sim_exchange.h"

namespace bf::sim {

/// The project's own fixtures.
std::string fixtures_dir();

/// Their candles, loaded once.
const FileTruth& fixtures();

/// Opens of the rows of a klines answer.
std::vector<TimeMs> open_times(const std::string& body);
/// The rows without the brackets around them all.
std::string rows_of(const std::string& body);

/// first, first + step, ...
std::vector<TimeMs> times(TimeMs first, std::size_t count, DurationMs step = kMinuteMs);

/// A folder of its own that is removed with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::string path() const { return path_.string(); }
  /// Writes a file, and the folders above it.
  void write(const std::string& name, const std::string& content) const;

 private:
  std::filesystem::path path_;
};

/// A simulated exchange behind the simulated transport, on a virtual clock.
class Rig {
 public:
  static constexpr TimeMs kStart = 1'700'000'040'000;  ///< on a full minute
  Rig(const Truth& truth, SimOptions options, TimeMs start = kStart);
  ~Rig();

  /// GETs `target`, on a kept connection.
  Result<net::HttpResponse> get(const std::string& target);
  /// Moves the clock.
  void pass(DurationMs ms);

  async::VirtualLoop loop;
  SimExchange exchange;

 private:
  net::SimTransport transport_;
  net::HttpClient client_;
};

}  // namespace bf::sim
