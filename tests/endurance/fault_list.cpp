#include "tests/endurance/fault_list.h"

#include <algorithm>
#include <iterator>

namespace bf::test {
namespace {

constexpr Outcome kNone = Outcome::kNone;
constexpr Outcome kHarmless = Outcome::kHarmless;
constexpr Outcome kRetried = Outcome::kRetried;
constexpr Outcome kRowAside = Outcome::kRowAside;
constexpr Outcome kRefused = Outcome::kRefused;
constexpr Outcome kAsSent = Outcome::kAsSent;
constexpr Outcome kWaits = Outcome::kWaits;
constexpr Outcome kEnds = Outcome::kEnds;

constexpr DurationMs kIdleMs = 10 * kSecondMs;  // HttpTimeouts
constexpr DurationMs kRateWindowMs = 20 * kSecondMs;

constexpr ListedFault kListed[] = {
    // HTTP framing
    {"C1", "closed before the answer", "cut=0", kRetried, kRetried},
    {"C1", "closed inside of the header", "cut=60", kRetried, kRetried},
    {"C1", "closed inside of the body", "cut=1000", kRetried, kRetried},
    {"C1", "reset before the answer", "reset=0", kRetried, kRetried},
    {"C1", "reset inside of the body", "reset=1000", kRetried, kRetried},
    {"C2", "silent before the answer", "stall=0", kRetried, kRetried, kIdleMs},
    {"C2", "silent inside of the header", "stall=60", kRetried, kRetried, kIdleMs},
    {"C2", "silent inside of the body", "stall=1000", kRetried, kRetried, kIdleMs},
    {"C3", "one byte a second", "drip=1", kRetried, kRetried, kRateWindowMs},
    {"C3", "900 bytes a second", "drip=900", kRetried, kHarmless, kRateWindowMs},
    {"C4", "Content-Length too long, then closed", "framing=length_long", kRetried, kRetried},
    {"C4", "Content-Length too long, then silent", "framing=length_long_open", kRetried, kRetried,
     kIdleMs},
    {"C4", "Content-Length too short", "framing=length_short", kRetried, kRefused},
    {"C4", "Content-Length negative", "framing=length_negative", kRetried, kRetried},
    {"C4", "Content-Length of 2^63", "framing=length_huge", kRetried, kRetried},
    {"C4", "Content-Length with a plus", "framing=length_plus", kRetried, kRetried},
    {"C4", "Content-Length twice, different", "framing=length_twice", kRetried, kRetried},
    {"C4", "Content-Length and chunked", "framing=length_and_chunked", kRetried, kRetried},
    {"C5", "chunk size beyond 64 bits", "framing=chunk_overflow", kRetried, kRetried},
    {"C5", "chunk without its line end", "framing=chunk_without_crlf", kRetried, kRetried},
    {"C5", "closed before the last chunk", "framing=chunk_cut", kRetried, kRetried},
    {"C5", "closed behind the last chunk's size", "framing=chunk_without_end", kRetried, kRetried},
    {"C6", "chunk extension of 2 MiB", "framing=chunk_extension", kRetried, kRetried},
    {"C6", "trailers of 2 MiB", "framing=trailers", kRetried, kRetried},
    {"C7", "200 headers", "framing=headers_many", kRetried, kRetried},
    {"C7", "a header of 70 KiB", "framing=header_long", kRetried, kRetried},
    {"C7", "20 interim answers", "framing=interim", kRetried, kRetried},
    {"C8", "lines that end with LF alone", "framing=bare_lf", kRetried, kRetried},
    {"C8", "a folded header", "framing=obs_fold", kRetried, kRetried},
    {"C8", "NUL in a header", "framing=header_nul", kRetried, kRetried},
    {"C8", "a control byte in a header", "framing=header_control", kRetried, kRetried},
    {"C8", "HTTP/0.9", "framing=http09", kRetried, kRetried},
    {"C8", "bytes that are no HTTP", "framing=garbage", kRetried, kRetried},
    {"C9", "bytes behind the body", "framing=behind", kHarmless, kHarmless},
    {"C9", "two answers to one request", "framing=two_answers", kHarmless, kHarmless},
    {"C11", "Connection: close", "close", kHarmless, kHarmless},
    {"C11", "HTTP/1.0", "framing=http10", kHarmless, kHarmless},
    {"C11", "a body that ends with the connection", "framing=until_close", kHarmless, kHarmless},
    {"C12", "301 to plain HTTP elsewhere", "status=301|header=Location:http://127.0.0.1:1/",
     kRetried, kRefused},
    {"C12", "302 to itself", "status=302|header=Location:/", kRetried, kRefused},
    {"C12", "307 to another host", "status=307|header=Location:https://evil.invalid/", kRetried,
     kRefused},
    {"C12", "308 to a private address", "status=308|header=Location:https://10.0.0.1/", kRetried,
     kRefused},
    {"C13", "204", "status=204", kRetried, kRefused},
    {"C13", "304", "status=304", kRetried, kRefused},
    {"C13", "200 and nothing", "truncate=0", kRetried, kRetried},
    // encoding
    {"D1", "gzip: cut", "encoding=cut", kRetried, kRetried},
    {"D2", "gzip: wrong checksum", "encoding=checksum", kRetried, kRetried},
    {"D3", "gzip: wrong length", "encoding=length", kRetried, kRetried},
    {"D4", "gzip: two members", "encoding=two_members", kRetried, kRetried},
    {"D5", "gzip: bytes behind the member", "encoding=behind", kRetried, kRetried},
    {"D6", "deflate that is called gzip", "encoding=deflate", kRetried, kRetried},
    {"D6", "plain text that is called gzip", "encoding=plain", kRetried, kRetried},
    {"D7", "an unknown coding", "encoding=unknown", kRetried, kRetried},
    {"D8", "gzip of gzip", "encoding=twice", kRetried, kRetried},
    {"D9", "a bomb of 16 MiB", "encoding=bomb", kRetried, kRetried},
    {"D9", "a bomb of a page's size", "encoding=dense", kRetried, kRetried},
    {"D10", "zip: cut", "zip=cut", kNone, kRefused},
    {"D10", "zip: no directory", "zip=no_directory", kNone, kRefused},
    {"D10", "zip: a bit of its data", "zip=data", kNone, kRefused},
    {"D10", "zip: wrong checksum of its member", "zip=checksum", kNone, kRefused},
    {"D10", "zip: wrong size", "zip=size", kNone, kRefused},
    {"D10", "zip: wrong packed size", "zip=packed_size", kNone, kRefused},
    {"D10", "zip: a directory that claims 2 GB", "zip=directory_size", kNone, kRefused},
    {"D10", "zip: no member", "zip=no_members", kNone, kRefused},
    {"D10", "zip: two members", "zip=two_members", kNone, kRefused},
    {"D10", "zip: none at all", "zip=no_zip", kNone, kRefused},
    {"D10", "zip: a bomb of 8 MiB", "zip=bomb", kNone, kRefused},
    {"D10", "zip: a member named ../../../tmp/evil.csv", "zip=other_name", kNone, kHarmless},
    {"D11", "a CHECKSUM of another file", "checksum", kNone, kRefused},
    {"D11", "a file cut behind its CHECKSUM", "truncate_zip=1000", kNone, kRefused},
    {"D11", "a file that is not there", "not_found", kNone, kRefused},
    {"D12", "csv: its last line cut", "zip=csv_cut", kNone, kRefused},
    {"D12", "csv: empty", "zip=csv_empty", kNone, kRefused},
    {"D12", "csv: a page of HTML", "zip=csv_html", kNone, kRefused},
    {"D12", "csv: a NUL byte", "zip=csv_nul", kNone, kRefused},
    {"D12", "csv: a field more", "zip=csv_column_more", kNone, kRefused},
    // status and limits
    {"E1", "429, Retry-After 7", "status=429 retry_after=7", kWaits, kWaits, 7 * kSecondMs},
    {"E1", "429, Retry-After a date", "status=429 retry_after=Mon,+01+Jul+2024+00:01:30+GMT",
     kWaits, kWaits, 80 * kSecondMs},
    {"E1", "429, Retry-After 0", "status=429 retry_after=0", kWaits, kRetried, kSecondMs},
    {"E1", "429, Retry-After negative", "status=429 retry_after=-5", kWaits, kRetried, kSecondMs},
    {"E1", "429, Retry-After text", "status=429 retry_after=soon", kWaits, kRetried, kSecondMs},
    {"E1", "429, Retry-After a year", "status=429 retry_after=31536000", kWaits, kRefused,
     3 * kDayMs},
    {"E2", "429 without Retry-After", "status=429", kWaits, kRetried, kMinuteMs},
    {"E3", "418, Retry-After 300", "status=418 retry_after=300", kEnds, kRefused},
    {"E3", "418 without Retry-After", "status=418", kEnds, kRefused},
    {"E3", "418, the ban's end in its body alone",
     "status=418|body={\"code\":-1003,\"msg\":\"Way+too+many+requests;+IP+banned+until+"
     "1719793000000.\"}",
     kEnds, kRefused},
    {"E4", "403 of a firewall", "status=403", kEnds, kRefused},
    {"E4", "403 behind good answers, as a ban", "status=403", kEnds, kNone, 0, "bybit/linear"},
    {"E5", "451", "status=451", kEnds, kRefused},
    {"E6", "500", "status=500", kRetried, kRetried},
    {"E6", "502 with HTML", "status=502", kRetried, kRetried},
    {"E6", "503, Retry-After 2", "status=503 retry_after=2", kRetried, kWaits},
    {"E6", "504", "status=504", kRetried, kRetried},
    {"E7", "200 that says too many requests",
     "body={\"code\":-1003,\"msg\":\"Too+many+requests.\"}", kWaits, kRefused, kSecondMs},
    {"E7", "200 with HTML", "html", kRetried, kRefused},
    {"E8", "used weight jumps to the limit", "used_weight=2399", kHarmless, kNone},
    {"E8", "used weight goes back", "used_weight=1", kHarmless, kNone},
    {"E8", "used weight is missing", "used_weight=none", kHarmless, kNone},
    // JSON
    {"F1", "cut in the middle", "json=cut", kRetried, kNone},
    {"F1", "cut before its last byte", "json=cut_last", kRetried, kNone},
    {"F2", "bytes behind the document", "json=behind", kRetried, kNone},
    {"F3", "100,000 brackets deep", "json=deep", kRetried, kNone},
    {"F4", "1e999", "json=overflow", kRetried, kNone},
    {"F4", "1e-400", "json=underflow", kAsSent, kNone},
    {"F4", "-0", "json=minus_zero", kRowAside, kNone},
    {"F4", "60 digits more, zeros", "json=digits60", kHarmless, kNone},
    {"F4", "NaN", "json=nan", kRetried, kNone},
    {"F4", "-Infinity", "json=infinity", kRetried, kNone},
    {"F4", "1,5", "json=comma", kRetried, kNone},
    {"F4", "0x1", "json=hex", kRetried, kNone},
    {"F4", "no text", "json=no_text", kRetried, kNone},
    {"F5", "a number where text is usual", "json=bare", kHarmless, kNone},
    {"F5", "null", "json=null", kRetried, kNone},
    {"F5", "an object for a value", "json=object", kRetried, kNone},
    {"F6", "a column more", "json=column_more", kRetried, kNone},
    {"F6", "a column less", "json=column_less", kRetried, kNone},
    {"F6", "an object for the array", "json=object_for_array", kRetried, kNone},
    {"F7", "a key twice in a row", "json=key_twice", kRetried, kNone, 0, "bitunix/futures"},
    {"F8", "invalid UTF-8", "json=invalid_utf8", kRetried, kNone},
    {"F8", "a byte order mark", "json=bom", kRetried, kNone},
    {"F9", "longer than 8 MiB", "json=too_long", kRetried, kNone},
    // candles
    {"G1", "a row twice", "duplicate", kHarmless, kHarmless},
    {"G2", "the next page's first row as well", "rows=after_end", kHarmless, kHarmless},
    {"G3", "two rows swapped", "unordered", kHarmless, kHarmless},
    {"G4", "newest first", "rows=descending", kHarmless, kHarmless},
    {"G5", "a row before the begin", "rows=before_start", kHarmless, kHarmless},
    {"G6", "a row behind the end", "rows=after_end", kHarmless, kHarmless},
    {"G7", "two rows missing in the middle", "missing=2", kAsSent, kAsSent},
    {"G7", "three rows missing at the end", "rows=short_end", kRetried, kAsSent},
    {"G8", "no rows", "empty", kRetried, kRefused},
    {"G9", "a closed candle as it was when it began", "early", kAsSent, kAsSent},
    {"G11", "a time off the grid", "off_grid", kAsSent, kAsSent},
    {"G11", "a wrong close time", "rows=close_time", kAsSent, kAsSent},
    {"G12", "times in microseconds", "unit=us", kRetried, kHarmless},
    {"G12", "times in seconds", "unit=s", kRetried, kRefused},
    {"G12", "the unit changes in the middle", "rows=mixed_units", kRetried, kRefused},
    {"G13", "columns in another order", "rows=low_high_open_close", kRetried, kRefused},
    {"G14", "zeros at the end", "rows=zeros", kHarmless, kHarmless},
    {"G14", "exponents", "rows=exponent", kHarmless, kHarmless},
    {"G15", "a price of zero", "rows=zero_price", kRowAside, kRefused},
    {"G15", "a price below zero", "rows=negative_price", kRowAside, kRefused},
    {"G15", "high below low", "high_low", kRowAside, kRefused},
    {"G15", "a volume below zero", "negative", kRowAside, kRefused},
    {"G16", "paging that does not advance", "earlier=7200000", kRetried, kNone},
    {"G17", "a page of another day", "earlier=172800000", kRetried, kNone},
    {"G17", "the page of another symbol", "symbol_of=OTHER", kRetried, kNone, 0, "bybit/linear"},
    {"G18", "1M for 1m", "interval_of=1mo", kRetried, kNone},
    {"G19", "5m for 1m", "interval_of=5m", kRetried, kNone},
    {"G19", "1h for 1m", "interval_of=1h", kRetried, kNone},
    {"G19", "5m for 1m, without close times", "interval_of=5m", kRetried, kNone, 0, "okx/swap"},
    {"G19", "1h for 1m, without close times", "interval_of=1h", kRetried, kNone, 0, "bybit/linear"},
};

}  // namespace

std::string_view outcome_name(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::kNone:
      return "-";
    case Outcome::kHarmless:
      return "harmless";
    case Outcome::kRetried:
      return "retried";
    case Outcome::kRowAside:
      return "row aside";
    case Outcome::kRefused:
      return "refused";
    case Outcome::kAsSent:
      return "as sent";
    case Outcome::kWaits:
      return "waits";
    case Outcome::kEnds:
      return "ends";
  }
  return "";
}

std::span<const ListedFault> listed_faults() noexcept { return kListed; }

}  // namespace bf::test
