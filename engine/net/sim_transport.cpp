#include "engine/net/sim_transport.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

namespace bf::net {
namespace {

using async::kNoDeadline;
using async::Wake;

Error wait_error(Wake wake) {
  if (wake == Wake::kTimeout) return Error(Code::kTimeout, "the deadline passed");
  return CancelToken::error();
}

constexpr std::size_t kBlockBytes = 32U << 10;
constexpr std::size_t kSpareBlocksMax = 512;  // 16 MiB

using Block = std::unique_ptr<char[]>;

/// Blocks of this thread that carried bytes before: fresh memory from the kernel would cost more than
/// the copying.
std::vector<Block>& spare_blocks() {
  thread_local std::vector<Block> spare;
  return spare;
}

Block take_block() {
  std::vector<Block>& spare = spare_blocks();
  if (spare.empty()) return std::make_unique_for_overwrite<char[]>(kBlockBytes);
  Block block = std::move(spare.back());
  spare.pop_back();
  return block;
}

void give_back(Block block) {
  std::vector<Block>& spare = spare_blocks();
  if (spare.size() < kSpareBlocksMax) spare.push_back(std::move(block));
}

/// One direction of a connection.
struct Pipe {
  Pipe(async::Loop& loop, std::int64_t latency, std::size_t window, SimLine* shared)
      : latency_ns(latency), window_bytes(window), line(shared), readers(loop), writers(loop) {}

  struct Chunk {
    Block bytes;
    std::size_t size;
    std::int64_t arrives_ns;
  };

  std::int64_t latency_ns;
  std::size_t window_bytes;
  SimLine* line;
  std::deque<Chunk> chunks;
  std::size_t front_used = 0;  ///< bytes of chunks.front() that were read
  std::size_t under_way = 0;
  bool ended = false;  ///< the writer has closed
  std::int64_t end_arrives_ns = 0;
  bool reset = false;      ///< the end is no orderly one
  bool abandoned = false;  ///< the reader has closed
  async::WaitQueue readers;
  async::WaitQueue writers;

  /// When the next byte, or the end, arrives; kNoDeadline when neither is on its way.
  [[nodiscard]] std::int64_t next_arrival_ns() const noexcept {
    if (!chunks.empty()) return chunks.front().arrives_ns;
    return ended ? end_arrives_ns : kNoDeadline;
  }

  void put(std::span<const char> bytes, std::int64_t now) {
    under_way += bytes.size();
    while (!bytes.empty()) {
      if (line != nullptr) {
        const std::size_t part = std::min(bytes.size(), kBlockBytes);
        put_at(bytes.first(part), line->pass(part, now) + latency_ns);
        bytes = bytes.subspan(part);
      } else {
        put_at(std::exchange(bytes, {}), now + latency_ns);
      }
    }
  }

  void put_at(std::span<const char> bytes, std::int64_t arrives) {
    while (!bytes.empty()) {
      // Small writes of one instant share a block.
      if (chunks.empty() || chunks.back().arrives_ns != arrives ||
          chunks.back().size == kBlockBytes) {
        Chunk fresh{take_block(), 0, arrives};
        chunks.push_back(std::move(fresh));
      }
      Chunk& chunk = chunks.back();
      const std::size_t part = std::min(bytes.size(), kBlockBytes - chunk.size);
      std::copy_n(bytes.data(), part, chunk.bytes.get() + chunk.size);
      chunk.size += part;
      bytes = bytes.subspan(part);
    }
  }

  std::size_t take(std::span<char> into, std::int64_t now) {
    std::size_t taken = 0;
    while (taken < into.size() && !chunks.empty() && chunks.front().arrives_ns <= now) {
      Chunk& chunk = chunks.front();
      const std::size_t part = std::min(into.size() - taken, chunk.size - front_used);
      std::copy_n(chunk.bytes.get() + front_used, part, into.data() + taken);
      taken += part;
      front_used += part;
      if (front_used < chunk.size) break;
      give_back(std::move(chunk.bytes));
      chunks.pop_front();
      front_used = 0;
    }
    under_way -= taken;
    return taken;
  }
};

struct Wire {
  Wire(async::Loop& loop, std::int64_t latency_ns, std::size_t window_bytes, SimLine* line)
      : up(loop, latency_ns, window_bytes, nullptr), down(loop, latency_ns, window_bytes, line) {}
  Pipe up;
  Pipe down;
};

class SimStream final : public Stream {
 public:
  SimStream(async::Loop& loop, std::shared_ptr<Wire> wire, Pipe& in, Pipe& out)
      : loop_(loop), wire_(std::move(wire)), in_(in), out_(out) {}
  ~SimStream() override { end(); }

  Task<Result<std::size_t>> read(std::span<char> into, CancelToken cancel,
                                 std::int64_t deadline_ns) override {
    BF_ASSERT(!into.empty());
    while (true) {
      if (cancel.cancelled() || closed_) co_return fail(CancelToken::error());
      const std::int64_t now = loop_.now_ns();
      const std::int64_t arrival = in_.next_arrival_ns();
      if (arrival <= now) {
        const std::size_t taken = in_.take(into, now);
        if (taken > 0) in_.writers.wake_one();
        if (taken == 0 && in_.reset) co_return fail(Code::kNetwork, "connection reset by peer");
        co_return taken;  // 0: the peer's end has arrived
      }
      const Wake wake = co_await in_.readers.wait(cancel, std::min(arrival, deadline_ns));
      if (wake == Wake::kTimeout && loop_.now_ns() >= arrival) continue;
      if (wake != Wake::kReady) co_return fail(wait_error(wake));
    }
  }

  Task<Result<void>> write(std::span<const char> bytes, CancelToken cancel,
                           std::int64_t deadline_ns) override {
    while (!bytes.empty()) {
      if (cancel.cancelled() || closed_) co_return fail(CancelToken::error());
      if (out_.abandoned) co_return fail(Code::kNetwork, "the peer has closed the connection");
      const std::size_t part = std::min(bytes.size(), out_.window_bytes - out_.under_way);
      if (part > 0) {
        out_.put(bytes.first(part), loop_.now_ns());
        out_.readers.wake_one();
        bytes = bytes.subspan(part);
        continue;
      }
      const Wake wake = co_await out_.writers.wait(cancel, deadline_ns);
      if (wake != Wake::kReady) co_return fail(wait_error(wake));
    }
    co_return Result<void>();
  }

  Task<void> close() override {
    end();
    co_await loop_.yield();  // a read or write that waited has left when this returns
  }

  void reset_at_close() noexcept override { out_.reset = true; }

  bool has_unread() override { return in_.next_arrival_ns() <= loop_.now_ns(); }

 private:
  void end() noexcept {
    if (closed_) return;
    closed_ = true;
    out_.ended = true;
    out_.end_arrives_ns = loop_.now_ns() + out_.latency_ns;
    in_.abandoned = true;
    in_.chunks.clear();
    for (async::WaitQueue* queue : {&in_.readers, &in_.writers, &out_.readers, &out_.writers}) {
      queue->wake_all();
    }
  }

  async::Loop& loop_;
  std::shared_ptr<Wire> wire_;
  Pipe& in_;
  Pipe& out_;
  bool closed_ = false;
};

}  // namespace

std::int64_t SimLine::pass(std::size_t bytes, std::int64_t now_ns) noexcept {
  constexpr double kNanosecondsPerSecond = 1e9;
  const auto until = [this] {
    const double seconds =
        static_cast<double>(busy_bytes_) / static_cast<double>(bytes_per_second_);
    return busy_since_ns_ + static_cast<std::int64_t>(seconds * kNanosecondsPerSecond);
  };
  if (until() <= now_ns) {
    busy_since_ns_ = now_ns;
    busy_bytes_ = 0;
  }
  bytes_ += static_cast<std::int64_t>(bytes);
  busy_bytes_ += static_cast<std::int64_t>(bytes);
  return until();
}

StreamPair make_stream_pair(async::Loop& loop, std::int64_t latency_ns, std::size_t window_bytes,
                            SimLine* down) {
  const auto wire = std::make_shared<Wire>(loop, latency_ns, window_bytes, down);
  StreamPair pair;
  pair.client = std::make_unique<SimStream>(loop, wire, wire->down, wire->up);
  pair.server = std::make_unique<SimStream>(loop, wire, wire->up, wire->down);
  return pair;
}

SimTransport::SimTransport(async::Loop& loop) : loop_(loop), serving_(loop, CancelToken()) {}

SimTransport::~SimTransport() { BF_ASSERT(serving_.running() == 0); }

void SimTransport::route(std::string host, std::uint16_t port, SimRoute route) {
  routes_.insert_or_assign(std::pair(std::move(host), port), route);
}

Task<Result<std::unique_ptr<Stream>>> SimTransport::connect(Endpoint endpoint, CancelToken cancel,
                                                            std::int64_t deadline_ns) {
  if (cancel.cancelled()) co_return fail(CancelToken::error());
  const auto found = routes_.find(std::pair(endpoint.host, endpoint.port));
  if (found == routes_.end()) {
    co_return fail(Code::kNetwork, endpoint.name() + ": connection refused");
  }
  const SimRoute route = found->second;
  if (route.latency_ns > 0) {
    const std::int64_t connected = loop_.now_ns() + 2 * route.latency_ns;  // SYN and its answer
    const Wake wake = co_await loop_.sleep_until(std::min(connected, deadline_ns), cancel);
    if (wake == Wake::kCancelled) co_return fail(CancelToken::error());
    if (connected > deadline_ns) {
      co_return fail(Code::kTimeout, endpoint.name() + ": no connection in time");
    }
  }
  StreamPair pair = make_stream_pair(loop_, route.latency_ns, kWindowBytes, route.down);
  ++connections_;
  serving_.spawn(serve_connection_alone(loop_, std::move(pair.server), *route.handler, connections_,
                                        serving_.token()));
  co_return std::move(pair.client);
}

Task<void> SimTransport::close() {
  serving_.cancel();
  const Result<void> ended = co_await serving_.join();
  (void)ended;  // a connection's errors are its own
}

}  // namespace bf::net
