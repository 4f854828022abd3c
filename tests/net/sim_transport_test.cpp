#include "engine/net/sim_transport.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "tests/net/net_support.h"

namespace bf::net {
namespace {

struct Transfer {
  std::string received;
  std::int64_t arrived_ns = 0;  ///< of the last byte
  std::int64_t sent_ns = 0;     ///< when the writer was done
};

Task<Result<void>> write_all(async::Loop& loop, Stream& stream, std::string bytes,
                             Transfer& transfer) {
  const Result<void> sent =
      co_await stream.write(std::span<const char>(bytes), CancelToken(), async::kNoDeadline);
  transfer.sent_ns = loop.now_ns();
  co_await stream.close();
  co_return sent;
}

Task<Result<void>> read_all(async::Loop& loop, Stream& stream, Transfer& transfer,
                            std::int64_t pause_ns) {
  std::array<char, 1'024> buffer{};
  while (true) {
    const Result<std::size_t> got =
        co_await stream.read(std::span<char>(buffer), CancelToken(), async::kNoDeadline);
    if (!got) co_return fail(got.error());
    if (*got == 0) break;
    transfer.received.append(buffer.data(), *got);
    transfer.arrived_ns = loop.now_ns();
    if (pause_ns > 0) {
      const async::Wake wake = co_await loop.sleep(pause_ns, CancelToken());
      (void)wake;
    }
  }
  co_await stream.close();
  co_return Result<void>();
}

Task<Result<void>> transfer_bytes(async::Loop& loop, std::string bytes, std::int64_t latency_ns,
                                  std::size_t window, std::int64_t pause_ns, Transfer& transfer) {
  StreamPair pair = make_stream_pair(loop, latency_ns, window);
  async::TaskGroup group(loop, CancelToken());
  group.spawn(read_all(loop, *pair.client, transfer, pause_ns));
  group.spawn(write_all(loop, *pair.server, std::move(bytes), transfer));
  co_return co_await group.join();
}

/// Two servers that send `bytes` each at once, over one line.
Task<Result<void>> transfer_twice(async::Loop& loop, std::string bytes, SimLine& line,
                                  std::array<Transfer, 2>& transfers) {
  std::array<StreamPair, 2> pairs;
  async::TaskGroup group(loop, CancelToken());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i] = make_stream_pair(loop, 5 * kMsNs, kWindowBytes, &line);
    group.spawn(read_all(loop, *pairs[i].client, transfers[i], 0));
    group.spawn(write_all(loop, *pairs[i].server, bytes, transfers[i]));
  }
  co_return co_await group.join();
}

TEST(StreamPair, SharesALineWithOthers) {
  constexpr std::int64_t kBytesPerSecond = 1'000'000;
  const std::string bytes(300'000, 'x');
  async::VirtualLoop loop;
  const std::int64_t began_ns = loop.now_ns();
  SimLine line(kBytesPerSecond);
  std::array<Transfer, 2> transfers;
  ASSERT_TRUE(loop.run(transfer_twice(loop, bytes, line, transfers)));
  for (const Transfer& transfer : transfers) EXPECT_EQ(transfer.received, bytes);
  const std::int64_t last_ns = std::max(transfers[0].arrived_ns, transfers[1].arrived_ns);
  EXPECT_EQ(last_ns - began_ns, 605 * kMsNs);
  EXPECT_EQ(line.bytes(), 600'000);
}

TEST(SimLine, RestsWhileNothingIsSent) {
  SimLine line(/*bytes_per_second=*/1'000);
  EXPECT_EQ(line.pass(10, 0), 10 * kMsNs);
  EXPECT_EQ(line.pass(10, 5 * kMsNs), 20 * kMsNs);
  EXPECT_EQ(line.pass(10, 50 * kMsNs), 60 * kMsNs);
}

TEST(StreamPair, DeliversEveryByteInOrderThroughASmallWindow) {
  std::string bytes(100'000, 'x');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i % 251);
  for (const std::int64_t latency_ns : {std::int64_t{0}, 5 * kMsNs}) {
    async::VirtualLoop loop;
    Transfer transfer;
    ASSERT_TRUE(loop.run(transfer_bytes(loop, bytes, latency_ns, 777, 0, transfer)));
    EXPECT_TRUE(transfer.received == bytes);
    EXPECT_EQ(async::live_frames(), 0);
  }
}

TEST(StreamPair, DelaysByTheLatencyAndNotAtAllWithoutOne) {
  for (const std::int64_t latency_ns : {std::int64_t{0}, 5 * kMsNs}) {
    async::VirtualLoop loop;
    const std::int64_t begin = loop.now_ns();
    Transfer transfer;
    ASSERT_TRUE(loop.run(transfer_bytes(loop, "hello", latency_ns, 1'000, 0, transfer)));
    EXPECT_EQ(transfer.arrived_ns - begin, latency_ns);
    EXPECT_EQ(transfer.sent_ns, begin);
  }
}

TEST(StreamPair, MakesAWriterWaitForASlowReader) {
  async::VirtualLoop loop;
  const std::int64_t begin = loop.now_ns();
  Transfer transfer;
  ASSERT_TRUE(
      loop.run(transfer_bytes(loop, std::string(10'240, 'x'), 0, 1'024, kSecondNs, transfer)));
  // The first two windows pass at once, the last one when the reader has paused eight times.
  EXPECT_EQ(transfer.sent_ns - begin, 8 * kSecondNs);
}

Task<Result<std::size_t>> read_once(Stream& stream, CancelToken cancel, std::int64_t deadline_ns) {
  std::array<char, 16> buffer{};
  co_return co_await stream.read(std::span<char>(buffer), cancel, deadline_ns);
}

Task<Result<void>> expect_read(Stream& stream, CancelToken cancel, std::int64_t deadline_ns,
                               Code code) {
  const Result<std::size_t> got = co_await read_once(stream, cancel, deadline_ns);
  EXPECT_FALSE(got);
  if (!got) {
    EXPECT_EQ(code_name(got.error().code()), code_name(code));
  }
  co_return Result<void>();
}

Task<Result<void>> ways_to_end_a_read(async::Loop& loop) {
  StreamPair pair = make_stream_pair(loop, kMsNs);
  co_await expect_read(*pair.client, CancelToken(), loop.now_ns() + kSecondNs, Code::kTimeout);

  async::CancelSource source;
  async::TaskGroup cancelled(loop, CancelToken());
  cancelled.spawn(expect_read(*pair.client, source.token(), async::kNoDeadline, Code::kCancelled));
  source.cancel();
  co_await cancelled.join();

  async::TaskGroup closed(loop, CancelToken());
  closed.spawn(expect_read(*pair.client, CancelToken(), async::kNoDeadline, Code::kCancelled));
  co_await pair.client->close();
  EXPECT_EQ(closed.running(), 0) << "the read has left when close() returns";
  co_await closed.join();

  const std::string bytes("x");
  const Result<void> to_nobody =
      co_await pair.server->write(std::span<const char>(bytes), CancelToken(), async::kNoDeadline);
  EXPECT_FALSE(to_nobody);
  co_await pair.server->close();
  co_return Result<void>();
}

TEST(StreamPair, AReadEndsByDeadlineCancellationAndClose) {
  async::VirtualLoop loop;
  ASSERT_TRUE(loop.run(ways_to_end_a_read(loop)));
  EXPECT_EQ(async::live_frames(), 0);
}

Task<Result<void>> connect_to_nobody(SimTransport& transport) {
  Endpoint endpoint;
  endpoint.host = "nobody.test";
  endpoint.port = 1;
  const Result<std::unique_ptr<Stream>> stream =
      co_await transport.connect(endpoint, CancelToken(), async::kNoDeadline);
  co_await transport.close();
  if (!stream) co_return fail(stream.error());
  co_return Result<void>();
}

TEST(SimTransport, RefusesConnectionsWithoutARoute) {
  async::VirtualLoop loop;
  SimTransport transport(loop);
  const Result<void> done = loop.run(connect_to_nobody(transport));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::kNetwork);
  EXPECT_EQ(done.error().message(), "http://nobody.test:1: connection refused");
}

}  // namespace
}  // namespace bf::net
