// tests/store/space_guard_test.cpp
#include "store/space_guard.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/sim_file_system.h"

namespace bf::store {
namespace {

constexpr std::uint64_t kMin = 1000;

class SpaceGuardTest : public ::testing::Test {
 protected:
  [[nodiscard]] bool reserve_there() {
    return files_.open("RESERVE", FileSystem::Open::kRead).has_value();
  }

  test::SimFileSystem files_;
  SpaceGuard guard_{files_, kMin};
};

TEST_F(SpaceGuardTest, TellsEnoughFromLowFromNone) {
  const auto room_at = [this](std::uint64_t free) {
    files_.set_free_space(free);
    return guard_.room().value();
  };
  EXPECT_EQ(room_at(kMin), Room::kEnough);
  EXPECT_EQ(room_at(kMin - 1), Room::kLow);
  EXPECT_EQ(room_at(kMin / 2), Room::kLow);
  EXPECT_EQ(room_at(kMin / 2 - 1), Room::kNone);
}

TEST_F(SpaceGuardTest, SaysWhatItSawInPeoplesUnits) {
  SpaceGuard guard(files_, kFreeBytesMin);
  files_.set_free_space(200U << 20);
  ASSERT_EQ(guard.room().value(), Room::kLow);
  EXPECT_EQ(guard.text(), "200 MiB free, less than 256 MiB");
}

TEST_F(SpaceGuardTest, SetsRoomAsideOnceAndGivesItBack) {
  ASSERT_TRUE(guard_.set_aside());
  EXPECT_TRUE(reserve_there());
  EXPECT_TRUE(guard_.set_aside()) << "what an earlier run set aside still stands";
  ASSERT_TRUE(guard_.release());
  EXPECT_FALSE(reserve_there());
  EXPECT_TRUE(guard_.release()) << "nothing to give back is no error";
}

TEST_F(SpaceGuardTest, SetsNothingAsideWhereThereIsLittleRoom) {
  files_.set_free_space(kMin - 1);
  ASSERT_TRUE(guard_.set_aside());
  EXPECT_FALSE(reserve_there());
}

TEST_F(SpaceGuardTest, LeavesNoEmptyReserveWhereTheDiskHasNoRoomForIt) {
  files_.before_each = [this](const test::Operation& operation) {
    if (operation.kind == test::Operation::Kind::kReserve) {
      files_.fail_at(operation.number, ENOSPC);
    }
  };
  ASSERT_TRUE(guard_.set_aside());
  EXPECT_FALSE(reserve_there());
}

TEST_F(SpaceGuardTest, IsTurnedOffByABoundOfZero) {
  SpaceGuard off(files_, 0);
  files_.set_free_space(0);
  EXPECT_EQ(off.room().value(), Room::kEnough);
  ASSERT_TRUE(off.set_aside());
  EXPECT_FALSE(reserve_there());
}

}  // namespace
}  // namespace bf::store
