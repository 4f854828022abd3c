// engine/exchange/percent.h
//
// Percent-encoding of names that go into a path or a query: no symbol can add a parameter or a header.
#pragma once

#include <string>
#include <string_view>

namespace bf::exchange {

/// Appends `text` to `out`; every byte but letters, digits and "-_.~" becomes %XX.
inline void append_percent_encoded(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char byte : text) {
    const auto value = static_cast<unsigned char>(byte);
    const bool plain = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
                       (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.' ||
                       byte == '~';
    if (plain) {
      out.push_back(byte);
      continue;
    }
    out.push_back('%');
    out.push_back(kHex[value >> 4U]);
    out.push_back(kHex[value & 15U]);
  }
}

}  // namespace bf::exchange
