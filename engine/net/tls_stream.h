// engine/net/tls_stream.h
//
// TLS over any Stream, by OpenSSL with memory buffers: no socket is OpenSSL's, so waiting, deadlines
// and cancellation are those of the stream below.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/async/semaphore.h"
#include "engine/net/stream.h"

using SSL = struct ssl_st;
using SSL_CTX = struct ssl_ctx_st;  // NOLINT(readability-identifier-naming): OpenSSL's name

namespace bf::net {

/// Keys, certificates and policy, shared by connections: TLS 1.2 or newer, security level 2.
class TlsContext {
 public:
  /// Verifies peers always, against the system's roots and, if not empty, those of `ca_file` (PEM).
  /// Errors: kUsage: the file cannot be read; kInternal.
  [[nodiscard]] static Result<TlsContext> client(const std::string& ca_file);
  /// Errors: kUsage: a file cannot be read, or they do not belong together; kInternal.
  [[nodiscard]] static Result<TlsContext> server(const std::string& certificate_file,
                                                 const std::string& key_file);

  [[nodiscard]] SSL_CTX* get() const noexcept { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const noexcept;
  };
  explicit TlsContext(SSL_CTX* context) : context_(context) {}
  std::unique_ptr<SSL_CTX, Free> context_;
};

class TlsStream final : public Stream {
 public:
  /// Shakes hands over `below` as a client that wants to talk to `host` (a name or an address) and to
  /// nobody else. Closes `below` when it fails. `context` outlives the stream.
  /// Errors: kCancelled, kTimeout, kNetwork, kTls (the reason; for an unknown root, --ca-file).
  [[nodiscard]] static Task<Result<std::unique_ptr<Stream>>> connect(
      async::Loop& loop, const TlsContext& context, std::unique_ptr<Stream> below, std::string host,
      CancelToken cancel, std::int64_t deadline_ns);

  /// The server's side; the handshake happens in the first read, so that a slow client holds up no
  /// other. Errors: kInternal.
  [[nodiscard]] static Result<std::unique_ptr<Stream>> accept(async::Loop& loop,
                                                              const TlsContext& context,
                                                              std::unique_ptr<Stream> below);

  ~TlsStream() override;
  Task<Result<std::size_t>> read(std::span<char> into, CancelToken cancel,
                                 std::int64_t deadline_ns) override;
  Task<Result<void>> write(std::span<const char> bytes, CancelToken cancel,
                           std::int64_t deadline_ns) override;
  Task<void> close() override;
  bool has_unread() override;

 private:
  struct Free {
    void operator()(SSL* ssl) const noexcept;
  };
  TlsStream(async::Loop& loop, SSL* ssl, std::unique_ptr<Stream> below);
  [[nodiscard]] static Result<std::unique_ptr<TlsStream>> make(async::Loop& loop,
                                                               const TlsContext& context,
                                                               std::unique_ptr<Stream>& below);
  [[nodiscard]] Result<void> expect_host(const std::string& host);
  [[nodiscard]] Task<Result<void>> shake_hands(CancelToken cancel, std::int64_t deadline_ns);
  /// Sends what OpenSSL has written.
  [[nodiscard]] Task<Result<void>> flush(CancelToken cancel, std::int64_t deadline_ns);
  /// Feeds OpenSSL from below; false when the peer has ended there. Errors: kTls: nothing but records
  /// without data comes.
  [[nodiscard]] Task<Result<bool>> feed(CancelToken cancel, std::int64_t deadline_ns);
  [[nodiscard]] Error ssl_error(const char* doing) const;

  async::Loop& loop_;
  std::unique_ptr<SSL, Free> ssl_;
  std::unique_ptr<Stream> below_;
  std::unique_ptr<char[]> wire_;  ///< what came from below, on its way to OpenSSL
  async::Semaphore sending_;      ///< one flush at a time: a read may have to answer the peer
  std::size_t without_data_ = 0;  ///< bytes from below that no data has made up for
  bool broken_ = false;           ///< a flush ended in the middle: the byte stream has a hole
  bool closed_ = false;
};

}  // namespace bf::net
