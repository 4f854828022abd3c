// Goal: archive files are named, dated and read as the exchange publishes them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exchange/exchange_support.h"

namespace bf::exchange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Series kSpot = series_of("spot", "BTCUSDT");
const Series kUm = series_of("um", "BTCUSDT");
constexpr std::string_view kHeader =
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
    "taker_buy_quote_volume,ignore\n";
constexpr std::string_view kFirst =
    "1577836800000,7195.24,7196.25,7183.14,7186.68,51.642812,1577836859999,371233.5,493,19.5,"
    "140681.4,0";
constexpr std::string_view kSecond =
    "1577836860000,7187.67,7188.06,7182.2,7184.03,7.248148,1577836919999,52080.13,135,2.0,14893.9,"
    "0";

const ArchiveApi& archive_of(const Series& series) {
  return *find_archive("binance", series.instrument.market);
}
Result<CandleBatch> parse(const Series& series, std::string_view csv) {
  return archive_of(series).parse_csv(series, csv);
}

TEST(Archive, NamesMonthsAndDays) {
  const TimeMs t = *parse_time("2024-02-29T12:00:00Z");
  const std::optional<ArchiveFile> month = archive_of(kUm).month_file(kUm, t);
  ASSERT_TRUE(month);
  EXPECT_TRUE(month->monthly);
  EXPECT_EQ(month->path, "/data/futures/um/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-02.zip");
  EXPECT_EQ(month->checksum_path, month->path + ".CHECKSUM");
  EXPECT_EQ(month->range, (TimeRange{*parse_time("2024-02-01"), *parse_time("2024-03-01")}));
  const std::optional<ArchiveFile> day = archive_of(kSpot).day_file(kSpot, t);
  ASSERT_TRUE(day);
  EXPECT_FALSE(day->monthly);
  EXPECT_EQ(day->path, "/data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-02-29.zip");
  EXPECT_EQ(day->range, (TimeRange{*parse_time("2024-02-29"), *parse_time("2024-03-01")}));
}

TEST(Archive, HasAFolderForEachKindAndItsOwnSpellingOfMonths) {
  const TimeMs t = *parse_time("2024-02-29");
  const Series premium = series_of("um", "BTCUSDT", Kind::kPremium, Interval::k1mo);
  EXPECT_EQ(archive_of(kUm).month_file(premium, t)->path,
            "/data/futures/um/monthly/premiumIndexKlines/BTCUSDT/1mo/BTCUSDT-1mo-2024-02.zip");
  EXPECT_FALSE(archive_of(kUm).day_file(premium, t));
  EXPECT_FALSE(archive_of(kUm).day_file(series_of("um", "X", Kind::kMark, Interval::k3d), t));
  EXPECT_TRUE(archive_of(kUm).day_file(series_of("um", "X", Kind::kMark, Interval::k1d), t));
  EXPECT_FALSE(archive_of(kSpot).month_file(series_of("spot", "X", Kind::kMark), t));
  EXPECT_FALSE(archive_of(kUm).serves(series_of("um", "X", Kind::kFunding)));
}

TEST(Archive, NamesSymbolsOfAnyScriptEncoded) {
  const Series series = series_of("spot", "../币");
  EXPECT_EQ(archive_of(series).day_file(series, *parse_time("2024-02-29"))->path,
            "/data/spot/daily/klines/..%2F%E5%B8%81/1m/..%2F%E5%B8%81-1m-2024-02-29.zip");
}

TEST(Archive, KnowsWhenAFileCanBeExpected) {
  const ArchiveApi& archive = archive_of(kUm);
  const TimeMs t = *parse_time("2024-02-29");
  EXPECT_EQ(archive.published_from(*archive.day_file(kUm, t)), *parse_time("2024-03-01T10:00:00Z"));
  // The first Monday of March 2024 is the 4th, and a day for safety.
  EXPECT_EQ(archive.published_from(*archive.month_file(kUm, t)), *parse_time("2024-03-05"));
  // 2024-04-01 is a Monday itself.
  EXPECT_EQ(archive.published_from(*archive.month_file(kUm, *parse_time("2024-03-10"))),
            *parse_time("2024-04-02"));
}

TEST(Archive, ReadsAChecksumLine) {
  const std::string hash = "3233773efa46f15d71b27a208e5ebd045c6d17abdf3cdb6dc61b5db5395d0b33";
  const ArchiveApi& archive = archive_of(kUm);
  EXPECT_EQ(*archive.parse_checksum(hash + "  BTCUSDT-1m-2020-01-01.zip"), hash);
  EXPECT_EQ(*archive.parse_checksum(hash + "  BTCUSDT-1m-2020-01-01.zip\n"), hash);
  EXPECT_EQ(*archive.parse_checksum(hash + " *x.zip\n"), hash);
  EXPECT_EQ(*archive.parse_checksum(std::string(64, 'A') + "  x"), std::string(64, 'a'));
  const std::string bad[] = {"",
                             hash,
                             hash + "  ",
                             hash.substr(1) + "  x.zip",
                             "g" + hash.substr(1) + "  x.zip",
                             hash + "0  x.zip",
                             "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>",
                             hash + "  " + std::string(10'000, 'x')};
  for (const std::string& text : bad) {
    const Result<std::string> read = archive.parse_checksum(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code(), Code::kProtocol);
  }
}

TEST(ArchiveCsv, ReadsFilesWithAndWithoutHeaderAndLineEnds) {
  const std::string first(kFirst);
  const std::string second(kSecond);
  const std::string header(kHeader);
  const std::string files[] = {
      first + "\n" + second + "\n",
      first + "\n" + second,
      first + "\r\n" + second + "\r\n",
      header + first + "\n" + second + "\n",
  };
  for (const std::string& csv : files) {
    const Result<CandleBatch> batch = parse(kSpot, csv);
    ASSERT_TRUE(batch) << batch.error().message();
    EXPECT_THAT(batch->open_time(), ElementsAre(1577836800000, 1577836860000));
    EXPECT_EQ(batch->text_at(Column::kLow, 1), "7182.2");
    EXPECT_EQ(batch->text_at(Column::kVolume, 0), "51.642812");
    EXPECT_EQ(batch->text_at(Column::kTrades, 1), "135");
    EXPECT_EQ(batch->text_at(Column::kTakerBuyQuote, 1), "14893.9");
    EXPECT_TRUE(batch->odd_close_times.empty());
  }
}

TEST(ArchiveCsv, AHeaderAloneIsAFileWithoutRows) {
  const Result<CandleBatch> batch = parse(kUm, kHeader);
  ASSERT_TRUE(batch) << batch.error().message();
  EXPECT_TRUE(batch->empty());
}

TEST(ArchiveCsv, MicrosecondsBecomeMilliseconds) {
  const Result<CandleBatch> batch =
      parse(kSpot,
            "1735689600000000,1,1,1,1,0,1735689659999999,0,0,0,0,0\n"
            "1735689660000000,1,1,1,1,0,1735689661646123,0,0,0,0,0\n");
  ASSERT_TRUE(batch) << batch.error().message();
  EXPECT_THAT(batch->open_time(), ElementsAre(1735689600000, 1735689660000));
  EXPECT_THAT(batch->odd_close_times, ElementsAre(OddCloseTime{1, 1735689661646}));
}

TEST(ArchiveCsv, AChangeOfTheUnitIsAnErrorAndNamesTheLine) {
  const std::string micros = "1577836860000000,1,1,1,1,0,1577836919999999,0,0,0,0,0\n";
  const std::string files[] = {
      std::string(kHeader) + std::string(kFirst) + "\n" + micros,
      "1577836740000000,1,1,1,1,0,1577836799999999,0,0,0,0,0\n" + micros + std::string(kFirst),
      std::string(kFirst) + "\n" + std::string(kSecond) +
          "\n1577836920000,1,1,1,1,0,1577836979999999,0,0,0,0,0",
  };
  for (const std::string& csv : files) {
    const Result<CandleBatch> batch = parse(kSpot, csv);
    ASSERT_FALSE(batch) << csv;
    EXPECT_EQ(batch.error().code(), Code::kDataQuality) << batch.error().message();
    EXPECT_THAT(batch.error().message(), HasSubstr("csv line 3: "));
  }
}

TEST(ArchiveCsv, MarkFilesGivePricesAlone) {
  const Result<CandleBatch> batch = parse(
      series_of("um", "BTCUSDT", Kind::kPremium),
      std::string(kHeader) + "1577836800000,-0.00012,0.0001,-0.0002,0,,1577836859999,0,,0,0,0\n");
  ASSERT_TRUE(batch) << batch.error().message();
  EXPECT_EQ(batch->text_at(Column::kOpen, 0), "-0.00012");
  EXPECT_TRUE(batch->column(Column::kTrades).values.empty());
}

TEST(ArchiveCsv, RefusesALineThatCannotBeReadAndNamesIt) {
  const std::string first(kFirst);
  const std::string lines[] = {
      "",
      ",",
      "x",
      "1577836860000",
      "1577836860000,1,1,1,1,0,1577836919999,0,0,0,0",      // 11 columns
      "1577836860000,1,1,1,1,0,1577836919999,0,0,0,0,0,0",  // 13 columns
      "1577836860000,,1,1,1,0,1577836919999,0,0,0,0,0",
      "1577836860000,1;1,1,1,1,0,1577836919999,0,0,0,0,0",
      "1577836860000,NaN,1,1,1,0,1577836919999,0,0,0,0,0",
      "1577836860000,1,1,1,1,0,1577836919999,0,-1,0,0,0",
      "1577836860000,1,1,1,1,0,1577836919999,0,1.5,0,0,0",
      "1577836860000,1,1,1,1,0,0,0,0,0,0,0",
      "-1577836860000,1,1,1,1,0,1577836919999,0,0,0,0,0",
      "\"1577836860000\",1,1,1,1,0,1577836919999,0,0,0,0,0",
      "157783686,1,1,1,1,0,1577836919999,0,0,0,0,0",
      std::string("1577836860000,1\0,1,1,1,0,1577836919999,0,0,0,0,0", 49),
      std::string(kHeader.substr(0, kHeader.size() - 1)),
  };
  for (const std::string& line : lines) {
    const Result<CandleBatch> batch = parse(kSpot, first + "\n" + line + "\n");
    ASSERT_FALSE(batch) << line;
    EXPECT_EQ(batch.error().code(), Code::kProtocol) << line;
    EXPECT_THAT(batch.error().message(), HasSubstr("csv line 2: ")) << line;
  }
}

TEST(ArchiveCsv, APageOfAProxyIsNotAFileWithoutRows) {
  for (const std::string_view csv :
       {"", "<html><body>hello</body></html>", "open_time,open\n", "\n",
        "\xEF\xBB\xBF"
        "1577836800000,1,1,1,1,0,1577836859999,0,0,0,0,0\n"}) {
    const Result<CandleBatch> batch = parse(kSpot, csv);
    ASSERT_FALSE(batch) << csv;
    EXPECT_EQ(batch.error().code(), Code::kProtocol);
  }
}

TEST(ArchiveCsv, NoCutInsideALinePassesUnnoticedBeforeItsLastField) {
  const std::string csv = std::string(kFirst) + "\n" + std::string(kSecond);
  const std::size_t line_two = kFirst.size() + 1;
  const std::size_t last_field = csv.rfind(',') + 1;
  for (std::size_t size = line_two + 1; size < last_field; ++size) {
    EXPECT_FALSE(parse(kSpot, csv.substr(0, size))) << "cut at " << size;
  }
}

}  // namespace
}  // namespace bf::exchange
