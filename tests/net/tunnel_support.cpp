#include "tests/net/tunnel_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bf::net {

using ::testing::HasSubstr;
using ::testing::Not;

HttpRequest request_through(const std::string& proxy) {
  HttpRequest request = request_for();
  request.endpoint.proxy = *parse_proxy(proxy);
  return request;
}

Fetched fetch_through(const std::string& proxy, Script script) {
  std::vector<Script> scripts;
  scripts.push_back(std::move(script));
  return fetch(std::move(scripts), request_through(proxy));
}

void expect_no_tunnel(const Fetched& fetched, Code code, const std::string& words,
                      const std::string& what) {
  expect_refused(fetched, code, what);
  if (fetched.response) return;
  const std::string& message = fetched.response.error().message();
  EXPECT_THAT(message, HasSubstr(words)) << what;
  EXPECT_THAT(message, HasSubstr("GET http://exchange.test:80/page")) << what;
  EXPECT_THAT(message, HasSubstr("://proxy.test:1")) << what;
  EXPECT_THAT(message, Not(HasSubstr("canary"))) << what;
}

Script cut(const Script& steps, std::size_t at, std::size_t bytes, bool stalls) {
  Script script(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(at));
  script.push_back(send(steps[at].bytes.substr(0, bytes)));
  if (stalls) script.push_back(stall());
  return script;
}

void expect_every_cut_noticed(const std::string& proxy, const Script& steps) {
  int cuts = 0;
  for (std::size_t at = 0; at < steps.size(); ++at) {
    if (steps[at].kind != Step::Kind::kSend) continue;
    for (std::size_t bytes = 0; bytes < steps[at].bytes.size(); ++bytes) {
      const std::string what =
          "step " + std::to_string(at) + ", " + std::to_string(bytes) + " bytes";
      const Fetched closed = fetch_through(proxy, cut(steps, at, bytes, false));
      expect_no_tunnel(closed, Code::kNetwork, "it closed the connection", what + ", closed");
      const Fetched stalled = fetch_through(proxy, cut(steps, at, bytes, true));
      expect_no_tunnel(stalled, Code::kTimeout, "did not answer in time", what + ", stalled");
      EXPECT_EQ(stalled.took_ns, 5 * kSecondNs) << what;
      ++cuts;
    }
  }
  EXPECT_GT(cuts, 10);
}

namespace {

Task<Result<void>> get_once(HttpClient& client, HttpRequest request, CancelToken cancel,
                            Result<HttpResponse>& response, bool& ended) {
  response = co_await client.get(std::move(request), cancel);
  ended = true;
  co_return Result<void>();
}

Task<Result<void>> cancel_after(async::Loop& loop, async::CancelSource& source, int turns,
                                const bool& ended) {
  for (int turn = 0; turn < turns && !ended; ++turn) {
    const async::Wake wake = co_await loop.sleep(kMsNs / 2, CancelToken());
    (void)wake;
  }
  if (!ended) source.cancel();
  co_return Result<void>();
}

Task<Result<HttpResponse>> get_and_cancel(async::Loop& loop, ScriptTransport& transport,
                                          HttpRequest request, int turns) {
  Result<HttpResponse> response = fail(Code::kInternal, "not fetched");
  bool ended = false;
  async::CancelSource source;
  HttpClient client(transport);
  async::TaskGroup group(loop, CancelToken());
  group.spawn(get_once(client, std::move(request), source.token(), response, ended));
  group.spawn(cancel_after(loop, source, turns, ended));
  const Result<void> joined = co_await group.join();
  EXPECT_TRUE(joined);
  co_await client.close();
  co_await transport.close();
  co_return std::move(response);
}

}  // namespace

void expect_cancellable_everywhere(const std::string& proxy, const Script& steps) {
  int cancelled = 0;
  for (int turns = 0;; ++turns) {
    ASSERT_LT(turns, 1'000);
    Script slow;
    for (const Step& step : steps) {
      slow.push_back(step.kind == Step::Kind::kSend ? send_slowly(step.bytes, kMsNs) : step);
    }
    const std::int64_t frames = async::live_frames();
    std::vector<Script> scripts;
    scripts.push_back(std::move(slow));
    async::VirtualLoop loop;
    ScriptTransport transport(loop, std::move(scripts), 3 * kMsNs);
    const Result<HttpResponse> response =
        loop.run(get_and_cancel(loop, transport, request_through(proxy), turns));
    ASSERT_EQ(async::live_frames(), frames) << turns;
    if (response) break;
    ASSERT_EQ(response.error().code(), Code::kCancelled)
        << turns << ": " << response.error().message();
    ++cancelled;
  }
  EXPECT_GT(cancelled, 20);
}

}  // namespace bf::net
