#include "tests/net/net_support.h"

#include <gtest/gtest.h>

#include <array>

#include "engine/net/tunnel.h"

namespace bf::net {

Task<Result<std::unique_ptr<Stream>>> ScriptTransport::connect(Endpoint endpoint,
                                                               CancelToken cancel,
                                                               std::int64_t deadline_ns) {
  if (cancel.cancelled()) co_return fail(CancelToken::error());
  if (connections == scripts_.size()) {
    co_return fail(Code::kNetwork, endpoint.name() + ": connection refused");
  }
  StreamPair pair = make_stream_pair(loop_, latency_ns_);
  Script script = scripts_[connections++];
  group_.spawn(follow(std::move(pair.server), std::move(script), group_.token()));
  if (!endpoint.proxy) co_return std::move(pair.client);
  co_return co_await open_tunnel(std::move(pair.client), std::move(endpoint), cancel, deadline_ns);
}

Task<void> ScriptTransport::close() {
  group_.cancel();
  const Result<void> ended = co_await group_.join();
  (void)ended;
}

Task<Result<void>> ScriptTransport::follow(std::unique_ptr<Stream> stream, Script script,
                                           CancelToken cancel) {
  for (const Step& step : script) {
    const Result<void> done = co_await follow_step(*stream, step, cancel);
    if (!done) break;
  }
  co_await stream->close();
  co_return Result<void>();
}

Task<Result<void>> ScriptTransport::follow_step(Stream& stream, const Step& step,
                                                CancelToken cancel) {
  if (step.kind == Step::Kind::kSend) {
    co_return co_await stream.write(std::span<const char>(step.bytes), cancel, async::kNoDeadline);
  }
  if (step.kind == Step::Kind::kPause) {
    const async::Wake wake = co_await loop_.sleep(step.ns, cancel);
    if (wake == async::Wake::kCancelled) co_return fail(CancelToken::error());
    co_return Result<void>();
  }
  if (step.kind == Step::Kind::kSendSlowly) {
    for (std::size_t i = 0; i < step.bytes.size(); ++i) {
      const std::span<const char> one(&step.bytes[i], 1);
      const Result<void> sent = co_await stream.write(one, cancel, async::kNoDeadline);
      if (!sent) co_return sent;
      const async::Wake wake = co_await loop_.sleep(step.ns, cancel);
      if (wake == async::Wake::kCancelled) co_return fail(CancelToken::error());
    }
    co_return Result<void>();
  }
  if (step.kind == Step::Kind::kExpect) {
    std::string bytes(step.bytes.size(), '\0');
    for (std::size_t have = 0; have < bytes.size();) {
      const std::span<char> rest = std::span<char>(bytes).subspan(have);
      const Result<std::size_t> got = co_await stream.read(rest, cancel, async::kNoDeadline);
      if (!got) co_return fail(got.error());
      if (*got == 0) co_return fail(Code::kNetwork, "the client has gone");
      received.append(bytes, have, *got);
      have += *got;
    }
    if (bytes != step.bytes) co_return fail(Code::kProtocol, "not what the script expects");
    co_return Result<void>();
  }
  // A request, or (kStall) everything until the client goes.
  std::string got;
  std::array<char, 4096> buffer{};
  while (step.kind == Step::Kind::kStall || !got.ends_with("\r\n\r\n")) {
    const Result<std::size_t> bytes =
        co_await stream.read(std::span<char>(buffer), cancel, async::kNoDeadline);
    if (!bytes) co_return fail(bytes.error());
    if (*bytes == 0) co_return fail(Code::kNetwork, "the client has gone");
    got.append(buffer.data(), *bytes);
    received.append(buffer.data(), *bytes);
  }
  co_return Result<void>();
}

HttpRequest request_for(std::string target) {
  HttpRequest request;
  request.endpoint.host = "exchange.test";
  request.endpoint.port = 80;
  request.target = std::move(target);
  return request;
}

namespace {
Task<Result<HttpResponse>> fetch_and_close(ScriptTransport& transport, HttpClient& client,
                                           HttpRequest request, int times) {
  Result<HttpResponse> response = fail(Code::kInternal, "not fetched");
  for (int i = 0; i < times; ++i) {
    response = co_await client.get(request, CancelToken());
    if (!response) break;
  }
  co_await client.close();
  co_await transport.close();
  co_return response;
}
}  // namespace

Fetched fetch(std::vector<Script> scripts, HttpRequest request, int times) {
  Fetched fetched;
  const std::int64_t frames = async::live_frames();
  async::VirtualLoop loop;
  const std::int64_t begin = loop.now_ns();
  ScriptTransport transport(loop, std::move(scripts));
  HttpClient client(transport);
  fetched.response = loop.run(fetch_and_close(transport, client, std::move(request), times));
  fetched.stats = client.stats();
  fetched.received = transport.received;
  fetched.took_ns = loop.now_ns() - begin;
  fetched.frames = async::live_frames() - frames;
  return fetched;
}

Fetched fetch_bytes(std::string bytes, HttpRequest request) {
  std::vector<Script> scripts(1);
  scripts[0].push_back(read_request());
  scripts[0].push_back(send(std::move(bytes)));
  return fetch(std::move(scripts), std::move(request));
}

void expect_refused(const Fetched& fetched, Code code, const std::string& what) {
  ASSERT_FALSE(fetched.response) << what << "\ngave status " << fetched.response->status
                                 << ", body \"" << fetched.response->body.substr(0, 80) << "\"";
  EXPECT_EQ(fetched.response.error().code(), code) << what << "\n"
                                                   << fetched.response.error().message();
  EXPECT_EQ(fetched.frames, 0) << what;
}

std::string ok_answer(std::string body, std::string extra_headers) {
  std::string answer("HTTP/1.1 200 OK\r\n");
  answer.append(extra_headers);
  answer.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n");
  return answer.append(body);
}

}  // namespace bf::net
