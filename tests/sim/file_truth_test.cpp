// Goal: what is served is the file, to the letter; a file that is not sound is refused by line.
#include "engine/sim/file_truth.h"

#include <gmock/gmock.h>

#include "engine/sim/text_file.h"
#include "tests/sim/sim_support.h"

namespace bf::sim {
namespace {

using ::testing::HasSubstr;

constexpr const char* kTwoRows =
    "1700000040000,1.10,1.20,1.00,1.15,5,1700000099999,5.5,3,2,2.2,0\n"
    "1700000100000,1.15,1.15,1.15,1.15,0,1700000159999,0,0,0,0,0\n";

std::string csv_of(const Truth& truth, const SimSeries& series) {
  std::string json;
  truth.append_rows(series, {{0, kTimeMax}, 10'000'000, false}, json);
  std::string csv;
  append_csv(json, false, csv);
  return csv;
}

Result<FileTruth> load_one(const std::string& name, const std::string& content) {
  const TemporaryFolder folder;
  folder.write("binance/um/" + name, content);
  return FileTruth::load(folder.path());
}

TEST(FileTruth, ServesEveryFixtureToTheLetter) {
  const FileTruth& truth = fixtures();
  struct Fixture {
    Market market;
    const char* symbol;
    Interval interval;
    const char* file;
  };
  const Fixture all[] = {
      {Market::kSpot, "ARBUSDT", Interval::k1m, "spot/ARBUSDT-1m"},
      {Market::kSpot, "BTCUSDT", Interval::k1m, "spot/BTCUSDT-1m"},
      {Market::kSpot, "BTCUSDT", Interval::k1h, "spot/BTCUSDT-1h"},
      {Market::kUm, "FILUSDT", Interval::k1m, "um/FILUSDT-1m"},
      {Market::kUm, "NEARUSDT", Interval::k1m, "um/NEARUSDT-1m"},
  };
  for (const Fixture& fixture : all) {
    const Result<std::string> packed =
        read_file(fixtures_dir() + "/binance/" + fixture.file + ".csv.gz");
    ASSERT_TRUE(packed) << packed.error().message();
    Result<std::string> content = gunzip(*packed);
    ASSERT_TRUE(content) << content.error().message();
    if (content->starts_with("open_time")) content->erase(0, content->find('\n') + 1);
    const std::string served = csv_of(truth, {fixture.market, fixture.symbol, fixture.interval});
    EXPECT_TRUE(served == *content) << fixture.file;
  }
}

TEST(FileTruth, ListsASymbolForAsLongAsItHasCandlesOfAnyInterval) {
  const FileTruth& truth = fixtures();
  const SimInstrument* const fil = find_instrument(truth, Market::kUm, "FILUSDT");
  ASSERT_NE(fil, nullptr);
  EXPECT_EQ(format_range(fil->life), "2026-06-01T00:00:00Z..2026-07-01T00:00:00Z");
  EXPECT_EQ(fil->base_asset, "FIL");
  EXPECT_EQ(fil->quote_asset, "USDT");
  EXPECT_EQ(fil->price_decimals, 3);
  const SimInstrument* const btc = find_instrument(truth, Market::kSpot, "BTCUSDT");
  ASSERT_NE(btc, nullptr);
  EXPECT_EQ(format_range(btc->life), "2020-01-01T00:00:00Z..2026-05-10T00:00:00Z");
  EXPECT_EQ(truth.intervals(Market::kSpot, "BTCUSDT"),
            (std::vector<Interval>{Interval::k1m, Interval::k1h}));
  EXPECT_EQ(find_instrument(truth, Market::kUm, "BTCUSDT"), nullptr);
}

TEST(FileTruth, ReadsPlainFilesWithAndWithoutAHeader) {
  const Result<FileTruth> plain = load_one("ABUSDT-1m.csv", kTwoRows);
  ASSERT_TRUE(plain) << plain.error().message();
  EXPECT_EQ(csv_of(*plain, {Market::kUm, "ABUSDT", Interval::k1m}), kTwoRows);
  const Result<FileTruth> headed =
      load_one("ABUSDT-1m.csv", std::string("open_time,open,high\n") + kTwoRows);
  ASSERT_TRUE(headed) << headed.error().message();
  EXPECT_EQ(csv_of(*headed, {Market::kUm, "ABUSDT", Interval::k1m}), kTwoRows);
}

TEST(FileTruth, RefusesWhatIsNotCandles) {
  struct Bad {
    const char* name;
    std::string content;
    const char* message;
  };
  const std::string row = "1700000040000,1,1,1,1,5,1700000099999,5,3,2,2,0\n";
  const Bad bads[] = {
      {"ABUSDT-1m.csv", "", "no rows"},
      {"ABUSDT-1m.csv", row + "1700000100000,1,1,1\n", "line 2"},
      {"ABUSDT-1m.csv", row + row, "line 2: its open time does not come after"},
      {"ABUSDT-1m.csv", "1700000040000,1,x,1,1,5,1700000099999,5,3,2,2,0\n", "line 1"},
      {"ABUSDT-1m.csv", "1700000040000,1,\"],[1,1,1,5,1700000099999,5,3,2,2,0\n", "line 1"},
      {"ABUSDT-1m.csv", "1700000040,1,1,1,1,5,1700000099,5,3,2,2,0\n", "line 1"},
      {"ABUSDT-1m.csv", "1700000040000,1,1,1,1,5,1700000099999,5,3,2,2,0,7\n", "line 1"},
      {"ABUSDT-1m.csv", "1700000040000,1.2.3,1,1,1,5,1700000099999,5,3,2,2,0\n", "line 1"},
      {"ABUSDT-7m.csv", row, "SYMBOL-INTERVAL"},
      {"notes.txt", row, "SYMBOL-INTERVAL"},
      {"ABUSDT-1m.csv.gz", row, "not a sound gzip file"},
      {"ABUSDT-1m.csv.gz", "x", "not a gzip file"},
  };
  for (const Bad& bad : bads) {
    const Result<FileTruth> truth = load_one(bad.name, bad.content);
    ASSERT_FALSE(truth) << bad.name << ": " << bad.content;
    EXPECT_THAT(truth.error().message(), HasSubstr(bad.message));
    EXPECT_THAT(truth.error().message(), HasSubstr(bad.name));
  }
}

TEST(FileTruth, RefusesAFolderWithoutCandles) {
  const TemporaryFolder folder;
  const Result<FileTruth> truth = FileTruth::load(folder.path());
  ASSERT_FALSE(truth);
  EXPECT_EQ(truth.error().code(), Code::kNotFound);
  EXPECT_THAT(truth.error().message(), HasSubstr("SYMBOL-INTERVAL.csv.gz"));
}

}  // namespace
}  // namespace bf::sim
