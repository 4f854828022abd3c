// Goal: the archive holds the truth's rows, in the form that the real one has, and nothing before its
// time. Method: read every zip back with libzip, which had no part in making it.
#include "engine/sim/archive.h"

#include <gmock/gmock.h>
#include <openssl/sha.h>
#include <zip.h>

#include "engine/sim/file_truth.h"
#include "engine/sim/generated_truth.h"
#include "engine/sim/text_file.h"
#include "tests/sim/sim_support.h"

namespace bf::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr TimeMs kNow = 1'798'761'600'000;  // 2027-01-01

ArchiveAnswer get(SimArchive& archive, const std::string& target, TimeMs now = kNow) {
  return archive.get(parse_query(target), now);
}

/// The only member of `zip`: its name, and its content.
std::pair<std::string, std::string> unzip(const std::string& bytes) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* const source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  zip_t* const zip = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
  if (zip == nullptr) return {"not a zip", zip_error_strerror(&error)};
  EXPECT_EQ(zip_get_num_entries(zip, 0), 1);
  zip_stat_t stat;
  EXPECT_EQ(zip_stat_index(zip, 0, 0, &stat), 0);
  std::pair<std::string, std::string> member(stat.name, std::string(stat.size, '\0'));
  zip_file_t* const file = zip_fopen_index(zip, 0, 0);
  EXPECT_EQ(zip_fread(file, member.second.data(), stat.size), static_cast<std::int64_t>(stat.size));
  EXPECT_EQ(zip_fclose(file), 0) << "the checksum of the member";
  zip_discard(zip);
  return member;
}

std::string sha256(const std::string& bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  std::string hex;
  for (const unsigned char byte : digest) {
    char pair[3];
    std::snprintf(pair, sizeof pair, "%02x", byte);
    hex += pair;
  }
  return hex;
}

GeneratedTruth two_symbols() {
  GeneratedOptions options;
  options.symbols = 2;
  options.life = {*parse_time("2021-12-20"), *parse_time("2025-03-10")};
  return GeneratedTruth(options);
}

std::string truth_csv(const Truth& truth, const SimSeries& series, const char* from,
                      const char* to) {
  std::string json;
  truth.append_rows(series, {{*parse_time(from), *parse_time(to)}, 1'000'000, false}, json);
  std::string csv;
  append_csv(json, false, csv);
  return csv;
}

TEST(SimArchive, MonthsHoldTheTruthsRows) {
  const GeneratedTruth truth = two_symbols();
  SimArchive archive(truth, ArchiveOptions{});
  const ArchiveAnswer answer =
      get(archive, "/archive/data/spot/monthly/klines/S001USDT/1m/S001USDT-1m-2024-02.zip");
  ASSERT_EQ(answer.status, 200);
  const auto [name, csv] = unzip(answer.body);
  EXPECT_EQ(name, "S001USDT-1m-2024-02.csv");
  EXPECT_TRUE(csv == truth_csv(truth, {Market::kSpot, "S001USDT", Interval::k1m}, "2024-02-01",
                               "2024-03-01"));
}

TEST(SimArchive, PathsWorkWithAndWithoutThePrefix) {
  const GeneratedTruth truth = two_symbols();
  SimArchive archive(truth, ArchiveOptions{});
  const std::string path = "/data/futures/um/daily/klines/S000USDT/1h/S000USDT-1h-2023-05-05.zip";
  EXPECT_EQ(get(archive, path).body, get(archive, "/archive" + path).body);
}

TEST(SimArchive, ChecksumsAreOfTheZip) {
  const GeneratedTruth truth = two_symbols();
  SimArchive archive(truth, ArchiveOptions{});
  const std::string path = "/data/spot/daily/klines/S000USDT/1m/S000USDT-1m-2023-05-05.zip";
  EXPECT_EQ(get(archive, path + ".CHECKSUM").body,
            sha256(get(archive, path).body) + "  S000USDT-1m-2023-05-05.zip\n");
}

TEST(SimArchive, UmHasAHeaderFromJune2022OnAndSpotNever) {
  const GeneratedTruth truth = two_symbols();
  SimArchive archive(truth, ArchiveOptions{});
  const std::string um = "/data/futures/um/monthly/klines/S000USDT/1h/S000USDT-1h-";
  const std::string spot = "/data/spot/monthly/klines/S000USDT/1h/S000USDT-1h-";
  EXPECT_THAT(unzip(get(archive, um + "2022-05.zip").body).second, StartsWith("1651"));
  EXPECT_THAT(unzip(get(archive, um + "2022-06.zip").body).second,
              StartsWith("open_time,open,high,low,close,volume,close_time,quote_volume,count,"
                         "taker_buy_volume,taker_buy_quote_volume,ignore\n1654041600000,"));
  EXPECT_THAT(unzip(get(archive, spot + "2022-06.zip").body).second, StartsWith("1654041600000,"));
}

TEST(SimArchive, SpotHasMicrosecondsFrom2025On) {
  const GeneratedTruth truth = two_symbols();
  SimArchive archive(truth, ArchiveOptions{});
  const std::string spot = "/data/spot/daily/klines/S000USDT/1h/S000USDT-1h-";
  const std::string um = "/data/futures/um/daily/klines/S000USDT/1h/S000USDT-1h-";
  EXPECT_THAT(unzip(get(archive, spot + "2024-12-31.zip").body).second,
              StartsWith("1735603200000,"));
  const std::string csv = unzip(get(archive, spot + "2025-01-01.zip").body).second;
  EXPECT_THAT(csv, StartsWith("1735689600000000,"));
  EXPECT_THAT(csv, HasSubstr(",1735693199999999,"));
  EXPECT_THAT(unzip(get(archive, um + "2025-01-01.zip").body).second, HasSubstr("1735689600000,"));
}

TEST(SimArchive, FilesComeWhenTheirTimeIsOver) {
  const GeneratedTruth truth = two_symbols();
  SimArchive archive(truth, ArchiveOptions{});
  const std::string root = "/data/spot/";
  const std::string day = root + "daily/klines/S000USDT/1m/S000USDT-1m-2024-05-31.zip";
  const std::string month = root + "monthly/klines/S000USDT/1m/S000USDT-1m-2024-05.zip";
  const TimeMs end = *parse_time("2024-06-01");
  for (const std::string& path : {day, month, day + ".CHECKSUM", month + ".CHECKSUM"}) {
    EXPECT_EQ(get(archive, path, end - 1).status, 404) << path;
    EXPECT_EQ(get(archive, path, end).status, 200) << path;
  }
}

TEST(SimArchive, WhatIsNotThereIsA404InXml) {
  const GeneratedTruth truth = two_symbols();
  SimArchive archive(truth, ArchiveOptions{});
  const std::string root = "/archive/data/spot/monthly/klines/";
  const std::string missing[] = {
      root + "S000USDT/1m/S000USDT-1m-2021-11.zip",     // before the listing
      root + "S000USDT/1m/S000USDT-1m-2025-04.zip",     // behind the delisting
      root + "S009USDT/1m/S009USDT-1m-2024-01.zip",     // no such symbol
      root + "S000USDT/1m/S001USDT-1m-2024-01.zip",     // of another symbol
      root + "S000USDT/1m/S000USDT-1m-2024-13.zip",     // no such month
      root + "S000USDT/1m/S000USDT-1m-2024-01-01.zip",  // a day among the months
      root + "S000USDT/1M/S000USDT-1M-2024-01.zip",     // the archive spells it 1mo
      "/archive/data/spot/daily/klines/S000USDT/1w/S000USDT-1w-2024-01-01.zip",  // monthly only
      "/archive/data/option/daily/klines/S000USDT/1m/S000USDT-1m-2024-01-01.zip",
      "/archive/../../etc/passwd",
      "/",
  };
  for (const std::string& path : missing) {
    const ArchiveAnswer answer = get(archive, path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_THAT(answer.body, HasSubstr("<Code>NoSuchKey</Code>"));
  }
}

TEST(SimArchive, GivesPublishedFilesAsTheyAre) {
  const FileTruth& truth = fixtures();
  ArchiveOptions options;
  options.published = fixtures_dir() + "/archive";
  SimArchive published(truth, options);
  SimArchive made(truth, ArchiveOptions{});
  const std::string files[] = {
      "data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2020-01-02.zip",
      "data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2023-03-24.zip",
      "data/spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2026-05-09.zip",
      "data/spot/daily/klines/ARBUSDT/1m/ARBUSDT-1m-2023-07-27.zip",
  };
  for (const std::string& file : files) {
    const Result<std::string> real = read_file(options.published + "/" + file);
    ASSERT_TRUE(real) << real.error().message();
    EXPECT_TRUE(get(published, "/" + file).body == *real) << file;
    // What is made of the truth differs in nothing but the compression.
    EXPECT_TRUE(unzip(get(made, "/" + file).body) == unzip(*real)) << file;
    EXPECT_THAT(get(published, "/" + file + ".CHECKSUM").body, StartsWith(sha256(*real)));
  }
}

TEST(SimArchive, GivesTheSameBytesAgainAfterTheyLeftItsCache) {
  const GeneratedTruth truth = two_symbols();
  ArchiveOptions options;
  options.cache_bytes_max = 100'000;
  SimArchive archive(truth, options);
  const std::string folder = "/data/spot/daily/klines/S000USDT/1m/S000USDT-1m-2024-01-";
  std::vector<std::string> first;
  std::size_t bytes = 0;
  for (int day = 10; day < 30; ++day) {
    first.push_back(get(archive, folder + std::to_string(day) + ".zip").body);
    bytes += first.back().size();
  }
  EXPECT_GT(bytes, 5 * options.cache_bytes_max);
  for (int day = 10; day < 30; ++day) {
    EXPECT_TRUE(get(archive, folder + std::to_string(day) + ".zip").body ==
                first[static_cast<std::size_t>(day - 10)]);
  }
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST(SimArchive, ListsSymbolsAndFiles) {
  const GeneratedTruth truth = two_symbols();
  SimArchive archive(truth, ArchiveOptions{});
  const std::string symbols =
      get(archive, "/archive/?delimiter=/&prefix=data/futures/um/monthly/klines/").body;
  EXPECT_THAT(symbols, HasSubstr("<CommonPrefixes><Prefix>data/futures/um/monthly/klines/S000USDT/"
                                 "</Prefix></CommonPrefixes>"));
  EXPECT_EQ(count_of(symbols, "<CommonPrefixes>"), 2U);
  const std::string files =
      get(archive, "/archive?prefix=data/spot/monthly/klines/S000USDT/1mo/").body;
  EXPECT_EQ(count_of(files, "<Contents>"), 2U * 40U) << "2021-12 to 2025-03, with checksums";
  EXPECT_THAT(files, HasSubstr("<IsTruncated>false</IsTruncated>"));
  EXPECT_THAT(files, Not(HasSubstr("S001USDT")));
  EXPECT_THAT(get(archive, "/?prefix=data/&delimiter=/").body,
              HasSubstr("<Prefix>data/futures/</Prefix>"));
  EXPECT_EQ(count_of(get(archive, "/?prefix=nothing/").body, "<Key>"), 0U);
}

TEST(SimArchive, ListsLongFoldersByPages) {
  const GeneratedTruth truth = two_symbols();
  SimArchive archive(truth, ArchiveOptions{});
  const std::string target = "/?prefix=data/spot/daily/klines/S000USDT/1m/";
  std::size_t keys = 0;
  std::string marker;
  for (int page = 0; page < 5; ++page) {
    std::string next_page = target;
    next_page.append("&marker=").append(marker);
    const std::string xml = get(archive, next_page).body;
    keys += count_of(xml, "<Key>");
    const std::size_t next = xml.find("<NextMarker>");
    if (next == std::string::npos) break;
    EXPECT_EQ(count_of(xml, "<Key>"), 1'000U);
    const std::size_t begin = next + 12;
    marker = xml.substr(begin, xml.find('<', begin) - begin);
  }
  const auto days = (*parse_time("2025-03-10") - *parse_time("2021-12-20")) / kDayMs;
  EXPECT_EQ(keys, 2U * static_cast<std::size_t>(days));
}

}  // namespace
}  // namespace bf::sim
