#include "tests/net/raw_tls_server.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <array>
#include <utility>

namespace bf::net {

RawTlsServer::RawTlsServer(async::Loop& loop, const TlsContext& context,
                           std::unique_ptr<Stream> below)
    : loop_(loop), ssl_(SSL_new(context.get())), below_(std::move(below)) {
  SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_accept_state(ssl_.get());
}

Task<Result<void>> RawTlsServer::read_request() {
  std::string request;
  while (!request.ends_with("\r\n\r\n")) {
    const Result<void> more = co_await read(request);
    if (!more) co_return fail(more.error());
  }
  co_return Result<void>();
}

Task<Result<void>> RawTlsServer::read(std::string& to) {
  while (true) {
    std::array<char, 4'096> data{};
    std::size_t size = 0;
    ERR_clear_error();
    const int done = SSL_read_ex(ssl_.get(), data.data(), data.size(), &size);
    const int outcome = SSL_get_error(ssl_.get(), done);
    const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
    const Result<void> sent = co_await flush();  // an alert may be among it
    if (done == 1) {
      to.append(data.data(), size);
      co_return Result<void>();
    }
    if (outcome == SSL_ERROR_SSL) co_return fail(Code::kTls, reason != nullptr ? reason : "?");
    if (outcome == SSL_ERROR_ZERO_RETURN) co_return fail(Code::kNetwork, "the client has gone");
    if (!sent) co_return fail(sent.error());
    const Result<std::size_t> got =
        co_await below_->read(std::span<char>(data), CancelToken(), async::kNoDeadline);
    if (!got || *got == 0) co_return fail(Code::kNetwork, "the client has gone");
    BIO_write(SSL_get_rbio(ssl_.get()), data.data(), static_cast<int>(*got));
  }
}

Task<Result<void>> RawTlsServer::discard() {
  while (below_->has_unread()) {
    std::array<char, 4'096> bytes{};
    const Result<std::size_t> got =
        co_await below_->read(std::span<char>(bytes), CancelToken(), async::kNoDeadline);
    if (!got || *got == 0) co_return fail(Code::kNetwork, "the client has gone");
  }
  co_return Result<void>();
}

void RawTlsServer::say(std::string_view data) {
  std::size_t taken = 0;
  ASSERT_EQ(SSL_write_ex(ssl_.get(), data.data(), data.size(), &taken), 1);
}

void RawTlsServer::say_hello_request() {
  ASSERT_EQ(SSL_renegotiate(ssl_.get()), 1);
  ASSERT_EQ(SSL_do_handshake(ssl_.get()), 1);
}

void RawTlsServer::say_key_update() {
  ASSERT_EQ(SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED), 1);
  ASSERT_EQ(SSL_do_handshake(ssl_.get()), 1);
}

void RawTlsServer::say_bytes(std::string_view bytes) {
  BIO_write(SSL_get_wbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
}

Task<Result<void>> RawTlsServer::flush() {
  BIO* const out = SSL_get_wbio(ssl_.get());
  std::string bytes(BIO_ctrl_pending(out), '\0');
  if (bytes.empty()) co_return Result<void>();
  BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
  co_return co_await below_->write(std::span<const char>(bytes), CancelToken(), async::kNoDeadline);
}

}  // namespace bf::net
