#include "engine/sim/archive.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "engine/sim/archive_faults.h"
#include "engine/sim/archive_listing.h"
#include "engine/sim/kline_text.h"
#include "engine/sim/row_faults.h"
#include "engine/sim/text_file.h"
#include "engine/sim/zip_writer.h"

namespace bf::sim {
namespace {

constexpr TimeMs kUmHeaderFrom = 1'654'041'600'000;          // 2022-06-01
constexpr TimeMs kSpotMicrosecondsFrom = 1'735'689'600'000;  // 2025-01-01
constexpr std::string_view kUmHeader =
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
    "taker_buy_quote_volume,ignore\n";
constexpr std::string_view kChecksumSuffix = ".CHECKSUM";

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

/// "2024-02" or "2024-02-29" into the month or day; nothing else will do.
bool parse_period(std::string_view text, bool monthly, TimeRange& out) {
  if (text.size() != (monthly ? 7U : 10U)) return false;
  const Result<TimeMs> begin = parse_time(text);
  if (!begin) return false;
  out = {*begin, monthly ? next_month_begin(*begin) : *begin + kDayMs};
  return true;
}

std::string sha256_hex(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += kHex[byte >> 4U];
    hex += kHex[byte & 15U];
  }
  return hex;
}

std::string checksum_line(std::string_view zip, const ArchivePath& path) {
  return sha256_hex(zip) + "  " + path.zip_name + "\n";
}

/// Of the one member that a zip has.
std::string csv_name(const ArchivePath& path) {
  return path.zip_name.substr(0, path.zip_name.size() - 4) + ".csv";
}

ArchiveAnswer not_found(ArchiveAnswer answer) {
  answer.status = 404;
  answer.content_type = "application/xml";
  answer.body =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code><Message>The "
      "specified key does not exist.</Message></Error>";
  return answer;
}

}  // namespace

std::optional<ArchivePath> parse_archive_path(std::string_view path) {
  ArchivePath parsed;
  std::vector<std::string_view> parts = split_path(path);
  if (parts.size() < 7 || parts[0] != "data") return std::nullopt;
  const bool spot = parts[1] == "spot";
  if (!spot && (parts[1] != "futures" || parts[2] != "um")) return std::nullopt;
  parsed.market = spot ? Market::kSpot : Market::kUm;
  parts.erase(parts.begin(), parts.begin() + (spot ? 2 : 3));
  if (parts.size() != 5 || parts[1] != "klines") return std::nullopt;
  parsed.monthly = parts[0] == "monthly";
  if (!parsed.monthly && parts[0] != "daily") return std::nullopt;
  parsed.symbol = parts[2];
  parsed.interval_text = parts[3];
  if (!parse_archive_interval(parts[3], parsed.interval)) return std::nullopt;

  std::string_view name = parts[4];
  if (name.ends_with(kChecksumSuffix)) {
    parsed.checksum = true;
    name.remove_suffix(kChecksumSuffix.size());
  }
  parsed.zip_name = name;
  const std::string stem = parsed.symbol + "-" + parsed.interval_text + "-";
  if (!name.starts_with(stem) || !name.ends_with(".zip")) return std::nullopt;
  const std::string_view period = name.substr(stem.size(), name.size() - stem.size() - 4);
  if (!parse_period(period, parsed.monthly, parsed.range)) return std::nullopt;
  return parsed;
}

std::string_view SimArchive::path_in_archive(const Query& query) const {
  std::string_view path = query.path;
  if (path.starts_with(options_.prefix)) path.remove_prefix(options_.prefix.size());
  if (path.starts_with('/')) path.remove_prefix(1);
  return path;
}

ArchiveAnswer SimArchive::get(const Query& query, TimeMs now) {
  const std::string_view path = path_in_archive(query);
  ArchiveAnswer answer;
  if (path.empty() && query.parameter("prefix")) {
    answer.endpoint = Endpoint::kListing;
    answer.body = listing_xml(truth_, *this, query, now);
    return answer;
  }
  const std::optional<ArchivePath> parsed = parse_archive_path(path);
  if (!parsed) return not_found(std::move(answer));
  answer.endpoint = parsed->checksum ? Endpoint::kChecksum : Endpoint::kArchive;
  answer.market = parsed->market;
  answer.range = parsed->range;
  if (!exists(*parsed, now)) return not_found(std::move(answer));
  std::string zip_path(path);
  if (parsed->checksum) zip_path.resize(zip_path.size() - kChecksumSuffix.size());
  const std::shared_ptr<const std::string> bytes = zip(zip_path, *parsed);
  answer.content_type = parsed->checksum ? "text/plain" : "application/zip";
  answer.body = parsed->checksum ? checksum_line(*bytes, *parsed) : *bytes;
  return answer;
}

void SimArchive::damage(const Query& query, std::span<const FaultRule* const> rules,
                        std::uint64_t draw, ArchiveAnswer& answer) const {
  const bool wrong = std::any_of(rules.begin(), rules.end(), [](const FaultRule* rule) {
    return rule->kind == FaultKind::kZip || changes_rows(rule->kind);
  });
  const std::optional<ArchivePath> path = parse_archive_path(path_in_archive(query));
  if (!wrong || !path) return;
  std::string rows = rows_of(*path);
  for (const FaultRule* rule : rules) {
    if (changes_rows(rule->kind) && !rows.empty()) apply_to_rows(*rule, draw, rows);
  }
  const std::string csv = csv_of(*path, rows);
  const std::string name = csv_name(*path);
  std::string zip = make_zip(name, csv);
  for (const FaultRule* rule : rules) {
    if (rule->kind == FaultKind::kZip) zip = damaged_zip(rule->text, name, csv);
  }
  answer.body = path->checksum ? checksum_line(zip, *path) : std::move(zip);
}

bool SimArchive::exists(const ArchivePath& path, TimeMs now) const {
  if (path.range.to > now) return false;
  const bool monthly_only = path.interval == Interval::k3d || path.interval == Interval::k1w ||
                            path.interval == Interval::k1mo;
  if (monthly_only && !path.monthly) return false;
  std::string row;
  const RowQuery query{path.range, 1, false};
  return truth_.append_rows({path.market, path.symbol, path.interval}, query, row).rows > 0;
}

std::shared_ptr<const std::string> SimArchive::zip(const std::string& path,
                                                   const ArchivePath& parsed) {
  const auto known = cached_.find(path);
  if (known != cached_.end()) {
    cache_.splice(cache_.begin(), cache_, known->second);
    return known->second->zip;
  }
  std::optional<std::string> bytes = published(path);
  if (!bytes) bytes = make_zip(csv_name(parsed), csv_of(parsed, rows_of(parsed)));
  auto made = std::make_shared<const std::string>(std::move(*bytes));
  remember(path, made);
  return made;
}

std::string SimArchive::rows_of(const ArchivePath& path) const {
  constexpr std::size_t kAll = static_cast<std::size_t>(-1);
  std::string rows;
  truth_.append_rows({path.market, path.symbol, path.interval}, {path.range, kAll, false}, rows);
  return rows;
}

std::string SimArchive::csv_of(const ArchivePath& path, std::string_view rows) {
  std::string csv;
  csv.reserve(rows.size() + kUmHeader.size());
  if (path.market == Market::kUm && path.range.from >= kUmHeaderFrom) csv += kUmHeader;
  const bool microseconds =
      path.market == Market::kSpot && path.range.from >= kSpotMicrosecondsFrom;
  append_csv(rows, microseconds, csv);
  return csv;
}

std::optional<std::string> SimArchive::published(const std::string& path) const {
  if (options_.published.empty()) return std::nullopt;
  Result<std::string> bytes = read_file(options_.published + "/" + path);
  if (!bytes) return std::nullopt;
  return std::move(*bytes);
}

void SimArchive::remember(const std::string& path, std::shared_ptr<const std::string> zip) {
  cached_bytes_ += zip->size();
  cache_.push_front({path, std::move(zip)});
  cached_.insert_or_assign(path, cache_.begin());
  while (cached_bytes_ > options_.cache_bytes_max && cache_.size() > 1) {
    cached_bytes_ -= cache_.back().zip->size();
    cached_.erase(cache_.back().path);
    cache_.pop_back();
  }
}

}  // namespace bf::sim
