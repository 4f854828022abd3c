// Real sockets on loopback; client and server are coroutines of one loop.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "engine/async/real_loop.h"
#include "engine/net/dial.h"
#include "engine/net/http_client.h"
#include "engine/net/http_server.h"
#include "engine/net/real_transport.h"
#include "engine/net/resolve.h"
#include "tests/net/net_support.h"

namespace bf::net {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

/// Answers "/size/N?chunked&gzip" with N bytes; remembers the connection of each request.
class SizeHandler final : public HttpHandler {
 public:
  Task<ServerResponse> handle(ServerRequest request, CancelToken cancel) override {
    (void)cancel;
    connections.push_back(request.connection);
    ServerResponse response;
    response.body = body_of(std::stoul(request.target.substr(6)));
    response.chunked = request.target.find("chunked") != std::string::npos;
    response.gzip = request.target.find("gzip") != std::string::npos;
    response.close = request.target.find("close") != std::string::npos;
    if (request.target.find("silent") != std::string::npos) response.stall_after = 0;
    co_return response;
  }
  static std::string body_of(std::size_t size) {
    std::string body(size, 'x');
    std::uint32_t random = 1;
    for (char& c : body) {
      random = random * 1'664'525 + 1'013'904'223;
      c = static_cast<char>('0' + (random >> 24) % 10);
    }
    return body;
  }
  std::vector<std::uint64_t> connections;
};

/// What a test does with a client of a server on loopback.
using Body = Task<Result<void>> (*)(async::RealLoop& loop, HttpClient& client, Endpoint endpoint,
                                    int turns);

Task<Result<void>> beside_server(async::RealLoop& loop, Listener& listener, SizeHandler& handler,
                                 HttpClient& client, Body body, int turns) {
  async::TaskGroup serving(loop, CancelToken());
  serving.spawn(serve(loop, listener, handler, serving.token()));
  Endpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = listener.port();
  Result<void> done = co_await body(loop, client, endpoint, turns);
  co_await client.close();
  serving.cancel();
  const Result<void> served = co_await serving.join();
  co_await listener.close();
  EXPECT_TRUE(served);
  co_return done;
}

struct Beside {
  HttpStats stats;
  std::vector<std::uint64_t> connections;
};
Beside run_beside_server(Body body, int turns = 0) {
  Beside beside;
  {
    async::RealLoop loop;
    Result<std::unique_ptr<Listener>> listener = listen(loop, ListenOptions());
    Result<std::unique_ptr<Transport>> transport = make_real_transport(loop, TlsClientOptions());
    EXPECT_TRUE(listener && transport);
    SizeHandler handler;
    HttpClient client(**transport);
    const Result<void> done =
        loop.run(beside_server(loop, **listener, handler, client, body, turns));
    EXPECT_TRUE(done) << done.error().message();
    beside.stats = client.stats();
    beside.connections = handler.connections;
  }
  EXPECT_EQ(async::live_frames(), 0);
  return beside;
}

Task<Result<HttpResponse>> get(HttpClient& client, Endpoint endpoint, std::string target) {
  HttpRequest request;
  request.endpoint = std::move(endpoint);
  request.target = std::move(target);
  co_return co_await client.get(std::move(request), CancelToken());
}

Task<Result<void>> expect_body(HttpClient& client, Endpoint endpoint, std::string target,
                               std::size_t size) {
  const Result<HttpResponse> response = co_await get(client, std::move(endpoint), target);
  if (!response) co_return fail(response.error());
  EXPECT_EQ(response->status, 200) << target;
  EXPECT_TRUE(response->body == SizeHandler::body_of(size)) << target;
  EXPECT_GE(response->body.capacity(), size + kBodyPadding) << target;
  co_return Result<void>();
}

TEST(Tcp, CarriesBodiesOfAllSizesAndFramingsOverOneConnection) {
  const Beside beside = run_beside_server(
      [](async::RealLoop&, HttpClient& client, Endpoint endpoint, int) -> Task<Result<void>> {
        for (const std::size_t size :
             {0U, 1U, 16'000U, 16'384U, 65'536U, 130'000U, 1'048'576U, 5'000'000U}) {
          for (const char* const how : {"", "?chunked", "?gzip", "?gzip&chunked"}) {
            const std::string target = "/size/" + std::to_string(size) + how;
            const Result<void> done = co_await expect_body(client, endpoint, target, size);
            if (!done) co_return done;
          }
        }
        co_return Result<void>();
      });
  EXPECT_EQ(beside.stats.connections, 1U);
  EXPECT_EQ(beside.stats.requests, 32U);
  EXPECT_EQ(beside.connections.back(), 1U);
}

TEST(Tcp, OpensANewConnectionAfterOneThatTheServerClosed) {
  const Beside beside = run_beside_server(
      [](async::RealLoop&, HttpClient& client, Endpoint endpoint, int) -> Task<Result<void>> {
        for (int i = 0; i < 3; ++i) {
          const Result<void> done = co_await expect_body(client, endpoint, "/size/10?close", 10);
          if (!done) co_return done;
        }
        co_return Result<void>();
      });
  EXPECT_EQ(beside.connections, (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST(Tcp, CarriesManyRequestsAtOnceAndKeepsTheirConnections) {
  const Beside beside = run_beside_server(
      [](async::RealLoop& loop, HttpClient& client, Endpoint endpoint, int) -> Task<Result<void>> {
        for (int round = 0; round < 3; ++round) {
          async::TaskGroup group(loop, CancelToken());
          for (int i = 0; i < 64; ++i)
            group.spawn(expect_body(client, endpoint, "/size/20000", 20'000));
          const Result<void> joined = co_await group.join();
          if (!joined) co_return joined;
        }
        co_return Result<void>();
      });
  EXPECT_EQ(beside.stats.requests, 192U);
  EXPECT_LE(beside.stats.connections, 64U);
}

Task<Result<void>> cancel_at_next_turn(async::Loop& loop, async::CancelSource& source, int turns) {
  for (int i = 0; i < turns; ++i) co_await loop.yield();
  source.cancel();
  co_return Result<void>();
}

Task<Result<void>> expect_cancelled(HttpClient& client, Endpoint endpoint, CancelToken cancel) {
  HttpRequest request;
  request.endpoint = std::move(endpoint);
  request.target = "/size/10?silent";
  const Result<HttpResponse> response = co_await client.get(std::move(request), cancel);
  EXPECT_FALSE(response);
  if (!response) {
    EXPECT_EQ(code_name(response.error().code()), "cancelled");
  }
  co_return Result<void>();
}

TEST(Tcp, ARequestCanBeCancelledAtAnyTurnOfTheLoop) {
  for (int turns = 0; turns < 12; ++turns) {
    run_beside_server(
        [](async::RealLoop& loop, HttpClient& client, Endpoint endpoint,
           int n) -> Task<Result<void>> {
          async::CancelSource source;
          async::TaskGroup group(loop, CancelToken());
          group.spawn(expect_cancelled(client, endpoint, source.token()));
          group.spawn(cancel_at_next_turn(loop, source, n));
          co_return co_await group.join();
        },
        turns);
  }
}

Task<Result<void>> connect_to(Transport& transport, Endpoint endpoint, CancelToken cancel,
                              std::int64_t timeout_ns) {
  const std::int64_t deadline = transport.loop().now_ns() + timeout_ns;
  Result<std::unique_ptr<Stream>> stream = co_await transport.connect(endpoint, cancel, deadline);
  if (!stream) co_return fail(stream.error());
  co_await (*stream)->close();
  co_return Result<void>();
}

Result<void> try_connect(std::string host, std::uint16_t port,
                         std::int64_t timeout_ns = 5 * kSecondNs) {
  async::RealLoop loop;
  const Result<std::unique_ptr<Transport>> transport =
      make_real_transport(loop, TlsClientOptions());
  Endpoint endpoint;
  endpoint.host = std::move(host);
  endpoint.port = port;
  return loop.run(connect_to(**transport, endpoint, CancelToken(), timeout_ns));
}

std::uint16_t port_that_nobody_listens_on() {
  async::RealLoop loop;
  Result<std::unique_ptr<Listener>> listener = listen(loop, ListenOptions());
  const std::uint16_t port = (*listener)->port();
  const auto close = [](Listener& l) -> Task<int> {
    co_await l.close();
    co_return 0;
  };
  loop.run(close(**listener));
  return port;
}

TEST(Tcp, SaysThatAConnectionWasRefusedAndByWhom) {
  const std::uint16_t port = port_that_nobody_listens_on();
  const Result<void> done = try_connect("127.0.0.1", port);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::kNetwork);
  const std::string address = "127.0.0.1:" + std::to_string(port);
  EXPECT_EQ(done.error().message(),
            "http://" + address + ": " + address + ": connect: Connection refused");
}

/// A listening socket whose queue is full: connecting to it hangs, as to a host that drops packets.
class SilentPort {
 public:
  SilentPort() {
    EXPECT_TRUE(parse_address("127.0.0.1", 0, address_));
    auto* const name = reinterpret_cast<sockaddr*>(&address_);
    socklen_t size = sizeof(sockaddr_in);
    fds_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    EXPECT_EQ(::bind(fds_[0], name, size), 0);
    EXPECT_EQ(::listen(fds_[0], 0), 0);
    EXPECT_EQ(::getsockname(fds_[0], name, &size), 0);
    for (int i = 0; i < 4; ++i) {
      fds_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      EXPECT_EQ(::connect(fds_.back(), name, size), -1);
    }
  }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;
  ~SilentPort() {
    for (const int fd : fds_) ::close(fd);
  }
  [[nodiscard]] sockaddr_storage address() const { return address_; }

 private:
  sockaddr_storage address_{};
  std::vector<int> fds_;
};

Task<Result<void>> dial_and_close(async::RealLoop& loop, std::vector<sockaddr_storage> addresses,
                                  std::int64_t timeout_ns, Listener& listener) {
  Result<std::unique_ptr<Stream>> stream =
      co_await dial(loop, std::move(addresses), CancelToken(), loop.now_ns() + timeout_ns);
  Result<void> done;
  if (stream) {
    co_await (*stream)->close();
  } else {
    done = fail(stream.error());
  }
  co_await listener.close();
  co_return done;
}

TEST(Dial, GoesOnToTheNextAddressAfterARefusalAndAfterSilence) {
  const SilentPort silent;
  sockaddr_storage refusing{};
  ASSERT_TRUE(parse_address("127.0.0.1", port_that_nobody_listens_on(), refusing));
  async::RealLoop loop;
  Result<std::unique_ptr<Listener>> listener = listen(loop, ListenOptions());
  ASSERT_TRUE(listener);
  sockaddr_storage good{};
  ASSERT_TRUE(parse_address("127.0.0.1", (*listener)->port(), good));
  const std::vector<sockaddr_storage> addresses = {refusing, silent.address(), good};
  const Result<void> done = loop.run(dial_and_close(loop, addresses, 5 * kSecondNs, **listener));
  EXPECT_TRUE(done) << done.error().message();
  EXPECT_EQ(async::live_frames(), 0);
}

TEST(Dial, NamesEachAddressAndItsReason) {
  const SilentPort silent;
  sockaddr_storage refusing{};
  ASSERT_TRUE(parse_address("127.0.0.1", port_that_nobody_listens_on(), refusing));
  async::RealLoop loop;
  Result<std::unique_ptr<Listener>> listener = listen(loop, ListenOptions());
  ASSERT_TRUE(listener);
  const std::vector<sockaddr_storage> addresses = {refusing, silent.address()};
  const Result<void> done = loop.run(dial_and_close(loop, addresses, 500 * kMsNs, **listener));
  ASSERT_FALSE(done);
  EXPECT_EQ(code_name(done.error().code()), "network");
  EXPECT_THAT(done.error().message(),
              HasSubstr(format_address(refusing) + ": connect: Connection refused"));
  EXPECT_THAT(done.error().message(),
              HasSubstr(format_address(silent.address()) + ": the deadline passed"));
}

TEST(Tcp, RefusesHostsThatAreNone) {
  for (const std::string& host :
       {std::string(), std::string(254, 'a'), std::string("a b"), std::string("a\r\nb")}) {
    const Result<void> done = try_connect(host, 80);
    ASSERT_FALSE(done) << host;
    EXPECT_EQ(done.error().code(), Code::kUsage) << host;
  }
}

TEST(Tcp, FailsForANameThatDoesNotExist) {
  const Result<void> done = try_connect("no-such-host.invalid", 80, 2 * kSecondNs);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().code(), AnyOf(Code::kNetwork, Code::kTimeout));
  EXPECT_THAT(done.error().message(), HasSubstr("no-such-host.invalid"));
}

// See failing_names.cpp.
TEST(Tcp, SaysThatTheNameServerFails) {
  const Result<void> done = try_connect("server-fails.invalid", 80, 10 * kSecondNs);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::kNetwork);
  EXPECT_THAT(done.error().message(), HasSubstr("server-fails.invalid"));
  EXPECT_THAT(done.error().message(), HasSubstr("temporary failure"));
}

TEST(Tcp, AWaitForTheResolverLeavesAtOnceWhenCancelled) {
  const std::int64_t frames = async::live_frames();
  {
    async::RealLoop loop;
    const Result<std::unique_ptr<Transport>> transport =
        make_real_transport(loop, TlsClientOptions());
    const auto run = [](async::RealLoop& l, Transport& t) -> Task<Result<void>> {
      async::CancelSource source;
      async::TaskGroup group(l, CancelToken());
      Endpoint endpoint;
      endpoint.host = "no-such-host.invalid";
      endpoint.port = 80;
      group.spawn(connect_to(t, endpoint, source.token(), 5 * kSecondNs));
      source.cancel();
      co_return co_await group.join();
    };
    const Result<void> done = loop.run(run(loop, **transport));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), Code::kCancelled);
  }
  EXPECT_EQ(async::live_frames(), frames);
}

TEST(Tcp, ListeningOnAPortInUseNamesIt) {
  async::RealLoop loop;
  Result<std::unique_ptr<Listener>> first = listen(loop, ListenOptions());
  ASSERT_TRUE(first);
  ListenOptions options;
  options.port = (*first)->port();
  const Result<std::unique_ptr<Listener>> second = listen(loop, options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::kNetwork);
  EXPECT_THAT(second.error().message(), HasSubstr("127.0.0.1:" + std::to_string(options.port)));
  options.address = "not an address";
  EXPECT_FALSE(listen(loop, options));
}

TEST(Tcp, SaysThatDescriptorsHaveRunOut) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer's own checks need a descriptor";
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
  GTEST_SKIP() << "the sanitizer's own checks need a descriptor";
#endif
#endif
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  async::RealLoop loop;
  const Result<std::unique_ptr<Transport>> transport =
      make_real_transport(loop, TlsClientOptions());
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  Endpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = 80;
  const Result<void> done = loop.run(connect_to(**transport, endpoint, CancelToken(), kSecondNs));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::kNetwork);
  EXPECT_THAT(done.error().message(), HasSubstr("ulimit -n"));
}

TEST(Tcp, ReportsAResetAsANetworkError) {
  // A server that closes with the request unread resets the connection.
  async::RealLoop loop;
  Result<std::unique_ptr<Listener>> listener = listen(loop, ListenOptions());
  const Result<std::unique_ptr<Transport>> transport =
      make_real_transport(loop, TlsClientOptions());
  ASSERT_TRUE(listener && transport);
  const auto reset = [](Listener& l) -> Task<Result<void>> {
    Result<std::unique_ptr<Stream>> stream = co_await l.accept(CancelToken());
    if (!stream) co_return fail(stream.error());
    std::array<char, 1> byte{};
    const Result<std::size_t> got =
        co_await (*stream)->read(byte, CancelToken(), async::kNoDeadline);
    co_await (*stream)->close();
    if (!got) co_return fail(got.error());
    co_return Result<void>();
  };
  const auto run = [](async::RealLoop& lp, Listener& l, HttpClient& c,
                      Task<Result<void>> server) -> Task<Result<void>> {
    async::TaskGroup group(lp, CancelToken());
    group.spawn(std::move(server));
    Endpoint endpoint;
    endpoint.host = "127.0.0.1";
    endpoint.port = l.port();
    const Result<HttpResponse> got = co_await get(c, endpoint, "/size/1");
    const Result<void> joined = co_await group.join();
    co_await l.close();
    co_await c.close();
    EXPECT_TRUE(joined);
    if (!got) co_return fail(got.error());
    co_return Result<void>();
  };
  HttpClient client(**transport);
  const Result<void> done = loop.run(run(loop, **listener, client, reset(**listener)));
  ASSERT_FALSE(done);
  EXPECT_EQ(code_name(done.error().code()), "network");
}

TEST(PrivateAddress, KnowsEachRangeAlsoMappedIntoIpv6) {
  const auto is_private = [](const std::string& text) {
    sockaddr_storage address{};
    EXPECT_TRUE(parse_address(text, 80, address)) << text;
    return is_private_address(address);
  };
  for (const std::string text :
       {"127.0.0.1", "127.255.0.9", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "0.0.0.0", "::1", "::", "fe80::1", "fc00::1", "fdff::1",
        "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1"}) {
    EXPECT_TRUE(is_private(text)) << text;
  }
  for (const std::string text : {"8.8.8.8", "172.15.0.1", "172.32.0.1", "192.169.0.1", "11.0.0.1",
                                 "2606:4700::1", "::ffff:8.8.8.8", "fec0::1"}) {
    EXPECT_FALSE(is_private(text)) << text;
  }
}

TEST(ParseAddress, TakesNoOtherSpellingsForAnAddress) {
  sockaddr_storage address{};
  for (const std::string text :
       {"localhost", "127.1", "0177.0.0.1", "0x7f.0.0.1", "2130706433", "1.2.3.4.5", "::g", ""}) {
    EXPECT_FALSE(parse_address(text, 80, address)) << text;
  }
  ASSERT_TRUE(parse_address("::1", 443, address));
  EXPECT_EQ(format_address(address), "[::1]:443");
}

}  // namespace
}  // namespace bf::net
