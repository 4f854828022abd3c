#include "engine/sim/framing_faults.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "store/base/assert.h"
#include "store/base/http_date.h"

namespace bf::sim {
namespace {

constexpr std::string_view kChunked = "Transfer-Encoding: chunked\r\n";
constexpr std::string_view kTwoToThe63 = "9223372036854775808";
constexpr std::size_t kFloodBytes = 2U << 20;  ///< more than anyone should read beside a page

std::string length_line(std::string_view length) {
  return "Content-Length: " + std::string(length) + "\r\n";
}
std::string length_line(std::size_t length) { return length_line(std::to_string(length)); }

/// `body` as one chunk of the size that `size` writes, without the last chunk.
std::string chunk(std::string_view size, std::string_view body) {
  return std::string(size).append("\r\n").append(body).append("\r\n");
}
std::string hex(std::size_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  do {
    text.insert(text.begin(), kDigits[value % 16]);
    value /= 16;
  } while (value > 0);
  return text;
}

/// The message with one more header line behind its status line.
std::string with_line(std::string message, std::string_view line) {
  message.insert(message.find("\r\n") + 2, line);
  return message;
}

/// What a fault makes its bytes of.
struct Answer {
  const net::ServerResponse& response;
  TimeMs now;

  [[nodiscard]] std::string_view body() const { return response.body; }
  [[nodiscard]] std::string sound() const { return with_length(response.body.size()); }
  [[nodiscard]] std::string with_length(std::size_t length) const {
    return framed(length_line(length), response.body);
  }
  [[nodiscard]] std::string framed(std::string_view headers, std::string_view bytes) const {
    return raw_message(response, now, headers, bytes);
  }
  [[nodiscard]] std::string chunked(std::string_view bytes) const {
    return framed(kChunked, bytes);
  }
};

struct Framing {
  std::string_view name;
  bool closes;  ///< the connection ends behind the message
  std::string (*make)(const Answer& answer);
};

std::string without_carriage_returns(std::string message) {
  const std::size_t end = message.find("\r\n\r\n");
  std::string head = message.substr(0, end + 4);
  std::erase(head, '\r');
  return head + message.substr(end + 4);
}

constexpr Framing kFramings[] = {
    {"length_long", true, [](const Answer& a) { return a.with_length(a.body().size() + 7); }},
    {"length_long_open", false, [](const Answer& a) { return a.with_length(a.body().size() + 7); }},
    {"length_short", false, [](const Answer& a) { return a.with_length(a.body().size() / 2); }},
    {"length_negative", false,
     [](const Answer& a) { return a.framed(length_line("-1"), a.body()); }},
    {"length_huge", false,
     [](const Answer& a) { return a.framed(length_line(kTwoToThe63), a.body()); }},
    {"length_plus", false,
     [](const Answer& a) {
       return a.framed(length_line("+" + std::to_string(a.body().size())), a.body());
     }},
    {"length_twice", false,
     [](const Answer& a) {
       return a.framed(length_line(a.body().size()) + length_line(a.body().size() - 1), a.body());
     }},
    {"length_and_chunked", false,
     [](const Answer& a) {
       return a.framed(length_line(a.body().size()) + std::string(kChunked),
                       chunk(hex(a.body().size()), a.body()) + "0\r\n\r\n");
     }},
    {"chunk_overflow", false,
     [](const Answer& a) { return a.chunked(chunk("10000000000000001", a.body()) + "0\r\n\r\n"); }},
    {"chunk_without_crlf", false,
     [](const Answer& a) {
       return a.chunked(hex(a.body().size()) + "\r\n" + std::string(a.body()) + "0\r\n\r\n");
     }},
    {"chunk_cut", true,
     [](const Answer& a) { return a.chunked(chunk(hex(a.body().size()), a.body())); }},
    {"chunk_without_end", true,
     [](const Answer& a) { return a.chunked(chunk(hex(a.body().size()), a.body()) + "0\r\n"); }},
    {"chunk_extension", false,
     [](const Answer& a) {
       const std::string size = hex(a.body().size()) + ";" + std::string(kFloodBytes, 'x');
       return a.chunked(chunk(size, a.body()) + "0\r\n\r\n");
     }},
    {"trailers", false,
     [](const Answer& a) {
       std::string bytes = chunk(hex(a.body().size()), a.body()) + "0\r\n";
       while (bytes.size() < kFloodBytes) bytes += "X-Trailer: of those that do not end\r\n";
       return a.chunked(bytes + "\r\n");
     }},
    {"headers_many", false,
     [](const Answer& a) {
       std::string lines;
       for (int i = 0; i < 200; ++i) lines += "X-Header: " + std::to_string(i) + "\r\n";
       return with_line(a.sound(), lines);
     }},
    {"header_long", false,
     [](const Answer& a) {
       return with_line(a.sound(), "X-Header: " + std::string(70U << 10, 'x') + "\r\n");
     }},
    {"interim", false,
     [](const Answer& a) {
       std::string message;
       for (int i = 0; i < 20; ++i) message += "HTTP/1.1 102 Processing\r\n\r\n";
       return message + a.sound();
     }},
    {"bare_lf", false, [](const Answer& a) { return without_carriage_returns(a.sound()); }},
    {"obs_fold", false,
     [](const Answer& a) { return with_line(a.sound(), "X-A: b\r\n folded\r\n"); }},
    {"header_nul", false,
     [](const Answer& a) { return with_line(a.sound(), std::string_view("X-A: b\0c\r\n", 10)); }},
    {"header_control", false,
     [](const Answer& a) { return with_line(a.sound(), "X-A: b\x01\r\n"); }},
    {"http09", true, [](const Answer& a) { return std::string(a.body()); }},
    {"garbage", false,
     [](const Answer&) { return std::string("\x15\x03\x01\x00\x02\x02\x46", 7); }},
    {"behind", false, [](const Answer& a) { return a.sound() + "and more"; }},
    {"two_answers", false, [](const Answer& a) { return a.sound() + a.sound(); }},
    {"http10", true,
     [](const Answer& a) { return a.framed("", a.body()).replace(0, 8, "HTTP/1.0"); }},
    {"until_close", true,
     [](const Answer& a) { return a.framed("Connection: close\r\n", a.body()); }},
};

constexpr auto kNames = [] {
  std::array<std::string_view, std::size(kFramings)> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kFramings[i].name;
  return names;
}();

}  // namespace

std::span<const std::string_view> framing_faults() noexcept { return kNames; }

std::string raw_message(const net::ServerResponse& response, TimeMs now,
                        std::string_view framing_headers, std::string_view body) {
  std::string message = "HTTP/1.1 " + std::to_string(response.status) +
                        " Simulated\r\nDate: " + format_http_date(now) + "\r\n";
  message += framing_headers;
  for (const auto& [name, value] : response.headers) {
    message.append(name).append(": ").append(value).append("\r\n");
  }
  return message.append("\r\n").append(body);
}

void apply_framing(std::string_view name, TimeMs now, net::ServerResponse& response) {
  const auto* const framing = std::find_if(std::begin(kFramings), std::end(kFramings),
                                           [name](const Framing& f) { return f.name == name; });
  BF_ASSERT(framing != std::end(kFramings));
  response.raw = framing->make(Answer{response, now});
  response.close = response.close || framing->closes;
}

}  // namespace bf::sim
