#include "tests/net/certificates.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "store/base/assert.h"

namespace bf::net {
namespace {

struct FreeKey {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Certificate = std::unique_ptr<X509, FreeCertificate>;
using File = std::unique_ptr<std::FILE, CloseFile>;

Key make_key(int rsa_bits) {
  Key key(rsa_bits > 0 ? EVP_RSA_gen(static_cast<unsigned>(rsa_bits)) : EVP_EC_gen("P-256"));
  BF_ASSERT(key != nullptr);
  return key;
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  if (value.empty()) return;
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  BF_ASSERT(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

/// Not signed yet.
Certificate make_certificate(EVP_PKEY* key, const CertificateOptions& options, bool is_root) {
  static long serial = 1;
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), options.not_before_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), options.not_after_s);
  X509_set_pubkey(certificate.get(), key);
  const auto* const name = reinterpret_cast<const unsigned char*>(options.common_name.c_str());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8, name,
                             -1, -1, 0);
  X509* const self = certificate.get();
  add_extension(self, self, NID_basic_constraints, is_root ? "critical,CA:TRUE" : "CA:FALSE");
  if (is_root) {
    add_extension(self, self, NID_key_usage, "critical,keyCertSign,cRLSign");
  } else {
    add_extension(self, self, NID_ext_key_usage, options.usage);
    add_extension(self, self, NID_subject_alt_name, options.names);
  }
  return certificate;
}

void sign(X509* certificate, const X509* issuer, EVP_PKEY* issuer_key) {
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  BF_ASSERT(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
}

void write_certificate(const std::string& path, X509* certificate) {
  const File file(std::fopen(path.c_str(), "w"));
  BF_ASSERT(file != nullptr && PEM_write_X509(file.get(), certificate) == 1);
}

void write_key(const std::string& path, EVP_PKEY* key) {
  const File file(std::fopen(path.c_str(), "w"));
  BF_ASSERT(file != nullptr &&
            PEM_write_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
}

}  // namespace

CertificateDirectory::CertificateDirectory() {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "bf-certificates-XXXXXX").string();
  BF_ASSERT(mkdtemp(pattern.data()) != nullptr);
  directory_ = pattern;
  const Key key = make_key(0);
  CertificateOptions options;
  options.common_name = "bf test root";
  const Certificate root = make_certificate(key.get(), options, /*is_root=*/true);
  sign(root.get(), root.get(), key.get());
  write_certificate(path("root.pem"), root.get());
  write_key(path("root.key"), key.get());
}

CertificateDirectory::~CertificateDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void CertificateDirectory::add(const std::string& name, const CertificateOptions& options) const {
  const Key key = make_key(options.rsa_bits);
  const Certificate certificate = make_certificate(key.get(), options, /*is_root=*/false);
  if (options.self_signed) {
    sign(certificate.get(), certificate.get(), key.get());
  } else {
    const File root_file(std::fopen(path("root.pem").c_str(), "r"));
    const File key_file(std::fopen(path("root.key").c_str(), "r"));
    BF_ASSERT(root_file != nullptr && key_file != nullptr);
    const Certificate root(PEM_read_X509(root_file.get(), nullptr, nullptr, nullptr));
    const Key root_key(PEM_read_PrivateKey(key_file.get(), nullptr, nullptr, nullptr));
    sign(certificate.get(), root.get(), root_key.get());
  }
  write_certificate(path(name + ".pem"), certificate.get());
  write_key(path(name + ".key"), key.get());
}

}  // namespace bf::net
