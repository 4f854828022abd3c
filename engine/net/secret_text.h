// engine/net/secret_text.h
//
// Text that must not outlive its use: a password, or bytes that hold one.
#pragma once

#include <cstring>
#include <string>
#include <utility>

namespace bf::net {

/// Overwritten when it is destroyed; neither copied nor printed. What builds one reserves its room
/// first: a string that grows leaves its old bytes behind.
class SecretText {
 public:
  explicit SecretText(std::string text) : text_(std::move(text)) {}
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;
  ~SecretText() { ::explicit_bzero(text_.data(), text_.size()); }

  [[nodiscard]] const std::string& reveal() const noexcept { return text_; }

 private:
  std::string text_;
};

}  // namespace bf::net
