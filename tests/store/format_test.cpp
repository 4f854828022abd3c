// tests/store/format_test.cpp
//
// Goal: docs/format.md and the code say the same. Method: the example of the page is decoded, and the
// page's figures are compared with the structs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/log.h"
#include "store/row_order.h"
#include "store/segment_format.h"
#include "tests/support/source_tree.h"

namespace bf::store {
namespace {

using ::testing::SizeIs;

std::string format_page() { return test::read_source_file("docs/format.md"); }

/// The bytes of the page's hex block.
Bytes example() {
  const std::string page = format_page();
  constexpr std::string_view kBegin = "```hex log\n";
  const std::size_t begin = page.find(kBegin) + kBegin.size();
  const std::string hex = page.substr(begin, page.find("```", begin) - begin);
  Bytes bytes;
  std::string digits;
  for (const char c : hex) {
    if (c == '\n') continue;
    digits += c;
    if (digits.size() < 2) continue;
    bytes.push_back(static_cast<std::byte>(std::stoi(digits, nullptr, 16)));
    digits.clear();
  }
  return bytes;
}

TEST(Format, TheExampleOfThePageDecodes) {
  const Bytes bytes = example();
  ASSERT_EQ(bytes.size(), 225U + sizeof(FrameHeader));
  const LogIdentity log{Uuid{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, 7};
  const Result<LogScan> scan = scan_log(bytes, log, /*first_sequence=*/1, /*manifest_proven=*/0);
  ASSERT_TRUE(scan) << scan.error().message();
  ASSERT_THAT(scan->frames, SizeIs(2));
  EXPECT_TRUE(scan->clean());
  EXPECT_EQ(scan->frames[1].header.kind, FrameKind::kProof);
  EXPECT_EQ(scan->proven, 225U);

  RowCodec codec;
  const FoundFrame& frame = scan->frames[0];
  const auto pages = decode_frame(frame.header, frame.body(bytes), codec);
  ASSERT_TRUE(pages) << pages.error().message();
  ASSERT_THAT(*pages, SizeIs(1));
  const AnsweredRows& page = pages->front();
  EXPECT_EQ(page.answer.exchange, "binance");
  EXPECT_EQ(page.answer.channel, Channel::kRest);
  EXPECT_EQ(format_range(page.answer.asked), "2024-01-01T00:00:00Z..2024-01-01T00:03:00Z");
  ASSERT_EQ(page.rows.row_count(), 2U);
  EXPECT_EQ(format_time(page.rows.open_time()[0]), "2024-01-01T00:00:00Z");
  EXPECT_EQ(row_values(page.rows, 0), "42283.58,42298.62,42261.02,42298.61,35.92724,,,,");
  EXPECT_EQ(row_values(page.rows, 1), "42298.62,42320,42298.61,42320,21.16779,,,,");
}

TEST(Format, ThePageNamesTheSizesOfTheStructs) {
  const std::string page = format_page();
  const auto names = [&page](const std::string& text) {
    return page.find(text) != std::string::npos;
  };
  EXPECT_TRUE(names("    72            body")) << sizeof(FrameHeader);
  EXPECT_TRUE(names("header     " + std::to_string(sizeof(SegmentHeader)) + " bytes"));
  EXPECT_TRUE(names("trailer    " + std::to_string(sizeof(SegmentTrailer)) + " bytes"));
  EXPECT_TRUE(names("varint rows, 1 .. " + std::to_string(kBlockRows)));
  EXPECT_TRUE(names("at most 128 MiB") || names("At most 128 MiB"));
  EXPECT_TRUE(names("1,048,576 rows")) << kLogRowsMax;
}

}  // namespace
}  // namespace bf::store
