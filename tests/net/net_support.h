// tests/net/net_support.h
//
// A transport whose servers follow a script, byte by byte, on a virtual clock: it shares no HTTP code
// with the client that it tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/async/virtual_loop.h"
#include "engine/net/http_client.h"
#include "engine/net/sim_transport.h"

namespace bf::net {

inline constexpr std::int64_t kMsNs = 1'000'000;
inline constexpr std::int64_t kSecondNs = 1'000 * kMsNs;

/// What a scripted server does next on its connection. Behind the last step it closes.
struct Step {
  enum class Kind : std::uint8_t { kReadRequest, kExpect, kSend, kSendSlowly, kPause, kStall };
  Step(Kind k, std::string b, std::int64_t t) : kind(k), bytes(std::move(b)), ns(t) {}
  Kind kind;
  std::string bytes;
  std::int64_t ns;
};
using Script = std::vector<Step>;

inline Step read_request() { return Step(Step::Kind::kReadRequest, "", 0); }
/// Reads so many bytes; closes when they are others.
inline Step expect(std::string bytes) { return Step(Step::Kind::kExpect, std::move(bytes), 0); }
inline Step send(std::string bytes) { return Step(Step::Kind::kSend, std::move(bytes), 0); }
/// One byte each `ns`.
inline Step send_slowly(std::string bytes, std::int64_t ns) {
  return Step(Step::Kind::kSendSlowly, std::move(bytes), ns);
}
inline Step pause(std::int64_t ns) { return Step(Step::Kind::kPause, "", ns); }
/// Keeps the connection open, silent, until the client goes.
inline Step stall() { return Step(Step::Kind::kStall, "", 0); }

/// An endpoint with a proxy is tunnelled to: the script plays the proxy, and then what is behind it.
class ScriptTransport final : public Transport {
 public:
  /// Connection n follows scripts[n]; those beyond the last are refused.
  ScriptTransport(async::Loop& loop, std::vector<Script> scripts, std::int64_t latency_ns = 0)
      : loop_(loop), scripts_(std::move(scripts)), latency_ns_(latency_ns), group_(loop, {}) {}

  async::Loop& loop() noexcept override { return loop_; }
  Task<Result<std::unique_ptr<Stream>>> connect(Endpoint endpoint, CancelToken cancel,
                                                std::int64_t deadline_ns) override;
  /// Ends all servers.
  Task<void> close();

  std::size_t connections = 0;
  std::string received;  ///< all requests, as they came

 private:
  Task<Result<void>> follow(std::unique_ptr<Stream> stream, Script script, CancelToken cancel);
  Task<Result<void>> follow_step(Stream& stream, const Step& step, CancelToken cancel);

  async::Loop& loop_;
  std::vector<Script> scripts_;
  std::int64_t latency_ns_;
  async::TaskGroup group_;
};

/// A request to the scripted server.
HttpRequest request_for(std::string target = "/page");

/// One get() of a fresh client against `scripts`, on a virtual clock that starts anew.
struct Fetched {
  Result<HttpResponse> response = fail(Code::kInternal, "not fetched");
  HttpStats stats;
  std::string received;      ///< by the servers
  std::int64_t took_ns = 0;  ///< virtual time
  std::int64_t frames = 0;   ///< coroutine frames left behind
};
Fetched fetch(std::vector<Script> scripts, HttpRequest request = request_for(), int times = 1);
/// The same with one connection that answers one request with `bytes` and closes.
Fetched fetch_bytes(std::string bytes, HttpRequest request = request_for());

/// Expects that the fetch failed with `code` and left nothing behind; `what` is shown when not.
void expect_refused(const Fetched& fetched, Code code, const std::string& what);

/// A well-formed answer with this body.
std::string ok_answer(std::string body, std::string extra_headers = "");

}  // namespace bf::net
