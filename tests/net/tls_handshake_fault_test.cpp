// tests/net/tls_handshake_fault_test.cpp
//
// Goal: what a TLS server does beside sending data neither holds a client up nor makes it trust another
// host. Method: OpenSSL itself as the server, over an in-memory stream on a virtual clock, so that it
// asks for what TlsStream never would; HttpClient over TlsStream as the client.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <functional>

#include "engine/net/tls_stream.h"
#include "tests/net/certificates.h"
#include "tests/net/net_support.h"
#include "tests/net/raw_tls_server.h"

namespace bf::net {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kSmallWindowBytes = 64U << 10;  // less than the client's bound
constexpr std::string_view kPage = "0123456789abcdefghij";

/// What the server does on a connection; behind it the connection is closed.
using Act = std::function<Task<Result<void>>(RawTlsServer&)>;

/// How a connection went for the server.
struct Served {
  Result<void> ended;
  bool resumed = false;
};

/// Every connection reaches a server that does the same.
class RawTransport final : public Transport {
 public:
  RawTransport(async::Loop& loop, const TlsContext& client, const TlsContext& server, Act act)
      : loop_(loop), client_(client), server_(server), act_(std::move(act)), group_(loop, {}) {}
  async::Loop& loop() noexcept override { return loop_; }
  Task<Result<std::unique_ptr<Stream>>> connect(Endpoint endpoint, CancelToken cancel,
                                                std::int64_t deadline_ns) override {
    StreamPair pair = make_stream_pair(loop_, 0, kSmallWindowBytes);
    group_.spawn(serve(std::move(pair.server)));
    co_return co_await TlsStream::connect(loop_, client_, std::move(pair.client), endpoint.host,
                                          cancel, deadline_ns);
  }
  /// Waits for the servers, which end when their clients have gone.
  Task<void> close() {
    const Result<void> joined = co_await group_.join();
    EXPECT_TRUE(joined);
  }

  std::vector<Served> served;  ///< in the order of the connections

 private:
  Task<Result<void>> serve(std::unique_ptr<Stream> below) {
    const std::size_t own = served.size();
    served.emplace_back();
    RawTlsServer server(loop_, server_, std::move(below));
    Result<void> ended = co_await act_(server);
    served[own].ended = std::move(ended);
    served[own].resumed = server.resumed();
    co_await server.close();
    co_return Result<void>();
  }

  async::Loop& loop_;
  const TlsContext& client_;
  const TlsContext& server_;
  Act act_;
  async::TaskGroup group_;
};

struct Got {
  std::vector<Result<HttpResponse>> responses;  ///< one a host
  std::vector<Served> served;
};

Task<Result<void>> get_each(RawTransport& transport, HttpClient& client,
                            std::vector<std::string> hosts, Got& got) {
  for (const std::string& host : hosts) {
    HttpRequest request = request_for();
    request.endpoint.host = host;
    request.endpoint.tls = true;
    request.fresh = true;
    Result<HttpResponse> response = co_await client.get(std::move(request), CancelToken());
    got.responses.push_back(std::move(response));
  }
  co_await client.close();
  co_await transport.close();
  co_return Result<void>();
}

class TlsHandshakeFault : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    certificates = new CertificateDirectory;
    CertificateOptions options;
    options.names = "DNS:a.test";
    certificates->add("a", options);
  }
  static void TearDownTestSuite() {
    delete certificates;
    certificates = nullptr;
  }
  void SetUp() override { ASSERT_TRUE(client_ && server_); }
  void TearDown() override { EXPECT_EQ(async::live_frames(), 0); }

  /// The server speaks this alone, and may ask for what TlsContext keeps its own servers from.
  void only_version(int version) {
    SSL_CTX_set_min_proto_version(server_->get(), version);
    SSL_CTX_set_max_proto_version(server_->get(), version);
    SSL_CTX_clear_options(server_->get(), SSL_OP_NO_RENEGOTIATION);
  }

  /// A page of each host in turn, each on a connection of its own.
  Got get(std::vector<std::string> hosts, Act act) {
    Got got;
    async::VirtualLoop loop;
    RawTransport transport(loop, *client_, *server_, std::move(act));
    HttpClient http(transport);
    EXPECT_TRUE(loop.run(get_each(transport, http, std::move(hosts), got)));
    got.served = std::move(transport.served);
    return got;
  }

  inline static CertificateDirectory* certificates = nullptr;
  Result<TlsContext> client_ = TlsContext::client(certificates->root());
  Result<TlsContext> server_ =
      TlsContext::server(certificates->path("a.pem"), certificates->path("a.key"));
};

// ---- renegotiation

/// Asks for a new handshake in the middle of the page. A server that insists waits for it.
Task<Result<void>> renegotiate(RawTlsServer& server, bool insists) {
  const Result<void> asked = co_await server.read_request();
  if (!asked) co_return fail(asked.error());
  const std::string answer = ok_answer(std::string(kPage));
  const std::string_view half = std::string_view(answer).substr(0, answer.size() - 10);
  server.say(half);
  server.say_hello_request();
  if (!insists) server.say(std::string_view(answer).substr(half.size()));
  const Result<void> sent = co_await server.flush();
  if (!sent) co_return fail(sent.error());
  std::string ignored;
  co_return co_await server.read(ignored);
}

TEST_F(TlsHandshakeFault, CarriesOnWithTheOldSessionWhenAskedToRenegotiate) {
  only_version(TLS1_2_VERSION);
  const Act act = [](RawTlsServer& raw) { return renegotiate(raw, false); };
  const Got got = get({"a.test"}, act);
  ASSERT_TRUE(got.responses[0]) << got.responses[0].error().message();
  EXPECT_EQ(got.responses[0]->body, kPage);
  // The client has said no, in so many words.
  ASSERT_FALSE(got.served[0].ended);
  EXPECT_EQ(got.served[0].ended.error().message(), "no renegotiation");
}

TEST_F(TlsHandshakeFault, FailsWhenTheServerInsistsOnRenegotiation) {
  only_version(TLS1_2_VERSION);
  const Act act = [](RawTlsServer& raw) { return renegotiate(raw, true); };
  const Got got = get({"a.test"}, act);
  ASSERT_FALSE(got.served[0].ended);
  EXPECT_EQ(got.served[0].ended.error().message(), "no renegotiation");
  ASSERT_FALSE(got.responses[0]) << "half a page was taken for a whole one";
  EXPECT_EQ(code_name(got.responses[0].error().code()), "tls");
  EXPECT_THAT(got.responses[0].error().message(), HasSubstr("handshake failure"));
}

// ---- floods

struct Flood {
  enum class Kind : std::uint8_t { kKeyUpdate, kHelloRequest };
  Kind kind = Kind::kKeyUpdate;
  int messages = 20'000;      ///< then the rest of the page: who bears them all gets it whole
  int batch = 100;            ///< sent at once
  std::size_t data = 0;       ///< bytes of the page behind each batch
  std::int64_t pause_ns = 0;  ///< behind each batch
  bool reads = true;          ///< what the client answers
};

Task<Result<void>> flood_client(RawTlsServer& server, Flood flood) {
  const Result<void> asked = co_await server.read_request();
  if (!asked) co_return fail(asked.error());
  const std::string body(1'000'000, 'x');
  const std::string answer = ok_answer(body);
  std::string_view rest = answer;
  server.say(rest.substr(0, answer.size() - body.size()));
  rest.remove_prefix(answer.size() - body.size());
  for (int said = 0; said < flood.messages; ++said) {
    if (flood.kind == Flood::Kind::kKeyUpdate) server.say_key_update();
    if (flood.kind == Flood::Kind::kHelloRequest) server.say_hello_request();
    if ((said + 1) % flood.batch != 0) continue;
    if (flood.data > 0) server.say(rest.substr(0, flood.data));
    rest.remove_prefix(flood.data);
    Result<void> done = co_await server.flush();
    if (done && flood.reads) done = co_await server.discard();
    if (!done) co_return fail(done.error());
    const async::Wake wake = co_await server.loop().sleep(flood.pause_ns, CancelToken());
    (void)wake;
  }
  server.say(rest);
  Result<void> done = co_await server.flush();
  std::string ignored;
  if (done && flood.reads) done = co_await server.read(ignored);
  co_return done;
}

Act flooding(Flood flood) {
  return [flood](RawTlsServer& raw) { return flood_client(raw, flood); };
}

TEST_F(TlsHandshakeFault, EndsAFloodOfKeyUpdatesInPlaceOfData) {
  only_version(TLS1_3_VERSION);
  const Got got = get({"a.test"}, flooding(Flood()));
  ASSERT_FALSE(got.responses[0]);
  EXPECT_EQ(code_name(got.responses[0].error().code()), "tls");
  EXPECT_THAT(got.responses[0].error().message(), HasSubstr("without data"));
  ASSERT_FALSE(got.served[0].ended);
  EXPECT_EQ(code_name(got.served[0].ended.error().code()), "network");
}

TEST_F(TlsHandshakeFault, EndsAFloodOfKeyUpdatesThatAByteNowAndThenShallExcuse) {
  only_version(TLS1_3_VERSION);
  Flood flood;
  flood.data = 1;
  const Got got = get({"a.test"}, flooding(flood));
  ASSERT_FALSE(got.responses[0]);
  EXPECT_EQ(code_name(got.responses[0].error().code()), "tls");
  EXPECT_THAT(got.responses[0].error().message(), HasSubstr("without data"));
}

TEST_F(TlsHandshakeFault, EndsAFloodOfHelloRequests) {
  only_version(TLS1_2_VERSION);
  Flood flood;
  flood.kind = Flood::Kind::kHelloRequest;
  const Got got = get({"a.test"}, flooding(flood));
  ASSERT_FALSE(got.responses[0]);
  EXPECT_EQ(code_name(got.responses[0].error().code()), "tls");
  EXPECT_THAT(got.responses[0].error().message(), HasSubstr("without data"));
}

TEST_F(TlsHandshakeFault, TimesOutWhenTheServerReadsNoneOfTheAnswersToItsFlood) {
  only_version(TLS1_3_VERSION);
  Flood flood;
  flood.reads = false;
  const Got got = get({"a.test"}, flooding(flood));
  ASSERT_FALSE(got.responses[0]);
  EXPECT_EQ(code_name(got.responses[0].error().code()), "timeout");
}

TEST_F(TlsHandshakeFault, AKeyUpdateASecondIsNoDataAndTimesOut) {
  only_version(TLS1_3_VERSION);
  Flood flood;
  flood.batch = 1;
  flood.messages = 100;
  flood.pause_ns = kSecondNs;
  const Got got = get({"a.test"}, flooding(flood));
  ASSERT_FALSE(got.responses[0]);
  EXPECT_EQ(code_name(got.responses[0].error().code()), "timeout");
  EXPECT_THAT(got.responses[0].error().message(), HasSubstr("not a byte for 10000 ms"));
}

TEST_F(TlsHandshakeFault, FollowsEveryKeyUpdateThatComesWithData) {
  only_version(TLS1_3_VERSION);
  Flood flood;
  flood.batch = 1;
  flood.data = 64;
  flood.messages = 8'000;  // more than would be borne without data
  const Got got = get({"a.test"}, flooding(flood));
  ASSERT_TRUE(got.responses[0]) << got.responses[0].error().message();
  EXPECT_EQ(got.responses[0]->body, std::string(1'000'000, 'x'));
}

Task<Result<void>> answer_once(RawTlsServer& server) {
  Result<void> done = co_await server.read_request();
  if (!done) co_return fail(done.error());
  server.say(ok_answer(std::string(kPage), "Connection: close\r\n"));
  co_return co_await server.flush();
}

/// HelloRequests in the clear, which a client that shakes hands has to skip (RFC 5246, 7.4.1.1).
Task<Result<void>> flood_handshake(RawTlsServer& server) {
  constexpr std::string_view kHelloRequest("\x16\x03\x03\x00\x04\x00\x00\x00\x00", 9);
  for (int i = 0; i < 50'000; ++i) {
    server.say_bytes(kHelloRequest);
    if (i % 1'000 != 0) continue;
    const Result<void> sent = co_await server.flush();
    if (!sent) co_return fail(sent.error());
  }
  co_return co_await answer_once(server);
}

TEST_F(TlsHandshakeFault, EndsAHandshakeThatIsAFlood) {
  const Got got = get({"a.test"}, flood_handshake);
  ASSERT_FALSE(got.responses[0]);
  EXPECT_EQ(code_name(got.responses[0].error().code()), "tls");
  EXPECT_THAT(got.responses[0].error().message(), HasSubstr("without data"));
}

// ---- tickets

int count_ticket(SSL* /*ssl*/, void* tickets) {
  ++*static_cast<int*>(tickets);
  return 1;
}

TEST_F(TlsHandshakeFault, ATicketOfOneHostOpensNoOther) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    only_version(version);
    int tickets = 0;
    SSL_CTX_set_session_ticket_cb(server_->get(), count_ticket, nullptr, &tickets);
    // One server, one key, one set of ticket keys: it would resume whatever it is shown, and a session
    // that is resumed shows no certificate that could be refused.
    const Got got = get({"a.test", "b.test", "a.test"}, answer_once);
    EXPECT_GE(tickets, 2) << "there was nothing to resume";
    ASSERT_EQ(got.served.size(), 3U);
    for (const Served& served : got.served) EXPECT_FALSE(served.resumed);
    for (const std::size_t own : {std::size_t{0}, std::size_t{2}}) {
      ASSERT_TRUE(got.responses[own]) << got.responses[own].error().message();
      EXPECT_EQ(got.responses[own]->body, kPage);
      EXPECT_TRUE(got.served[own].ended);
    }
    ASSERT_FALSE(got.responses[1]) << "the certificate is of a.test alone";
    EXPECT_EQ(code_name(got.responses[1].error().code()), "tls");
    EXPECT_THAT(got.responses[1].error().message(), HasSubstr("hostname mismatch"));
    EXPECT_FALSE(got.served[1].ended);
  }
}

}  // namespace
}  // namespace bf::net
