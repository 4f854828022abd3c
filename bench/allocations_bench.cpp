// bench/allocations_bench.cpp
//
// How often a run allocates for a page in its steady state: 16 series of USD-M on the virtual clock, by the
// real planner, limiter, HTTP client, parser and store, all on one thread. What the exchange takes to make
// an answer is left out; sending it, the other end of each connection, is in it.
//
//   allocations_bench STORE_DIR
//
// Counts malloc and its kin, which operator new calls as well, of this program and its libraries. Checks
// before it prints: nothing is missing.
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <utility>

#include "bench/support/said_row.h"
#include "bench/support/virtual_run.h"
#include "engine/sim/generated_truth.h"

namespace bf {
namespace {

struct Allocations {
  std::int64_t count = 0;
  std::int64_t bytes = 0;
  bool paused = false;

  void add(std::size_t size) noexcept {
    if (paused) return;
    ++count;
    bytes += static_cast<std::int64_t>(size);
  }
};
constinit Allocations allocations;  // one thread

}  // namespace
}  // namespace bf

// The C library lets a program have its own, and keeps these names for what it does itself.
extern "C" {
void* __libc_malloc(std::size_t size);                           // NOLINT
void* __libc_calloc(std::size_t count, std::size_t size);        // NOLINT
void* __libc_realloc(void* block, std::size_t size);             // NOLINT
void* __libc_memalign(std::size_t alignment, std::size_t size);  // NOLINT

void* malloc(std::size_t size) {
  bf::allocations.add(size);
  return __libc_malloc(size);
}
void* calloc(std::size_t nmemb, std::size_t size) {
  bf::allocations.add(nmemb * size);
  return __libc_calloc(nmemb, size);
}
void* realloc(void* ptr, std::size_t size) {
  bf::allocations.add(size);
  return __libc_realloc(ptr, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  bf::allocations.add(size);
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** memptr, std::size_t alignment, std::size_t size) {
  bf::allocations.add(size);
  *memptr = __libc_memalign(alignment, size);
  return *memptr == nullptr ? ENOMEM : 0;
}
}

namespace bf {
namespace {

constexpr std::size_t kSymbols = 16;
constexpr int kDays = 90;
constexpr std::int64_t kFirstPage = 1'000;
constexpr std::int64_t kLastPage = 3'000;

/// Of pages [kFirstPage, kLastPage).
struct Counted {
  std::int64_t pages = 0;
  Allocations begin;
  Allocations end;

  void page_asked() {
    if (pages == kFirstPage) begin = allocations;
    if (pages == kLastPage) end = allocations;
    ++pages;
  }
};

/// Answers as the exchange does, whose allocations do not count.
class Uncounted final : public net::HttpHandler {
 public:
  Uncounted(net::HttpHandler& exchange, Counted& counted)
      : exchange_(exchange), counted_(counted) {}

  net::Task<net::ServerResponse> handle(net::ServerRequest request,
                                        net::CancelToken cancel) override {
    if (request.target.starts_with("/fapi/v1/klines")) counted_.page_asked();
    allocations.paused = true;  // until it has answered: it waits for nothing
    net::ServerResponse response = co_await exchange_.handle(std::move(request), cancel);
    allocations.paused = false;
    co_return response;
  }

 private:
  net::HttpHandler& exchange_;
  Counted& counted_;
};

int run(const std::string& directory) {
  sim::GeneratedOptions generated;
  generated.symbols = kSymbols;
  const sim::GeneratedTruth truth(generated);
  backfill::RunOptions options;
  options.selections.emplace_back();
  options.selections.back().exchange = "binance";
  options.selections.back().market = "um";
  options.selections.back().all = true;
  options.from = {backfill::TimeSpec::From::kNow, -kDays * kDayMs};
  options.source = plan::SourceChoice::kRest;
  options.base_urls["binance"] = bench::kSimulatedUrl;
  Counted counted;
  bench::VirtualWorld world;
  world.before = [&counted](net::HttpHandler& exchange) {
    return std::make_unique<Uncounted>(exchange, counted);
  };
  const TimeMs now = from_civil({.year = 2024, .month = 7, .day = 1});
  const bench::VirtualRun run =
      bench::run_virtually(directory, truth, now, std::move(options), std::move(world));
  if (bench::tell_failures(run.report) != 0 || counted.pages <= kLastPage) {
    std::fprintf(stderr, "allocations_bench: the run is not whole\n");
    return 1;
  }
  constexpr auto kPages = static_cast<double>(kLastPage - kFirstPage);
  const double count = static_cast<double>(counted.end.count - counted.begin.count) / kPages;
  const double bytes = static_cast<double>(counted.end.bytes - counted.begin.bytes) / kPages;
  std::printf("of %lld pages of 499 rows, %lld to %lld:\n", static_cast<long long>(counted.pages),
              static_cast<long long>(kFirstPage), static_cast<long long>(kLastPage));
  std::printf("  allocations a page  %.1f\n  KiB a page          %.1f\n", count, bytes / 1024);
  bench::say_row("allocations/page", count, "allocations a page");
  bench::say_row("allocations/page_bytes", bytes / 1024, "KiB a page");
  return 0;
}

}  // namespace
}  // namespace bf

int main(int argc, char** argv) {
  if (argc == 2) return bf::run(argv[1]);
  std::fprintf(stderr, "usage: allocations_bench STORE_DIR\n");
  return 2;
}
