// tests/cli/export_rows_test.cpp
//
// Goal: exports write what is stored, and treat each slot without a candle as --gaps says.
#include "tools/cli/export_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tools/cli/export_target.h"
#include "tools/cli/files.h"

namespace bf::cli {
namespace {

using ::testing::HasSubstr;

constexpr TimeMs kBegin = 1'704'067'200'000;  // 2024-01-01
const Series kSeries = {{"binance", "um", "BTCUSDT"}, Kind::kCandles, Interval::k1m};

TimeMs minute(int index) { return kBegin + index * kMinuteMs; }

/// Rows at these minutes: close 1.5, 2.5, ... and volume 10.
store::ScanBatch rows_at(const std::vector<int>& minutes) {
  store::ScanBatch batch;
  batch.rows.columns = {Column::kOpen, Column::kClose, Column::kVolume};
  std::int64_t close = 150;
  for (const int at : minutes) {
    batch.rows.append(Column::kOpenTime, Decimal{minute(at), 0});
    batch.rows.append(Column::kOpen, Decimal{1, 2});
    batch.rows.append(Column::kClose, Decimal{close, 2});
    batch.rows.append(Column::kVolume, Decimal{10, 0});
    close += 100;
  }
  return batch;
}

std::vector<store::StateRange> absent_then_missing() {
  using store::SlotState;
  return {{{minute(0), minute(1)}, SlotState::kAbsentConfirmed, 0},
          {{minute(1), minute(2)}, SlotState::kHeld, 0},
          {{minute(2), minute(4)}, SlotState::kAbsentProvisional, minute(99)},
          {{minute(4), minute(5)}, SlotState::kHeld, 0},
          {{minute(5), minute(6)}, SlotState::kMissing, 0}};
}

ExportLayout layout_of(std::string_view columns, GapMode gaps = GapMode::kOmit,
                       ExportFormat format = ExportFormat::kCsv) {
  ExportLayout layout;
  layout.format = format;
  layout.gaps = gaps;
  layout.columns = parse_export_columns(columns).value();
  return layout;
}

/// Slots and rows of minutes 1 and 4 in order, as an export of minutes 0 .. 5 writes them.
std::string written(const ExportLayout& layout) {
  const store::ScanBatch batch = rows_at({1, 4});
  SlotFiller filler(absent_then_missing(), Interval::k1m);
  RowWriter writer(layout, kSeries);
  TextBuffer out;
  for (std::size_t row = 0; row < 2; ++row) {
    while (const auto slot = filler.next_before(batch.rows.open_time()[row])) {
      writer.empty_slot(*slot, out);
    }
    writer.rows(batch, row, row + 1, out);
  }
  while (const auto slot = filler.next_before(minute(6))) writer.empty_slot(*slot, out);
  return std::string(out.text());
}

std::string rows_text(const ExportLayout& layout, const store::ScanBatch& batch) {
  RowWriter writer(layout, kSeries);
  TextBuffer out;
  writer.rows(batch, 0, batch.rows.row_count(), out);
  return std::string(out.text());
}

TEST(SlotFiller, HandsOutEachSlotWithoutACandleOnce) {
  SlotFiller filler(absent_then_missing(), Interval::k1m);
  std::vector<TimeMs> slots;
  EXPECT_EQ(filler.peek(), minute(0));
  while (const auto slot = filler.next_before(minute(3))) slots.push_back(slot->open_time);
  EXPECT_EQ(slots, (std::vector<TimeMs>{minute(0), minute(2)}));
  EXPECT_EQ(filler.peek(), minute(3));
  while (const auto slot = filler.next_before(kTimeMax)) slots.push_back(slot->open_time);
  EXPECT_EQ(slots, (std::vector<TimeMs>{minute(0), minute(2), minute(3), minute(5)}));
  EXPECT_EQ(filler.peek(), std::nullopt);
}

TEST(SlotFiller, IsEmptyWithoutStates) {
  SlotFiller filler({}, Interval::k1m);
  EXPECT_EQ(filler.next_before(kTimeMax), std::nullopt);
}

TEST(GapModes, NullLeavesCellsEmpty) {
  EXPECT_EQ(written(layout_of("open_time,close,volume", GapMode::kNull)),
            "1704067200000,,\n"
            "1704067260000,1.5,10\n"
            "1704067320000,,\n"
            "1704067380000,,\n"
            "1704067440000,2.5,10\n"
            "1704067500000,,\n");
}

TEST(GapModes, FlatRepeatsTheCloseOfAbsentSlotsAlone) {
  EXPECT_EQ(written(layout_of("open_time,open,close,volume", GapMode::kFlat)),
            "1704067260000,0.01,1.5,10\n"
            "1704067320000,1.5,1.5,0\n"
            "1704067380000,1.5,1.5,0\n"
            "1704067440000,0.01,2.5,10\n");
}

TEST(GapModes, FlatKnowsTheCloseEvenWhenItIsNotWritten) {
  EXPECT_THAT(written(layout_of("open_time,open", GapMode::kFlat)),
              HasSubstr("1704067320000,1.5\n"));
}

TEST(GapModes, FlagNamesTheState) {
  EXPECT_EQ(written(layout_of("open_time,close,state", GapMode::kFlag)),
            "1704067200000,,absent\n"
            "1704067260000,1.5,held\n"
            "1704067320000,,provisional\n"
            "1704067380000,,provisional\n"
            "1704067440000,2.5,held\n"
            "1704067500000,,missing\n");
}

TEST(GapModes, JsonWritesNull) {
  const std::string text =
      written(layout_of("open_time,close,state", GapMode::kFlag, ExportFormat::kJsonLines));
  EXPECT_THAT(text,
              HasSubstr("{\"open_time\":1704067200000,\"close\":null,\"state\":\"absent\"}\n"));
  EXPECT_THAT(text, HasSubstr("{\"open_time\":1704067260000,\"close\":1.5,\"state\":\"held\"}\n"));
}

TEST(RowWriter, WritesNamesInTheOrderAsked) {
  TextBuffer out;
  RowWriter::header(layout_of("close,open_time"), out);
  EXPECT_EQ(out.text(), "close,open_time\n");
  EXPECT_EQ(rows_text(layout_of("close,open_time"), rows_at({0})), "1.5,1704067200000\n");
}

TEST(RowWriter, LeavesColumnsThatAreNotStoredEmpty) {
  EXPECT_EQ(rows_text(layout_of("open_time,trades,close"), rows_at({0})), "1704067200000,,1.5\n");
}

TEST(RowWriter, WritesValuesWiderThan64BitsExactly) {
  store::ScanBatch batch = rows_at({0, 1});
  const std::string wide = "123456789012345678901234567890.000000000000000000000000000001";
  batch.rows.wide.push_back(WideValue{0, Column::kVolume, wide});
  EXPECT_EQ(rows_text(layout_of("open_time,volume,close"), batch),
            "1704067200000," + wide + ",1.5\n1704067260000,10,2.5\n");
}

// Rows of plain numbers are made many at a time; a batch with one wide value is not.
TEST(RowWriter, WritesManyRowsAsTheyStandInTheBatch) {
  std::vector<int> minutes;
  for (int i = -200; i < 200; ++i) minutes.push_back(i);  // across the end of the year
  store::ScanBatch batch = rows_at(minutes);
  std::vector<std::int64_t>& volumes = batch.rows.column(Column::kVolume).values;
  volumes[7] = -1'234'567;
  volumes[8] = 9'007'199'254'740'993;
  volumes[301] = 100'000'000;
  batch.rows.column(Column::kVolume).scale = 3;
  const ExportLayout layout = layout_of("open_time,open,close,volume");
  const auto expected = [&batch] {
    std::string lines;
    for (std::size_t row = 0; row < batch.rows.row_count(); ++row) {
      for (const Column column :
           {Column::kOpenTime, Column::kOpen, Column::kClose, Column::kVolume}) {
        lines += batch.rows.text_at(column, row) + (column == Column::kVolume ? "\n" : ",");
      }
    }
    return lines;
  };
  EXPECT_EQ(rows_text(layout, batch), expected());
  volumes[9] = 0;
  batch.rows.wide.push_back(WideValue{9, Column::kVolume, "123456789012345678901234567890.5"});
  EXPECT_EQ(rows_text(layout, batch), expected());
}

TEST(RowWriter, WritesCloseTimesAsTheExchangeGaveThem) {
  store::ScanBatch batch = rows_at({0, 1});
  batch.rows.odd_close_times.push_back(OddCloseTime{1, minute(1) + 7});
  EXPECT_EQ(rows_text(layout_of("close_time"), batch), "1704067259999\n1704067260007\n");
}

TEST(RowWriter, NamesTheSourceOfEachRow) {
  store::ScanBatch batch = rows_at({0, 1, 2});
  store::Answer rest;
  rest.exchange = "binance";
  store::Answer archive = rest;
  archive.channel = store::Channel::kArchiveDaily;
  batch.answers = {rest, archive};
  batch.provenance = {{2, 1}, {3, 0}};
  EXPECT_EQ(rows_text(layout_of("source"), batch),
            "binance archive-daily\nbinance archive-daily\nbinance rest\n");
}

TEST(RowWriter, WritesTimesAsRfc3339WhenAsked) {
  ExportLayout layout = layout_of("open_time,series");
  layout.time = TimeStyle::kRfc3339;
  EXPECT_EQ(rows_text(layout, rows_at({0})),
            "2024-01-01T00:00:00Z,binance/um/BTCUSDT/candles/1m\n");
  layout.format = ExportFormat::kJsonLines;
  EXPECT_THAT(rows_text(layout, rows_at({0})), HasSubstr("\"2024-01-01T00:00:00Z\""));
}

TEST(ExportFormat, IsToldByTheExtension) {
  EXPECT_EQ(format_of_path("a.csv").value(), ExportFormat::kCsv);
  EXPECT_EQ(format_of_path("a.csv.gz").value(), ExportFormat::kCsvGz);
  EXPECT_EQ(format_of_path("a.ndjson").value(), ExportFormat::kJsonLines);
  EXPECT_FALSE(format_of_path("a.parquet"));
  EXPECT_FALSE(format_of_path("csv"));
}

TEST(ExportColumns, RefuseUnknownAndRepeatedNames) {
  EXPECT_THAT(parse_export_columns("open_time,clsoe").error().message(),
              HasSubstr("did you mean close?"));
  EXPECT_FALSE(parse_export_columns("open,open"));
  EXPECT_FALSE(parse_export_columns(" , "));
}

TEST(Cells, AreQuotedAndNeverAFormula) {
  EXPECT_EQ(csv_cell("plain"), "plain");
  EXPECT_EQ(csv_cell("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_cell("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(csv_cell("=1+1"), "'=1+1");
  EXPECT_EQ(csv_cell("@a,b"), "\"'@a,b\"");
  EXPECT_EQ(csv_cell(""), "");
  EXPECT_EQ(json_cell("a\"b\n"), "\"a\\\"b\\n\"");
}

class ExportTargetTest : public ::testing::Test {
 protected:
  ExportTargetTest()
      : folder_(::testing::TempDir() + "bf_export_target_" + std::to_string(::getpid())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
  }
  ~ExportTargetTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder_), {}));
  }
  std::string folder_;
};

TEST_F(ExportTargetTest, AppearsWholeOrNotAtAll) {
  const std::string path = folder_ + "/a.csv";
  {
    const auto target = ExportTarget::open(path, false, false);
    ASSERT_TRUE(target) << target.error().message();
    ASSERT_TRUE((*target)->write("half"));
    EXPECT_FALSE(exists(path));
  }
  EXPECT_EQ(files(), 0U);
  const auto target = ExportTarget::open(path, false, false);
  ASSERT_TRUE((*target)->write("whole"));
  ASSERT_TRUE((*target)->commit());
  EXPECT_EQ(read_text_file(path, 100).value(), "whole");
  EXPECT_EQ(files(), 1U);
}

TEST_F(ExportTargetTest, ReplacesOnlyByForce) {
  const std::string path = folder_ + "/a.csv";
  std::ofstream(path) << "old";
  const auto refused = ExportTarget::open(path, false, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kUsage);
  EXPECT_THAT(refused.error().message(), HasSubstr("--force"));
  const auto target = ExportTarget::open(path, false, true);
  ASSERT_TRUE((*target)->write("new"));
  ASSERT_TRUE((*target)->commit());
  EXPECT_EQ(read_text_file(path, 100).value(), "new");
}

TEST_F(ExportTargetTest, RefusesANameThatWasTakenMeanwhile) {
  const std::string path = folder_ + "/a.csv";
  const auto target = ExportTarget::open(path, false, false);
  ASSERT_TRUE((*target)->write("mine"));
  std::ofstream(path) << "theirs";
  EXPECT_FALSE((*target)->commit());
  EXPECT_EQ(read_text_file(path, 100).value(), "theirs");
}

TEST_F(ExportTargetTest, SaysWhereAFolderIsMissing) {
  const auto target = ExportTarget::open(folder_ + "/none/a.csv", false, false);
  ASSERT_FALSE(target);
  EXPECT_THAT(target.error().message(), HasSubstr("none/a.csv"));
}

TEST_F(ExportTargetTest, WritesGzipMembers) {
  const std::string path = folder_ + "/a.csv.gz";
  const auto target = ExportTarget::open(path, true, false);
  // More than one chunk, so more than one member.
  ASSERT_TRUE((*target)->write(std::string(ExportTarget::kChunkBytes + 5, 'x')));
  ASSERT_TRUE((*target)->commit());
  const std::string bytes = read_text_file(path, 1U << 20).value();
  ASSERT_GE(bytes.size(), 18U);
  EXPECT_EQ(bytes.substr(0, 2), "\x1f\x8b");
  EXPECT_NE(bytes.find("\x1f\x8b", 2), std::string::npos);
}

}  // namespace
}  // namespace bf::cli
