// tests/cli/write_behind_test.cpp
//
// Goal: what is written behind is written whole and in order, and what fails there is told.
#include "tools/cli/write_behind.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "tools/cli/files.h"

namespace bf::cli {
namespace {

constexpr std::size_t kReadBytesMax = 1U << 24;

class WriteBehindTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  [[nodiscard]] bool is_empty() const { return std::filesystem::is_empty(folder_); }

 private:
  std::string folder_ = ::testing::TempDir() + "bf_write_behind_" + std::to_string(::getpid());
};

TEST_F(WriteBehindTest, WritesAllInOrder) {
  std::mt19937_64 random(3);
  std::string expected;
  const auto target = ExportTarget::open(path("a.csv"), false, false).value();
  WriteBehind behind(*target);
  TextBuffer buffer;
  for (int i = 0; i < 500; ++i) {
    const std::string text(random() % 20'000, static_cast<char>('a' + i % 26));
    expected += text;
    buffer.append(text);
    ASSERT_TRUE(behind.push(buffer));
    ASSERT_EQ(buffer.size(), 0U);
  }
  ASSERT_TRUE(behind.finish());
  ASSERT_TRUE(target->write("the end"));
  ASSERT_TRUE(target->commit());
  EXPECT_EQ(read_text_file(path("a.csv"), kReadBytesMax).value(), expected + "the end");
}

TEST_F(WriteBehindTest, IsDoneWithoutAnythingPushed) {
  const auto target = ExportTarget::open(path("a.csv"), false, false).value();
  WriteBehind behind(*target);
  ASSERT_TRUE(behind.finish());
  ASSERT_TRUE(target->commit());
  EXPECT_EQ(read_text_file(path("a.csv"), kReadBytesMax).value(), "");
}

TEST_F(WriteBehindTest, TellsAWriteThatFailed) {
  const auto target = ExportTarget::open("/dev/full", false, false).value();
  WriteBehind behind(*target);
  TextBuffer buffer;
  buffer.append("row");
  ASSERT_TRUE(behind.push(buffer)) << "nobody has waited for it";
  buffer.append("row");
  const Result<void> pushed = behind.push(buffer);
  ASSERT_FALSE(pushed);
  EXPECT_EQ(pushed.error().code(), Code::kNoSpace);
  const Result<void> finished = behind.finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code(), Code::kNoSpace);
}

TEST_F(WriteBehindTest, TellsAtTheEndThatTheLastWriteFailed) {
  const auto target = ExportTarget::open("/dev/full", false, false).value();
  WriteBehind behind(*target);
  TextBuffer buffer;
  buffer.append("row");
  ASSERT_TRUE(behind.push(buffer));
  const Result<void> finished = behind.finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code(), Code::kNoSpace);
}

TEST_F(WriteBehindTest, LeavesNothingWhereItIsNotFinished) {
  {
    const auto target = ExportTarget::open(path("a.csv"), false, false).value();
    WriteBehind behind(*target);
    TextBuffer buffer;
    buffer.append(std::string(100'000, 'x'));
    ASSERT_TRUE(behind.push(buffer));
  }
  EXPECT_TRUE(is_empty());
}

}  // namespace
}  // namespace bf::cli
