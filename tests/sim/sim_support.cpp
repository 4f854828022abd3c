#include "tests/sim/sim_support.h"

#include <charconv>
#include <cstdlib>
#include <fstream>

#include "tests/support/source_tree.h"

namespace bf::sim {
namespace {

namespace fs = std::filesystem;

/// Between two runs of a loop nothing may be ready: the server's side has to come to rest.
async::Task<Result<net::HttpResponse>> get_task(async::Loop& loop, net::HttpClient& client,
                                                net::HttpRequest request) {
  constexpr int kRoundsToRest = 20;
  Result<net::HttpResponse> response =
      co_await client.get(std::move(request), async::CancelToken());
  for (int i = 0; i < kRoundsToRest; ++i) co_await loop.yield();
  co_return response;
}

async::Task<Result<void>> sleep_task(async::Loop& loop, DurationMs ms) {
  const async::Wake wake = co_await loop.sleep(ms * 1'000'000, async::CancelToken());
  (void)wake;
  co_return Result<void>();
}

async::Task<Result<void>> close_task(net::HttpClient& client, net::SimTransport& transport) {
  co_await client.close();
  co_await transport.close();
  co_return Result<void>();
}

}  // namespace

std::string fixtures_dir() { return test::source_path("fixtures"); }

const FileTruth& fixtures() {
  static const Result<FileTruth> truth = FileTruth::load(fixtures_dir());
  BF_ASSERT(truth.has_value());
  return *truth;
}

std::string rows_of(const std::string& body) {
  if (body.size() < 2 || body.front() != '[' || body.back() != ']') return {};
  return body.substr(1, body.size() - 2);
}

std::vector<TimeMs> open_times(const std::string& body) {
  std::vector<TimeMs> opens;
  const std::string rows = rows_of(body);
  for (const std::string_view row : split_rows(rows)) {
    const std::string text = row_fields(row)[kOpenTimeField];
    TimeMs open = -1;
    std::from_chars(text.data(), text.data() + text.size(), open);
    opens.push_back(open);
  }
  return opens;
}

std::vector<TimeMs> times(TimeMs first, std::size_t count, DurationMs step) {
  std::vector<TimeMs> all;
  all.reserve(count);
  for (std::size_t i = 0; i < count; ++i) all.push_back(first + static_cast<TimeMs>(i) * step);
  return all;
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "bf-sim-test-XXXXXX").string();
  BF_ASSERT(mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void TemporaryFolder::write(const std::string& name, const std::string& content) const {
  const fs::path file = path_ / name;
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << content;
}

Rig::Rig(const Truth& truth, SimOptions options, TimeMs start)
    : loop(start),
      exchange(loop, truth, std::move(options)),
      transport_(loop),
      client_(transport_) {
  net::SimRoute route;
  route.handler = &exchange;
  transport_.route("sim", 80, route);
}

Rig::~Rig() {
  const Result<void> closed = loop.run(close_task(client_, transport_));
  BF_ASSERT(closed.has_value());
}

Result<net::HttpResponse> Rig::get(const std::string& target) {
  net::HttpRequest request;
  request.endpoint = net::Endpoint{"sim", 80, false};
  request.target = target;
  return loop.run(get_task(loop, client_, std::move(request)));
}

void Rig::pass(DurationMs ms) {
  const Result<void> slept = loop.run(sleep_task(loop, ms));
  BF_ASSERT(slept.has_value());
}

}  // namespace bf::sim
