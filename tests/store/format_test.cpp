// tests/store/format_test.cpp
//
// Goal: docs/format.md and the code say the same. Method: the example of the page is decoded, and the
// page's figures are compared with the structs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "store/log.h"
#include "store/row_order.h"
#include "store/segment_format.h"
#include "store/store.h"
#include "tests/support/source_tree.h"

namespace bf::store {
namespace {

using ::testing::SizeIs;

std::string format_page() { return test::read_source_file("docs/format.md"); }

/// Where the digits of the page's hex block lie.
struct HexBlock {
  std::size_t begin = 0;
  std::size_t end = 0;
};
HexBlock hex_block(std::string_view page) {
  constexpr std::string_view kBegin = "```hex log\n";
  const std::size_t begin = page.find(kBegin) + kBegin.size();
  return HexBlock{begin, page.find("```", begin)};
}

/// The bytes of the page's hex block.
Bytes example() {
  const std::string page = format_page();
  const HexBlock block = hex_block(page);
  Bytes bytes;
  std::string digits;
  for (const char c : page.substr(block.begin, block.end - block.begin)) {
    if (c == '\n') continue;
    digits += c;
    if (digits.size() < 2) continue;
    bytes.push_back(static_cast<std::byte>(std::stoi(digits, nullptr, 16)));
    digits.clear();
  }
  return bytes;
}

/// As the page shows them: 32 a line.
std::string hex_lines(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  constexpr std::size_t kBytesALine = 32;
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned>(bytes[i]);
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
    if ((i + 1) % kBytesALine == 0 || i + 1 == bytes.size()) out += '\n';
  }
  return out;
}

constexpr LogIdentity kLog{Uuid{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, 7};

TEST(Format, TheExampleOfThePageDecodes) {
  const Bytes bytes = example();
  ASSERT_EQ(bytes.size(), 225U + sizeof(FrameHeader));
  const Result<LogScan> scan = scan_log(bytes, kLog, /*first_sequence=*/1, /*manifest_proven=*/0);
  ASSERT_TRUE(scan) << scan.error().message();
  ASSERT_THAT(scan->frames, SizeIs(2));
  EXPECT_TRUE(scan->clean());
  EXPECT_EQ(scan->frames[1].header.kind, FrameKind::kProof);
  EXPECT_EQ(scan->proven, 225U);

  const FoundFrame& frame = scan->frames[0];
  std::vector<AnsweredRows> pages;
  const Result<void> decoded =
      FrameDecoder().decode(frame.header, frame.body(bytes), kAllColumns, pages);
  ASSERT_TRUE(decoded) << decoded.error().message();
  ASSERT_THAT(pages, SizeIs(1));
  const AnsweredRows& page = pages.front();
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

// Run by `make golden`: the example's frames get the present version, and their checksums.
TEST(GoldenExample, DISABLED_Write) {
  Bytes bytes = example();
  for (std::size_t at = 0; at + sizeof(FrameHeader) <= bytes.size();) {
    FrameHeader header;
    std::memcpy(&header, bytes.data() + at, sizeof(header));
    header.version = static_cast<std::uint8_t>(kFormatVersion);
    const std::size_t body_at = at + sizeof(header);
    seal_frame(header, std::span(bytes).subspan(body_at, header.body_size), kLog, at);
    std::memcpy(bytes.data() + at, &header, sizeof(header));
    at = body_at + header.body_size;
  }
  std::string page = format_page();
  const HexBlock block = hex_block(page);
  page.replace(block.begin, block.end - block.begin, hex_lines(bytes));
  std::ofstream file(test::source_path("docs/format.md"), std::ios::binary);
  file << page;
  EXPECT_TRUE(file.good());
}

}  // namespace
}  // namespace bf::store
