// Goal: over real sockets, TLS runs inside the tunnel and verifies the destination, whose name nobody
// here resolves; what fails is named. Method: a listener on loopback that is the proxy and, behind its
// answer, the destination.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/async/real_loop.h"
#include "engine/net/http_client.h"
#include "engine/net/http_server.h"
#include "engine/net/proxy.h"
#include "engine/net/real_transport.h"
#include "engine/net/tls_stream.h"
#include "tests/net/certificates.h"
#include "tests/net/net_support.h"

namespace bf::net {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class PageHandler final : public HttpHandler {
 public:
  Task<ServerResponse> handle(ServerRequest request, CancelToken cancel) override {
    (void)request, (void)cancel;
    ++requests;
    ServerResponse response;
    response.body = "page";
    co_return response;
  }
  int requests = 0;
};

/// What one test sets up; outlives its tasks.
struct Scene {
  async::RealLoop loop;
  CertificateDirectory certificates;
  PageHandler handler;
  std::string asked;  ///< by CONNECT
};

/// Answers one CONNECT and goes on as a TLS server.
Task<Result<void>> serve_tunnel(Scene& scene, Listener& listener, const TlsContext& context,
                                CancelToken cancel) {
  Result<std::unique_ptr<Stream>> accepted = co_await listener.accept(cancel);
  if (!accepted) co_return Result<void>();
  std::unique_ptr<Stream> stream = std::move(*accepted);
  while (!scene.asked.ends_with("\r\n\r\n")) {
    char byte = 0;
    const Result<std::size_t> got =
        co_await stream->read(std::span<char>(&byte, 1), cancel, async::kNoDeadline);
    if (!got || *got == 0) break;
    scene.asked.push_back(byte);
  }
  const std::string answer = "HTTP/1.1 200 Connection established\r\n\r\n";
  const Result<void> sent =
      co_await stream->write(std::span<const char>(answer), cancel, async::kNoDeadline);
  EXPECT_TRUE(sent);
  Result<std::unique_ptr<Stream>> secure =
      TlsStream::accept(scene.loop, context, std::move(stream));
  if (!secure) co_return fail(secure.error());
  co_return co_await serve_connection_alone(scene.loop, std::move(*secure), scene.handler, 1,
                                            cancel);
}

Task<Result<HttpResponse>> get_through(Scene& scene, Listener& listener, const TlsContext& context,
                                       HttpClient& client, std::string host) {
  async::TaskGroup serving(scene.loop, CancelToken());
  serving.spawn(serve_tunnel(scene, listener, context, serving.token()));
  HttpRequest request = request_for();
  request.endpoint.host = std::move(host);
  request.endpoint.port = 443;
  request.endpoint.tls = true;
  request.endpoint.proxy =
      *parse_proxy("http://user:canary@127.0.0.1:" + std::to_string(listener.port()));
  Result<HttpResponse> response = co_await client.get(std::move(request), CancelToken());
  co_await client.close();
  serving.cancel();
  const Result<void> joined = co_await serving.join();
  EXPECT_TRUE(joined);
  co_await listener.close();
  co_return std::move(response);
}

/// GET https://`host` through a proxy, of a server whose certificate is for exchange.test.
Result<HttpResponse> get(Scene& scene, const std::string& host) {
  CertificateOptions certificate;
  certificate.names = "DNS:exchange.test";
  scene.certificates.add("server", certificate);
  const Result<TlsContext> context = TlsContext::server(scene.certificates.path("server.pem"),
                                                        scene.certificates.path("server.key"));
  Result<std::unique_ptr<Listener>> listener = listen(scene.loop, ListenOptions());
  TlsClientOptions options;
  options.ca_file = scene.certificates.root();
  Result<std::unique_ptr<Transport>> transport = make_real_transport(scene.loop, options);
  if (!context) return fail(context.error());
  if (!listener) return fail(listener.error());
  if (!transport) return fail(transport.error());
  HttpClient client(**transport);
  return scene.loop.run(get_through(scene, **listener, *context, client, host));
}

TEST(ProxyTransport, VerifiesTheDestinationInsideTheTunnel) {
  Scene scene;
  const Result<HttpResponse> response = get(scene, "exchange.test");
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_EQ(response->body, "page");
  EXPECT_THAT(scene.asked, HasSubstr("CONNECT exchange.test:443 HTTP/1.1\r\n"));
}

TEST(ProxyTransport, RefusesTheCertificateOfAnotherHost) {
  Scene scene;
  const Result<HttpResponse> response = get(scene, "other.test");
  ASSERT_FALSE(response);
  EXPECT_EQ(code_name(response.error().code()), "tls");
  EXPECT_THAT(response.error().message(),
              AllOf(HasSubstr("mismatch"), HasSubstr("through proxy http://127.0.0.1:"),
                    Not(HasSubstr("canary"))));
  EXPECT_EQ(scene.handler.requests, 0);
}

Task<Result<HttpResponse>> get_and_close(HttpClient& client, HttpRequest request) {
  Result<HttpResponse> response = co_await client.get(std::move(request), CancelToken());
  co_await client.close();
  co_return std::move(response);
}

Task<Result<void>> close_listener(Listener& listener) {
  co_await listener.close();
  co_return Result<void>();
}

TEST(ProxyTransport, NamesAProxyThatIsNotThere) {
  async::RealLoop loop;
  std::uint16_t free_port = 0;
  {
    Result<std::unique_ptr<Listener>> listener = listen(loop, ListenOptions());
    ASSERT_TRUE(listener);
    free_port = (*listener)->port();
    ASSERT_TRUE(loop.run(close_listener(**listener)));
  }
  const Result<std::unique_ptr<Transport>> transport =
      make_real_transport(loop, TlsClientOptions());
  ASSERT_TRUE(transport);
  HttpClient client(**transport);
  for (const std::string scheme : {"http", "socks5h"}) {
    HttpRequest request = request_for();
    const std::string at = "127.0.0.1:" + std::to_string(free_port);
    request.endpoint.proxy = *parse_proxy(scheme + "://user:canary@" + at);
    const Result<HttpResponse> response = loop.run(get_and_close(client, std::move(request)));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), Code::kNetwork);
    EXPECT_THAT(response.error().message(), AllOf(HasSubstr("proxy " + scheme + "://" + at + ": "),
                                                  HasSubstr("refused"), Not(HasSubstr("canary"))));
  }
}

}  // namespace
}  // namespace bf::net
