// tests/net/certificates.h
//
// Certificates made for one test: a root, and servers that it (or nobody) vouches for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace bf::net {

struct CertificateOptions {
  std::string names = "DNS:localhost";  ///< subjectAltName; empty: none
  std::string common_name = "bf test";
  std::int64_t not_before_s = -3'600;  ///< from now
  std::int64_t not_after_s = 3'600;
  std::string usage = "serverAuth";
  int rsa_bits = 0;          ///< 0: an elliptic curve key
  bool self_signed = false;  ///< instead of by the root
};

/// A directory with "root.pem" and whatever add() makes; removed with the object.
class CertificateDirectory {
 public:
  CertificateDirectory();
  CertificateDirectory(const CertificateDirectory&) = delete;
  CertificateDirectory& operator=(const CertificateDirectory&) = delete;
  ~CertificateDirectory();

  [[nodiscard]] std::string root() const { return path("root.pem"); }
  [[nodiscard]] std::string path(const std::string& name) const {
    return (directory_ / name).string();
  }
  /// Makes NAME.pem and NAME.key.
  void add(const std::string& name, const CertificateOptions& options) const;

 private:
  std::filesystem::path directory_;
};

}  // namespace bf::net
