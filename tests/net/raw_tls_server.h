// tests/net/raw_tls_server.h
//
// OpenSSL itself as a TLS server over a Stream, for what TlsStream never sends. No call has a deadline:
// a client that has gone ends it.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include "engine/net/tls_stream.h"

namespace bf::net {

class RawTlsServer {
 public:
  RawTlsServer(async::Loop& loop, const TlsContext& context, std::unique_ptr<Stream> below);

  async::Loop& loop() noexcept { return loop_; }
  /// Whether the client has shown a ticket that was believed.
  [[nodiscard]] bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  Task<void> close() { return below_->close(); }

  /// Reads a whole request, shaking hands before it. Errors: as read().
  Task<Result<void>> read_request();
  /// Reads some data. Errors: kTls: OpenSSL's reason; kNetwork: the client has gone.
  Task<Result<void>> read(std::string& to);
  /// Takes what the client has sent off the wire, unseen by OpenSSL. Errors: kNetwork.
  Task<Result<void>> discard();

  // What is said is sent by flush().
  void say(std::string_view data);
  void say_hello_request();
  void say_key_update();
  void say_bytes(std::string_view bytes);  ///< as they are, in no record of OpenSSL's
  Task<Result<void>> flush();

 private:
  struct Free {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  };
  async::Loop& loop_;
  std::unique_ptr<SSL, Free> ssl_;
  std::unique_ptr<Stream> below_;
};

}  // namespace bf::net
