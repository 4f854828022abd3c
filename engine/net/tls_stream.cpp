#include "engine/net/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace bf::net {
namespace {

constexpr std::size_t kWireBytes = 64U << 10;
/// Bytes of the peer that may give no data: a KeyUpdate or a HelloRequest costs it nothing, OpenSSL
/// follows or answers each and counts none, and while more are there a read never gets to its deadline.
/// The longest chain of certificates that OpenSSL takes (100 KiB) fits in, and a few tickets.
constexpr std::size_t kWithoutDataMax = 128U << 10;
/// Each byte of data makes up for so many, more than the smallest record has around it; if it made up
/// for all, one now and then would excuse any flood.
constexpr std::size_t kExcusedPerByte = 128;
constexpr int kSecurityLevel = 2;  // 112 bits: no RSA below 2048, no SHA-1 signatures
constexpr std::array<unsigned char, 9> kAlpn = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

bool is_address(const std::string& host) noexcept {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

/// The newest of OpenSSL's reasons, as text.
std::string newest_reason() {
  const unsigned long code = ERR_peek_last_error();
  const char* const reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  return reason != nullptr ? reason : "no reason given";
}

bool root_is_unknown(long verified) noexcept {
  return verified == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
         verified == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
         verified == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE ||
         verified == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
         verified == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN;
}

/// Server side: HTTP/1.1 or no protocol at all.
int select_http11(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size,
                  const unsigned char* offered, unsigned offered_size, void* /*unused*/) {
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, kAlpn.data(), kAlpn.size(), offered,
                            offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

SSL_CTX* new_context(const SSL_METHOD* method) {
  ERR_clear_error();
  SSL_CTX* const context = SSL_CTX_new(method);
  if (context == nullptr) return nullptr;
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_security_level(context, kSecurityLevel);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  return context;
}

}  // namespace

void TlsContext::Free::operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
void TlsStream::Free::operator()(SSL* ssl) const noexcept { SSL_free(ssl); }

Result<TlsContext> TlsContext::client(const std::string& ca_file) {
  TlsContext made(new_context(TLS_client_method()));
  SSL_CTX* const context = made.get();
  if (context == nullptr) return fail(Code::kInternal, "no TLS context: " + newest_reason());
  // The default for clients is to verify nothing.
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_default_verify_paths(context);
  if (!ca_file.empty() && SSL_CTX_load_verify_file(context, ca_file.c_str()) != 1) {
    return fail(Code::kUsage,
                "no certificates could be read from \"" + ca_file + "\": " + newest_reason());
  }
  if (SSL_CTX_set_alpn_protos(context, kAlpn.data(), kAlpn.size()) != 0) {
    return fail(Code::kInternal, "ALPN: " + newest_reason());
  }
  return made;
}

Result<TlsContext> TlsContext::server(const std::string& certificate_file,
                                      const std::string& key_file) {
  TlsContext made(new_context(TLS_server_method()));
  SSL_CTX* const context = made.get();
  if (context == nullptr) return fail(Code::kInternal, "no TLS context: " + newest_reason());
  SSL_CTX_set_alpn_select_cb(context, select_http11, nullptr);
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
    return fail(Code::kUsage, "no certificate could be read from \"" + certificate_file +
                                  "\": " + newest_reason());
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return fail(Code::kUsage, "no key for that certificate could be read from \"" + key_file +
                                  "\": " + newest_reason());
  }
  return made;
}

TlsStream::TlsStream(async::Loop& loop, SSL* ssl, std::unique_ptr<Stream> below)
    : loop_(loop),
      ssl_(ssl),
      below_(std::move(below)),
      wire_(std::make_unique_for_overwrite<char[]>(kWireBytes)),
      sending_(loop, 1) {}

TlsStream::~TlsStream() = default;

Result<std::unique_ptr<TlsStream>> TlsStream::make(async::Loop& loop, const TlsContext& context,
                                                   std::unique_ptr<Stream>& below) {
  ERR_clear_error();
  std::unique_ptr<SSL, Free> ssl(SSL_new(context.get()));
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  if (!ssl || in == nullptr || out == nullptr) {
    BIO_free(in);
    BIO_free(out);
    return fail(Code::kInternal, "no TLS connection: " + newest_reason());
  }
  SSL_set_bio(ssl.get(), in, out);
  return std::unique_ptr<TlsStream>(new TlsStream(loop, ssl.release(), std::move(below)));
}

Result<void> TlsStream::expect_host(const std::string& host) {
  // An empty name would switch the check off.
  if (host.empty()) return fail(Code::kUsage, "a TLS peer without a name");
  X509_VERIFY_PARAM* const param = SSL_get0_param(ssl_.get());
  X509_VERIFY_PARAM_set_hostflags(
      param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  const bool set = is_address(host) ? X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str()) == 1
                                    : SSL_set1_host(ssl_.get(), host.c_str()) == 1 &&
                                          SSL_set_tlsext_host_name(ssl_.get(), host.c_str()) == 1;
  if (!set) return fail(Code::kTls, "\"" + host + "\" cannot be verified: " + newest_reason());
  return {};
}

Task<Result<std::unique_ptr<Stream>>> TlsStream::connect(async::Loop& loop,
                                                         const TlsContext& context,
                                                         std::unique_ptr<Stream> below,
                                                         std::string host, CancelToken cancel,
                                                         std::int64_t deadline_ns) {
  Result<std::unique_ptr<TlsStream>> made = make(loop, context, below);
  if (!made) {
    co_await below->close();
    co_return fail(made.error());
  }
  std::unique_ptr<TlsStream> stream = std::move(*made);
  SSL_set_connect_state(stream->ssl_.get());
  Result<void> shaken = stream->expect_host(host);
  if (shaken) shaken = co_await stream->shake_hands(cancel, deadline_ns);
  if (!shaken) {
    co_await stream->close();
    co_return fail(shaken.error());
  }
  co_return std::move(stream);
}

Result<std::unique_ptr<Stream>> TlsStream::accept(async::Loop& loop, const TlsContext& context,
                                                  std::unique_ptr<Stream> below) {
  Result<std::unique_ptr<TlsStream>> made = make(loop, context, below);
  if (!made) return fail(made.error());
  SSL_set_accept_state((*made)->ssl_.get());
  return std::move(*made);
}

Task<Result<void>> TlsStream::shake_hands(CancelToken cancel, std::int64_t deadline_ns) {
  while (true) {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_.get());
    const int outcome = SSL_get_error(ssl_.get(), done);
    const bool failed = done != 1 && outcome != SSL_ERROR_WANT_READ;
    Error error(Code::kTls, "");
    if (failed) error = ssl_error("handshake");
    // An alert for the peer may be among it, and is worth a try even when the handshake has failed.
    const Result<void> sent = co_await flush(cancel, failed ? loop_.now_ns() : deadline_ns);
    if (failed) co_return fail(error);
    if (!sent) co_return fail(sent.error());
    if (done == 1) co_return Result<void>();
    const Result<bool> more = co_await feed(cancel, deadline_ns);
    if (!more) co_return fail(more.error());
    if (!*more)
      co_return fail(Code::kNetwork, "the peer ended the connection during the TLS handshake");
  }
}

Task<Result<std::size_t>> TlsStream::read(std::span<char> into, CancelToken cancel,
                                          std::int64_t deadline_ns) {
  BF_ASSERT(!into.empty());
  while (true) {
    if (cancel.cancelled() || closed_) co_return fail(CancelToken::error());
    std::size_t have = 0;
    int outcome = SSL_ERROR_NONE;
    while (have < into.size() && outcome == SSL_ERROR_NONE) {  // a record at a time
      ERR_clear_error();
      std::size_t part = 0;
      const int read = SSL_read_ex(ssl_.get(), into.data() + have, into.size() - have, &part);
      have += part;
      if (read != 1) outcome = SSL_get_error(ssl_.get(), read);
    }
    without_data_ -= std::min(without_data_, kExcusedPerByte * have);
    const bool failed = outcome == SSL_ERROR_SSL || outcome == SSL_ERROR_SYSCALL;
    Error error(Code::kTls, "");
    if (failed) error = ssl_error("read");
    if (BIO_ctrl_pending(SSL_get_wbio(ssl_.get())) > 0) {  // the handshake, an alert, a key update
      const Result<void> sent = co_await flush(cancel, failed ? loop_.now_ns() : deadline_ns);
      if (!sent && !failed && have == 0) co_return fail(sent.error());
    }
    if (have > 0) co_return have;  // an error shows again in the next read
    if (failed) co_return fail(error);
    if (outcome == SSL_ERROR_ZERO_RETURN) co_return std::size_t{0};
    const Result<bool> more = co_await feed(cancel, deadline_ns);
    if (!more) co_return fail(more.error());
    if (!*more) {
      co_return fail(Code::kNetwork,
                     "the peer ended the TLS connection without saying so (close_notify)");
    }
  }
}

Task<Result<void>> TlsStream::write(std::span<const char> bytes, CancelToken cancel,
                                    std::int64_t deadline_ns) {
  if (cancel.cancelled() || closed_) co_return fail(CancelToken::error());
  if (SSL_is_init_finished(ssl_.get()) == 0) {
    const Result<void> shaken = co_await shake_hands(cancel, deadline_ns);
    if (!shaken) co_return fail(shaken.error());
  }
  while (!bytes.empty()) {
    const std::span<const char> part = bytes.first(std::min(bytes.size(), kWireBytes));
    ERR_clear_error();
    std::size_t taken = 0;
    const int written = SSL_write_ex(ssl_.get(), part.data(), part.size(), &taken);
    if (written != 1) co_return fail(ssl_error("write"));
    bytes = bytes.subspan(taken);
    const Result<void> sent = co_await flush(cancel, deadline_ns);
    if (!sent) co_return fail(sent.error());
  }
  co_return Result<void>();
}

Task<Result<void>> TlsStream::flush(CancelToken cancel, std::int64_t deadline_ns) {
  BIO* const out = SSL_get_wbio(ssl_.get());
  if (BIO_ctrl_pending(out) == 0) co_return Result<void>();
  const Result<void> turn = co_await sending_.acquire(cancel);
  if (!turn) co_return fail(turn.error());
  Result<void> sent;
  if (broken_ || closed_) sent = fail(Code::kNetwork, "the connection broke in an earlier write");
  while (sent && BIO_ctrl_pending(out) > 0) {
    std::vector<char> bytes(BIO_ctrl_pending(out));
    BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
    sent = co_await below_->write(std::span<const char>(bytes), cancel, deadline_ns);
    if (!sent) broken_ = true;
  }
  sending_.release();
  co_return sent;
}

Task<Result<bool>> TlsStream::feed(CancelToken cancel, std::int64_t deadline_ns) {
  // Asked before reading, when OpenSSL has made what data it can of all that came.
  if (without_data_ > kWithoutDataMax) {
    co_return fail(Code::kTls, "TLS: the peer sends without end, and without data");
  }
  const std::span<char> room(wire_.get(), kWireBytes);
  const Result<std::size_t> bytes = co_await below_->read(room, cancel, deadline_ns);
  if (!bytes) co_return fail(bytes.error());
  if (*bytes == 0) co_return false;
  without_data_ += *bytes;
  const int taken = BIO_write(SSL_get_rbio(ssl_.get()), wire_.get(), static_cast<int>(*bytes));
  if (taken != static_cast<int>(*bytes)) co_return fail(Code::kNoMemory, "TLS buffer");
  co_return true;
}

Task<void> TlsStream::close() {
  if (!closed_ && !broken_ && sending_.free() > 0 && SSL_is_init_finished(ssl_.get()) == 1) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    // close_notify, as far as the kernel takes it at once.
    const Result<void> said = co_await flush(CancelToken(), loop_.now_ns());
    (void)said;
  }
  closed_ = true;
  co_await below_->close();
}

bool TlsStream::has_unread() {
  return SSL_has_pending(ssl_.get()) == 1 || BIO_ctrl_pending(SSL_get_rbio(ssl_.get())) > 0 ||
         below_->has_unread();
}

Error TlsStream::ssl_error(const char* doing) const {
  const long verified = SSL_get_verify_result(ssl_.get());
  std::string message("TLS ");
  message.append(doing).append(": ");
  const bool client = SSL_is_server(ssl_.get()) == 0;
  if (client && verified != X509_V_OK) {
    message.append("the certificate is refused: ").append(X509_verify_cert_error_string(verified));
    if (root_is_unknown(verified)) {
      message.append("; if you trust its root, name the root's file with --ca-file");
    }
    return Error(Code::kTls, std::move(message));
  }
  message.append(newest_reason());
  if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_WRONG_VERSION_NUMBER) {
    message.append("; does that port speak TLS?");
  }
  return Error(Code::kTls, std::move(message));
}

}  // namespace bf::net
