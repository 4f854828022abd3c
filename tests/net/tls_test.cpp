// Goal: no certificate but the right one is ever accepted, and no TLS stream is taken to have ended
// because its transport did. Method: certificates made here; client and server over an in-memory
// stream, and over sockets for the good case.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <array>

#include "engine/async/real_loop.h"
#include "engine/net/http_client.h"
#include "engine/net/real_transport.h"
#include "engine/net/tls_stream.h"
#include "tests/net/certificates.h"
#include "tests/net/net_support.h"

namespace bf::net {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

/// Answers every request with the same body.
class PageHandler final : public HttpHandler {
 public:
  explicit PageHandler(std::string body) : body_(std::move(body)) {}
  Task<ServerResponse> handle(ServerRequest request, CancelToken cancel) override {
    (void)request, (void)cancel;
    ServerResponse response;
    response.body = body_;
    response.cut_after = cut_after;
    co_return response;
  }
  std::int64_t cut_after = -1;

 private:
  std::string body_;
};

class TlsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    certificates = new CertificateDirectory;
    certificates->add("good", CertificateOptions());
  }
  static void TearDownTestSuite() {
    delete certificates;
    certificates = nullptr;
  }
  void TearDown() override { EXPECT_EQ(async::live_frames(), 0); }

  static Result<TlsContext> server_context(const std::string& name) {
    return TlsContext::server(certificates->path(name + ".pem"), certificates->path(name + ".key"));
  }
  inline static CertificateDirectory* certificates = nullptr;
};

Task<Result<void>> serve_tls(async::Loop& loop, const TlsContext& context,
                             std::unique_ptr<Stream> below, HttpHandler& handler,
                             CancelToken cancel) {
  Result<std::unique_ptr<Stream>> stream = TlsStream::accept(loop, context, std::move(below));
  if (!stream) co_return fail(stream.error());
  co_return co_await serve_connection_alone(loop, std::move(*stream), handler, 1, cancel);
}

Task<Result<void>> shake(async::Loop& loop, const TlsContext& client, const TlsContext& server,
                         std::string host) {
  PageHandler handler("page");
  StreamPair pair = make_stream_pair(loop, kMsNs);
  async::TaskGroup group(loop, CancelToken());
  group.spawn(serve_tls(loop, server, std::move(pair.server), handler, group.token()));
  Result<std::unique_ptr<Stream>> stream =
      co_await TlsStream::connect(loop, client, std::move(pair.client), std::move(host),
                                  CancelToken(), loop.now_ns() + 5 * kSecondNs);
  Result<void> done;
  if (stream) {
    co_await (*stream)->close();
  } else {
    done = fail(stream.error());
  }
  group.cancel();
  const Result<void> joined = co_await group.join();
  EXPECT_TRUE(joined);
  co_return done;
}

Result<void> handshake(const Result<TlsContext>& client, const Result<TlsContext>& server,
                       std::string host) {
  if (!client) return fail(client.error());
  if (!server) return fail(server.error());
  async::VirtualLoop loop;
  return loop.run(shake(loop, *client, *server, std::move(host)));
}

TEST_F(TlsTest, AcceptsWhatTheNamedRootVouchesFor) {
  const Result<void> done =
      handshake(TlsContext::client(certificates->root()), server_context("good"), "localhost");
  EXPECT_TRUE(done) << done.error().message();
}

TEST_F(TlsTest, AcceptsAnAddressAndAWildcardWhereTheCertificateHasThem) {
  CertificateOptions options;
  options.names = "IP:127.0.0.1,IP:::1,DNS:*.exchange.test";
  certificates->add("many", options);
  const Result<TlsContext> client = TlsContext::client(certificates->root());
  for (const std::string host : {"127.0.0.1", "::1", "api.exchange.test"}) {
    const Result<void> done = handshake(client, server_context("many"), host);
    EXPECT_TRUE(done) << host << ": " << done.error().message();
  }
  for (const std::string host :
       {"127.0.0.2", "a.b.exchange.test", "exchange.test", "localhost", "::2"}) {
    const Result<void> done = handshake(client, server_context("many"), host);
    ASSERT_FALSE(done) << host;
    EXPECT_EQ(code_name(done.error().code()), "tls");
    EXPECT_THAT(done.error().message(), HasSubstr("mismatch"));
  }
}

TEST_F(TlsTest, RefusesEveryOtherCertificateAndSaysWhy) {
  struct Case {
    std::string name;
    CertificateOptions options;
    std::string host;
    std::string reason;
  };
  std::vector<Case> cases(8, Case{"", CertificateOptions(), "localhost", ""});
  cases[0].name = "expired";
  cases[0].options.not_after_s = -60;
  cases[0].reason = "expired";
  cases[1].name = "future";
  cases[1].options.not_before_s = 60;
  cases[1].reason = "not yet valid";
  cases[2].name = "other host";
  cases[2].options.names = "DNS:elsewhere.test";
  cases[2].reason = "hostname mismatch";
  cases[3].name = "address without an address entry";
  cases[3].options.names = "DNS:127.0.0.1";
  cases[3].host = "127.0.0.1";
  cases[3].reason = "IP address mismatch";
  cases[4].name = "common name alone";
  cases[4].options.names = "";
  cases[4].options.common_name = "localhost";
  cases[4].reason = "hostname mismatch";
  cases[5].name = "for clients";
  cases[5].options.usage = "clientAuth";
  cases[5].reason = "purpose";
  cases[6].name = "self-signed";
  cases[6].options.self_signed = true;
  cases[6].reason = "--ca-file";
  cases[7].name = "partial wildcard";
  cases[7].options.names = "DNS:local*";
  cases[7].reason = "hostname mismatch";
  const Result<TlsContext> client = TlsContext::client(certificates->root());
  for (const Case& test : cases) {
    certificates->add("refused", test.options);
    const Result<void> done = handshake(client, server_context("refused"), test.host);
    ASSERT_FALSE(done) << test.name;
    EXPECT_EQ(code_name(done.error().code()), "tls") << test.name;
    EXPECT_THAT(done.error().message(), HasSubstr(test.reason)) << test.name;
  }
}

TEST_F(TlsTest, RefusesARootThatNobodyNamedAndTellsHowToNameIt) {
  const Result<void> done = handshake(TlsContext::client(""), server_context("good"), "localhost");
  ASSERT_FALSE(done);
  EXPECT_EQ(code_name(done.error().code()), "tls");
  EXPECT_THAT(done.error().message(), HasSubstr("--ca-file"));
}

TEST_F(TlsTest, RefusesAnEmptyHostBecauseItWouldSwitchTheCheckOff) {
  const Result<void> done =
      handshake(TlsContext::client(certificates->root()), server_context("good"), "");
  ASSERT_FALSE(done);
}

TEST_F(TlsTest, RefusesWeakKeys) {
  CertificateOptions options;
  options.rsa_bits = 1'024;
  certificates->add("weak", options);
  const Result<TlsContext> server = server_context("weak");
  // OpenSSL's server refuses to load such a key at our level; where it did, the client would refuse.
  const Result<void> done =
      handshake(TlsContext::client(certificates->root()), server, "localhost");
  EXPECT_FALSE(done);
}

TEST_F(TlsTest, RefusesAServerThatKnowsTls11Alone) {
  const Result<TlsContext> server = server_context("good");
  ASSERT_TRUE(server);
  SSL_CTX_set_security_level(server->get(), 0);
  SSL_CTX_set_min_proto_version(server->get(), TLS1_1_VERSION);
  SSL_CTX_set_max_proto_version(server->get(), TLS1_1_VERSION);
  const Result<void> done =
      handshake(TlsContext::client(certificates->root()), server, "localhost");
  ASSERT_FALSE(done);
  EXPECT_EQ(code_name(done.error().code()), "tls");
}

TEST_F(TlsTest, RefusesAServerThatChoosesHttp2) {
  const Result<TlsContext> server = server_context("good");
  ASSERT_TRUE(server);
  const auto choose_h2 = [](SSL*, const unsigned char** out, unsigned char* size,
                            const unsigned char*, unsigned, void*) {
    static const std::array<unsigned char, 2> h2 = {'h', '2'};
    *out = h2.data();
    *size = h2.size();
    return SSL_TLSEXT_ERR_OK;
  };
  SSL_CTX_set_alpn_select_cb(server->get(), choose_h2, nullptr);
  const Result<void> done =
      handshake(TlsContext::client(certificates->root()), server, "localhost");
  ASSERT_FALSE(done);
  EXPECT_EQ(code_name(done.error().code()), "tls");
}

TEST_F(TlsTest, FilesThatCannotBeReadAreTheUsersMistake) {
  for (const Result<TlsContext>& context :
       {TlsContext::client("/nonexistent.pem"), TlsContext::client(certificates->path("root.key")),
        TlsContext::server("/nonexistent.pem", certificates->path("good.key")),
        TlsContext::server(certificates->path("good.pem"), certificates->path("root.key"))}) {
    ASSERT_FALSE(context);
    EXPECT_EQ(code_name(context.error().code()), "usage") << context.error().message();
  }
}

/// What stands between client and server: passes the server's bytes on, up to `pass_bytes`, then ends.
struct Relay {
  std::size_t pass_bytes = SIZE_MAX;
  std::size_t passed = 0;
};

Task<Result<void>> relay(Stream& from, Stream& to, Relay& state) {
  std::array<char, 4'096> buffer{};
  while (state.passed < state.pass_bytes) {
    const std::size_t room = std::min(buffer.size(), state.pass_bytes - state.passed);
    const Result<std::size_t> got =
        co_await from.read(std::span<char>(buffer.data(), room), CancelToken(), async::kNoDeadline);
    if (!got || *got == 0) break;
    const Result<void> sent = co_await to.write(std::span<const char>(buffer.data(), *got),
                                                CancelToken(), async::kNoDeadline);
    if (!sent) break;
    state.passed += *got;
  }
  co_await from.close();
  co_await to.close();
  co_return Result<void>();
}

/// Gets one page over TLS through the relay.
class RelayTransport final : public Transport {
 public:
  RelayTransport(async::Loop& loop, const TlsContext& client, const TlsContext& server,
                 HttpHandler& handler, Relay& down)
      : loop_(loop),
        client_(client),
        server_(server),
        handler_(handler),
        down_(down),
        group_(loop, {}) {}
  async::Loop& loop() noexcept override { return loop_; }
  Task<Result<std::unique_ptr<Stream>>> connect(Endpoint endpoint, CancelToken cancel,
                                                std::int64_t deadline_ns) override {
    near_ = make_stream_pair(loop_, 0);
    far_ = make_stream_pair(loop_, 0);
    group_.spawn(serve_tls(loop_, server_, std::move(far_.server), handler_, group_.token()));
    group_.spawn(relay(*near_.server, *far_.client, up_));
    group_.spawn(relay(*far_.client, *near_.server, down_));
    co_return co_await TlsStream::connect(loop_, client_, std::move(near_.client), endpoint.host,
                                          cancel, deadline_ns);
  }
  Task<void> close() {
    const Result<void> joined = co_await group_.join();
    (void)joined;
  }

 private:
  async::Loop& loop_;
  const TlsContext& client_;
  const TlsContext& server_;
  HttpHandler& handler_;
  Relay& down_;
  Relay up_;
  StreamPair near_;
  StreamPair far_;
  async::TaskGroup group_;
};

Task<Result<HttpResponse>> get_through(RelayTransport& transport, HttpClient& client) {
  HttpRequest request = request_for();
  request.endpoint.host = "localhost";
  request.endpoint.tls = true;
  Result<HttpResponse> response = co_await client.get(std::move(request), CancelToken());
  co_await client.close();
  co_await transport.close();
  co_return response;
}

Result<HttpResponse> get_relayed(const Result<TlsContext>& client_context,
                                 const Result<TlsContext>& server_context, PageHandler& handler,
                                 Relay& down) {
  async::VirtualLoop loop;
  RelayTransport transport(loop, *client_context, *server_context, handler, down);
  HttpClient client(transport);
  return loop.run(get_through(transport, client));
}

TEST_F(TlsTest, ACutAnywhereIsAnError) {
  const Result<TlsContext> client = TlsContext::client(certificates->root());
  const Result<TlsContext> server = server_context("good");
  ASSERT_TRUE(client && server);
  PageHandler handler("0123456789");
  Relay whole;
  const Result<HttpResponse> good = get_relayed(client, server, handler, whole);
  ASSERT_TRUE(good) << good.error().message();
  EXPECT_EQ(good->body, "0123456789");
  // The last record is the server's close_notify in answer to ours: without it the answer is whole.
  const std::size_t body_end = whole.passed - 64;
  for (std::size_t cut = 0; cut < body_end; cut += 1 + cut / 50) {
    Relay down;
    down.pass_bytes = cut;
    const Result<HttpResponse> got = get_relayed(client, server, handler, down);
    ASSERT_FALSE(got) << "cut after " << cut << " of " << whole.passed;
    EXPECT_THAT(got.error().code(), AnyOf(Code::kTls, Code::kNetwork)) << got.error().message();
  }
}

TEST_F(TlsTest, ABodyThatEndsWithTheConnectionNeedsCloseNotify) {
  const Result<TlsContext> client = TlsContext::client(certificates->root());
  const Result<TlsContext> server = server_context("good");
  ASSERT_TRUE(client && server);
  class RawHandler final : public HttpHandler {
   public:
    Task<ServerResponse> handle(ServerRequest request, CancelToken cancel) override {
      (void)request, (void)cancel;
      ServerResponse response;
      response.raw = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + std::string(3'000, 'x');
      response.close = true;
      co_return response;
    }
  };
  std::size_t whole_bytes = SIZE_MAX;
  for (const bool cut : {false, true}) {
    async::VirtualLoop loop;
    RawHandler handler;
    Relay down;
    // Inside of the last record, the 24 bytes of close_notify; signatures vary by a byte or two.
    if (cut) down.pass_bytes = whole_bytes - 12;
    RelayTransport transport(loop, *client, *server, handler, down);
    HttpClient http(transport);
    const Result<HttpResponse> got = loop.run(get_through(transport, http));
    if (!cut) {
      ASSERT_TRUE(got) << got.error().message();
      EXPECT_EQ(got->body.size(), 3'000U);
      whole_bytes = down.passed;
    } else {
      ASSERT_FALSE(got) << "a cut body was taken for a whole one";
      EXPECT_EQ(code_name(got.error().code()), "network");
    }
  }
}

Task<Result<void>> shake_with_script(async::Loop& loop, const TlsContext& context,
                                     ScriptTransport& transport) {
  Result<std::unique_ptr<Stream>> below =
      co_await transport.connect(Endpoint(), CancelToken(), async::kNoDeadline);
  Result<std::unique_ptr<Stream>> stream = co_await TlsStream::connect(
      loop, context, std::move(*below), "localhost", CancelToken(), loop.now_ns() + 5 * kSecondNs);
  if (stream) co_await (*stream)->close();
  co_await transport.close();
  if (!stream) co_return fail(stream.error());
  co_return Result<void>();
}

Result<void> handshake_with(Script script) {
  async::VirtualLoop loop;
  const Result<TlsContext> context = TlsContext::client("");
  if (!context) return fail(context.error());
  ScriptTransport transport(loop, {std::move(script)});
  return loop.run(shake_with_script(loop, *context, transport));
}

Task<Result<void>> cancel_later(async::Loop& loop, async::CancelSource& source, std::int64_t ns) {
  const async::Wake wake = co_await loop.sleep(ns, CancelToken());
  (void)wake;
  source.cancel();
  co_return Result<void>();
}

Task<Result<void>> shake_until(async::Loop& loop, const TlsContext& client,
                               std::unique_ptr<Stream> below, CancelToken cancel,
                               Result<void>& shaken) {
  Result<std::unique_ptr<Stream>> stream = co_await TlsStream::connect(
      loop, client, std::move(below), "localhost", cancel, async::kNoDeadline);
  if (stream) {
    co_await (*stream)->close();
  } else {
    shaken = fail(stream.error());
  }
  co_return Result<void>();
}

Task<Result<void>> shake_and_cancel(async::Loop& loop, const TlsContext& client,
                                    const TlsContext& server, std::int64_t cancel_ns) {
  PageHandler handler("page");
  StreamPair pair = make_stream_pair(loop, 10 * kMsNs);
  async::CancelSource source;
  Result<void> shaken;
  async::TaskGroup group(loop, CancelToken());
  group.spawn(shake_until(loop, client, std::move(pair.client), source.token(), shaken));
  group.spawn(serve_tls(loop, server, std::move(pair.server), handler, group.token()));
  group.spawn(cancel_later(loop, source, cancel_ns));
  const Result<void> joined = co_await group.join();
  EXPECT_TRUE(joined);
  co_return shaken;
}

TEST_F(TlsTest, AHandshakeCanBeCancelledInEveryState) {
  const Result<TlsContext> client = TlsContext::client(certificates->root());
  const Result<TlsContext> server = server_context("good");
  ASSERT_TRUE(client && server);
  int cancelled = 0;
  while (true) {
    ASSERT_LT(cancelled, 100);
    async::VirtualLoop loop;
    const Result<void> done =
        loop.run(shake_and_cancel(loop, *client, *server, cancelled * 5 * kMsNs));
    ASSERT_EQ(async::live_frames(), 0);
    if (done) break;
    ASSERT_EQ(code_name(done.error().code()), "cancelled");
    ++cancelled;
  }
  EXPECT_GE(cancelled, 4) << "a flight takes 10 ms, and there are two";
}

TEST_F(TlsTest, SaysSoWhenThePortSpeaksPlainHttp) {
  const Result<void> done = handshake_with({send("HTTP/1.1 400 Bad Request\r\n\r\n"), stall()});
  ASSERT_FALSE(done);
  EXPECT_EQ(code_name(done.error().code()), "tls");
  EXPECT_THAT(done.error().message(), HasSubstr("does that port speak TLS?"));
}

TEST_F(TlsTest, AServerThatSaysNothingTimesOut) {
  const Result<void> done = handshake_with({stall()});
  ASSERT_FALSE(done);
  EXPECT_EQ(code_name(done.error().code()), "timeout");
}

TEST_F(TlsTest, AServerThatClosesDuringTheHandshakeIsANetworkError) {
  const Result<void> done = handshake_with({pause(kMsNs)});
  ASSERT_FALSE(done);
  EXPECT_EQ(code_name(done.error().code()), "network");
  EXPECT_THAT(done.error().message(), HasSubstr("handshake"));
}

Task<Result<void>> many_gets(async::RealLoop& loop, HttpClient& client, Listener& listener,
                             HttpHandler& handler) {
  async::TaskGroup serving(loop, CancelToken());
  serving.spawn(serve(loop, listener, handler, serving.token()));
  Result<void> done;
  for (int i = 0; i < 10 && done; ++i) {
    HttpRequest request;
    request.endpoint.host = "localhost";
    request.endpoint.port = listener.port();
    request.endpoint.tls = true;
    request.target = "/";
    const Result<HttpResponse> response = co_await client.get(std::move(request), CancelToken());
    if (!response) {
      done = fail(response.error());
    } else {
      EXPECT_EQ(response->body.size(), 1'000'000U);
    }
  }
  co_await client.close();
  serving.cancel();
  const Result<void> joined = co_await serving.join();
  EXPECT_TRUE(joined);
  co_await listener.close();
  co_return done;
}

TEST_F(TlsTest, CarriesLargeBodiesOverSocketsOnOneConnection) {
  async::RealLoop loop;
  ListenOptions listen_options;
  listen_options.certificate_file = certificates->path("good.pem");
  listen_options.key_file = certificates->path("good.key");
  Result<std::unique_ptr<Listener>> listener = listen(loop, listen_options);
  TlsClientOptions options;
  options.ca_file = certificates->root();
  Result<std::unique_ptr<Transport>> transport = make_real_transport(loop, options);
  ASSERT_TRUE(listener && transport);
  PageHandler handler(std::string(1'000'000, 'x'));
  HttpClientOptions client_options;
  client_options.gzip = false;
  HttpClient client(**transport, client_options);
  const Result<void> done = loop.run(many_gets(loop, client, **listener, handler));
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(client.stats().connections, 1U);
}

}  // namespace
}  // namespace bf::net
