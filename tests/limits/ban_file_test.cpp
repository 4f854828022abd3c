// Goal: a ban is found again after a restart, whatever else lies in its file. Method: a directory of
// its own, a clock that is moved, and files that others might leave there.
#include "engine/limits/ban_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "store/base/file_system.h"

namespace bf::limits {
namespace {

using testing::HasSubstr;

class BanFileTest : public testing::Test {
 protected:
  BanFileTest()
      : directory_(testing::TempDir() + "/bf-bans-" + std::to_string(::getpid()) + "/deep/state") {}
  ~BanFileTest() override {
    std::filesystem::remove_all(std::filesystem::path(directory_).parent_path().parent_path());
  }

  BanFile open(std::string key) {
    Result<BanFile> bans = BanFile::open(directory_, std::move(key), clock_);
    EXPECT_TRUE(bans) << bans.error().message();
    return *std::move(bans);
  }
  void write(std::string_view content) {
    std::filesystem::create_directories(directory_);
    std::ofstream(directory_ + "/bans", std::ios::binary) << content;
  }
  std::string read() {
    std::ifstream file(directory_ + "/bans", std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  [[nodiscard]] TimeMs now() const { return clock_.wall_ms(); }

  std::string directory_;
  ManualClock clock_;
};

TEST_F(BanFileTest, NoFileIsNoBan) {
  const Result<std::optional<Ban>> ban = open("a:443 direct").load();
  ASSERT_TRUE(ban) << ban.error().message();
  EXPECT_FALSE(ban->has_value());
}

TEST_F(BanFileTest, FindsWhatAnotherProcessStored) {
  BanFile bans = open("a:443 direct");
  ASSERT_TRUE(bans.store(Ban{now() + 60'000, "HTTP 418\tof \x1b[2J 100%\n"}));
  const Result<std::optional<Ban>> ban = open("a:443 direct").load();
  ASSERT_TRUE(ban) << ban.error().message();
  ASSERT_TRUE(ban->has_value());
  EXPECT_EQ((*ban)->until, now() + 60'000);
  EXPECT_EQ((*ban)->reason, "HTTP 418\tof \x1b[2J 100%\n");
  EXPECT_FALSE(open("a:443 proxy:1080").load()->has_value());
}

TEST_F(BanFileTest, TheFileIsTextThatAPersonCanReadAndOthersCannot) {
  ASSERT_TRUE(open("a:443 direct").store(Ban{now() + 60'000, "HTTP 418"}));
  EXPECT_EQ(read(), "bf-bans 1\n" + std::to_string(now() + 60'000) + "\ta:443 direct\tHTTP 418\n");
  struct ::stat status{};
  ASSERT_EQ(::stat((directory_ + "/bans").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0007U, 0U);
}

TEST_F(BanFileTest, KeepsTheBansOfOthersAndTheLongerOfItsOwn) {
  ASSERT_TRUE(open("a:443 direct").store(Ban{now() + 60'000, "first"}));
  ASSERT_TRUE(open("b:443 direct").store(Ban{now() + 10'000, "other"}));
  ASSERT_TRUE(open("a:443 direct").store(Ban{now() + 30'000, "shorter"}));
  EXPECT_EQ((*open("a:443 direct").load())->until, now() + 60'000);
  EXPECT_EQ((*open("b:443 direct").load())->until, now() + 10'000);
}

TEST_F(BanFileTest, APassedBanIsNoneAndLeavesTheFileWithTheNextStore) {
  ASSERT_TRUE(open("a:443 direct").store(Ban{now() + 60'000, "HTTP 418"}));
  clock_.advance_ms(60'000);
  EXPECT_FALSE(open("a:443 direct").load()->has_value());
  ASSERT_TRUE(open("b:443 direct").store(Ban{now() + 60'000, "HTTP 418"}));
  EXPECT_THAT(read(), testing::Not(HasSubstr("a:443")));
}

TEST_F(BanFileTest, ADeadlineBeyondThreeDaysIsClamped) {
  write("bf-bans 1\n7000000000000\ta:443 direct\tHTTP 418\n");
  EXPECT_EQ((*open("a:443 direct").load())->until, now() + 3 * kDayMs);
  ASSERT_TRUE(open("b").store(Ban{7'000'000'000'000, "x"}));
  EXPECT_EQ((*open("b").load())->until, now() + 3 * kDayMs);
}

TEST_F(BanFileTest, WhatIsNotOurFileIsAnErrorAndIsLeftAlone) {
  const std::string contents[] = {
      "",
      "x",
      "bf-bans 1",
      "bf-bans 2\n",
      "bf-bans 10\n",
      "bf-bans 1\n\n",
      "bf-bans 1\nx\n",
      "bf-bans 1\n1800000000000\ta\n",
      "bf-bans 1\n1800000000000\ta\tb",
      "bf-bans 1\n1800000000000\ta\tb\tc\n",
      "bf-bans 1\n\ta\tb\n",
      "bf-bans 1\n-1\ta\tb\n",
      "bf-bans 1\n99999999999999999999\ta\tb\n",
      "bf-bans 1\n1800000000000 \ta\tb\n",
      "bf-bans 1\n1800000000000\ta%\tb\n",
      "bf-bans 1\n1800000000000\ta%0\tb\n",
      "bf-bans 1\n1800000000000\ta%zz\tb\n",
      "bf-bans 1\n1800000000000\ta\x01\tb\n",
      std::string("bf-bans 1\n1800000000000\ta\0\tb\n", 29),
      "bf-bans 1\n" + std::string(100'000, 'x'),
  };
  for (const std::string& content : contents) {
    write(content);
    const Result<std::optional<Ban>> ban = open("a").load();
    ASSERT_FALSE(ban) << content;
    EXPECT_EQ(ban.error().code(), Code::kFormat) << ban.error().message();
    EXPECT_THAT(ban.error().message(), HasSubstr(directory_));
    EXPECT_FALSE(open("a").store(Ban{now() + 1'000, "x"})) << content;
    EXPECT_EQ(read(), content);
  }
}

TEST_F(BanFileTest, FollowsNoLink) {
  write("bf-bans 1\n");
  std::filesystem::rename(directory_ + "/bans", directory_ + "/elsewhere");
  std::filesystem::create_symlink("elsewhere", directory_ + "/bans");
  EXPECT_FALSE(open("a").load());
  EXPECT_FALSE(open("a").store(Ban{now() + 1'000, "x"}));
}

TEST_F(BanFileTest, AFileLeftByAKilledWriterIsNoObstacle) {
  (void)open("a");
  std::ofstream(directory_ + "/bans.new") << "half of a f";
  ASSERT_TRUE(open("a").store(Ban{now() + 1'000, "x"}));
  EXPECT_TRUE(open("a").load()->has_value());
}

TEST_F(BanFileTest, WritersDoNotLoseEachOthersBans) {
  constexpr int kWriters = 8;
  std::vector<BanFile> files;
  for (int i = 0; i < kWriters; ++i) files.push_back(open("host" + std::to_string(i)));
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&, i] {
      EXPECT_TRUE(files[static_cast<std::size_t>(i)].store(Ban{now() + 1'000 * (i + 1), "x"}));
    });
  }
  for (std::thread& writer : writers) writer.join();
  for (int i = 0; i < kWriters; ++i) {
    const Result<std::optional<Ban>> ban = files[static_cast<std::size_t>(i)].load();
    ASSERT_TRUE(ban && ban->has_value()) << i;
    EXPECT_EQ((*ban)->until, now() + 1'000 * (i + 1));
  }
}

TEST_F(BanFileTest, ADirectoryThatCannotBeMadeIsNamed) {
  const Result<BanFile> bans = BanFile::open("/proc/self/nowhere", "a", clock_);
  ASSERT_FALSE(bans);
  EXPECT_THAT(bans.error().message(), HasSubstr("/proc/self/nowhere"));
}

}  // namespace
}  // namespace bf::limits
