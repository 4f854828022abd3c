// bench/peers/libcurl_fetch.cpp
//
// What a good small program without bf would be: pages of 1,000 candles by libcurl's multi interface, a number
// at once, each read by simdjson On-Demand into ten columns of int64 and forgotten.
//
//   libcurl_fetch URL FROM_MS PAGES_OF_A_SERIES REQUESTS AT_ONCE [CA_FILE]
//
// Prints what it took and what it got: {seconds, cpu, candles, closes}.
#include <curl/curl.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bench/support/simdjson_rows.h"

namespace bf::bench {
namespace {

constexpr std::int64_t kPageMs = 1'000 * 60'000LL;
constexpr std::size_t kClose = 4;
constexpr int kPollMs = 1'000;

struct Options {
  std::string url;
  std::int64_t from = 0;
  std::int64_t pages = 0;
  std::int64_t requests = 0;
  int at_once = 0;
  const char* ca_file = nullptr;
};

[[noreturn]] void stop(const std::string& what) {
  std::fprintf(stderr, "libcurl_fetch: %s\n", what.c_str());
  std::exit(1);
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// One request at a time, again and again.
struct Transfer {
  CURL* easy = nullptr;
  std::string url;
  std::string body;
};

std::size_t append(const char* bytes, std::size_t size, std::size_t count, void* transfer) {
  static_cast<Transfer*>(transfer)->body.append(bytes, size * count);
  return size * count;
}

class Fetch {
 public:
  explicit Fetch(Options options) : options_(std::move(options)), multi_(curl_multi_init()) {
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options_.at_once));
  }
  ~Fetch() {
    for (const auto& transfer : transfers_) curl_easy_cleanup(transfer->easy);
    curl_multi_cleanup(multi_);
  }
  Fetch(const Fetch&) = delete;
  Fetch& operator=(const Fetch&) = delete;

  void run() {
    for (int i = 0; i < options_.at_once; ++i) add_transfer();
    while (done_ < options_.requests) {
      int running = 0;
      if (curl_multi_perform(multi_, &running) != CURLM_OK) stop("curl_multi_perform failed");
      take_finished();
      if (done_ < options_.requests) curl_multi_poll(multi_, nullptr, 0, kPollMs, nullptr);
    }
  }
  void print(double seconds, double cpu) const {
    std::printf("{\"seconds\":%.6f,\"cpu\":%.6f,\"candles\":%lld,\"closes\":%.8f}\n", seconds, cpu,
                static_cast<long long>(candles_), static_cast<double>(closes_) / 1e8);
  }

 private:
  void add_transfer() {
    auto transfer = std::make_unique<Transfer>();
    CURL* const easy = transfer->easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer.get());
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer.get());
    if (options_.ca_file != nullptr) curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file);
    transfers_.push_back(std::move(transfer));
    begin(*transfers_.back());
  }

  void begin(Transfer& transfer) {
    if (begun_ == options_.requests) return;
    const std::int64_t since = options_.from + begun_ % options_.pages * kPageMs;
    ++begun_;
    transfer.url =
        options_.url +
        "/fapi/v1/klines?symbol=P000USDT&interval=1m&limit=1000&startTime=" + std::to_string(since);
    transfer.body.clear();
    curl_easy_setopt(transfer.easy, CURLOPT_URL, transfer.url.c_str());
    curl_multi_add_handle(multi_, transfer.easy);
  }

  void take_finished() {
    int left = 0;
    while (const CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
      CURL* const easy = message->easy_handle;
      const CURLcode result = message->data.result;
      long status = 0;
      Transfer* transfer = nullptr;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
      if (result != CURLE_OK || status != 200)
        stop(transfer->url + ": " + curl_easy_strerror(result));
      curl_multi_remove_handle(multi_, easy);
      read(*transfer);
      ++done_;
      begin(*transfer);
    }
  }

  void read(Transfer& transfer) {
    transfer.body.reserve(transfer.body.size() + simdjson::SIMDJSON_PADDING);
    if (!rows_.parse(transfer.body, transfer.body.capacity())) stop("a page cannot be read");
    const std::vector<std::int64_t>& closes = rows_.columns()[kClose];
    candles_ += static_cast<std::int64_t>(closes.size());
    for (const std::int64_t close : closes) closes_ += close;
  }

  Options options_;
  CURLM* multi_;
  std::vector<std::unique_ptr<Transfer>> transfers_;
  SimdjsonRows rows_;
  std::int64_t begun_ = 0;
  std::int64_t done_ = 0;
  std::int64_t candles_ = 0;
  std::int64_t closes_ = 0;
};

}  // namespace
}  // namespace bf::bench

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "usage: libcurl_fetch URL FROM_MS PAGES REQUESTS AT_ONCE [CA_FILE]\n");
    return 2;
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  {
    bf::bench::Fetch fetch({argv[1], std::atoll(argv[2]), std::atoll(argv[3]), std::atoll(argv[4]),
                            std::atoi(argv[5]), argc > 6 ? argv[6] : nullptr});
    const double cpu = bf::bench::cpu_seconds();
    const auto began = std::chrono::steady_clock::now();
    fetch.run();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    fetch.print(took.count(), bf::bench::cpu_seconds() - cpu);
  }
  curl_global_cleanup();
  return 0;
}
