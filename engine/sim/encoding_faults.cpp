#include "engine/sim/encoding_faults.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>

#include "engine/net/content_coding.h"
#include "store/base/assert.h"

namespace bf::sim {
namespace {

constexpr std::size_t kHeaderBytes = 10;      // of a gzip member
constexpr std::size_t kTrailerBytes = 8;      // its checksum, then its length
constexpr std::size_t kPageBytes = 8U << 20;  // the most that a client should take for a page

struct Coded {
  std::string_view name;
  std::string_view coding;  ///< as Content-Encoding says it
  std::string (*make)(const std::string& body);
};

std::string flipped(std::string bytes, std::size_t from_end) {
  char& byte = bytes[bytes.size() - from_end];
  byte = static_cast<char>(byte ^ 1);
  return bytes;
}

constexpr Coded kCodings[] = {
    {"cut", "gzip",
     [](const std::string& body) {
       const std::string whole = net::gzip(body);
       return whole.substr(0, whole.size() / 2);
     }},
    {"checksum", "gzip", [](const std::string& body) { return flipped(net::gzip(body), 8); }},
    {"length", "gzip", [](const std::string& body) { return flipped(net::gzip(body), 4); }},
    {"two_members", "gzip",
     [](const std::string& body) {
       const std::size_t half = body.size() / 2;
       return net::gzip(body.substr(0, half)) + net::gzip(body.substr(half));
     }},
    {"behind", "gzip", [](const std::string& body) { return net::gzip(body) + "more"; }},
    {"deflate", "gzip",  // the member's data without what makes it one
     [](const std::string& body) {
       const std::string whole = net::gzip(body);
       return whole.substr(kHeaderBytes, whole.size() - kHeaderBytes - kTrailerBytes);
     }},
    {"plain", "gzip", [](const std::string& body) { return body; }},
    {"unknown", "br", [](const std::string& body) { return body; }},
    {"twice", "gzip, gzip", [](const std::string& body) { return net::gzip(net::gzip(body)); }},
    {"bomb", "gzip",
     [](const std::string&) {
       static const std::string bomb = net::gzip(std::string(2 * kPageBytes, ' '));
       return bomb;
     }},
    {"dense", "gzip",  // within a page's size, but of a ratio that no page has
     [](const std::string& body) { return net::gzip(body + std::string(kPageBytes / 2, ' ')); }},
};

constexpr auto kNames = [] {
  std::array<std::string_view, std::size(kCodings)> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kCodings[i].name;
  return names;
}();

}  // namespace

std::span<const std::string_view> encoding_faults() noexcept { return kNames; }

void apply_encoding(std::string_view name, net::ServerResponse& response) {
  const auto* const coded = std::find_if(std::begin(kCodings), std::end(kCodings),
                                         [name](const Coded& c) { return c.name == name; });
  BF_ASSERT(coded != std::end(kCodings));
  response.body = coded->make(response.body);
  response.gzip = false;  // it is coded already
  response.headers.emplace_back("Content-Encoding", coded->coding);
}

}  // namespace bf::sim
