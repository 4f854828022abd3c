// tests/store/step_deletion_test.cpp
//
// Goal: every step of the crash protocol is load-bearing, and this suite would notice its loss. Method:
// the standard run on a file system that leaves one step out (weakened_files.h), interrupted as in
// crash_test.cpp; each of the ten deletions must lead to at least one violation, and none to none.
//
//      deletion              what is left out                                   what it loses
//   1  LogSync               W1: fdatasync before the acknowledgement           acknowledged rows
//   2  SegmentSync           W2 (2), W3: fsync of the new segment               a live segment is garbage
//   3  NewLogSync            W5: fsync of the log that recovery writes          what recovery had saved
//   4  NamesBeforeManifest   W2 (6), W3: directory fsync before the manifest    files that it names
//   5  ManifestSync          W2 (7), W3: fsync of MANIFEST.tmp                  an empty or torn manifest
//   6  NamesBehindManifest   W2 (8), W3: directory fsync behind the rename      old manifest, files gone
//   7  UnlinkLast            W2 (9), W4: the order of rename and unlink         old manifest, files gone
//   8  ParentSync            W5: fsync of the parents of new directories        the whole series
//   9  Checksums             frames are believed without checking them          torn rows are served
//  10  Distrust              W5: rewriting what was never proven                rows that were shown
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/store/crash_world.h"
#include "tests/store/weakened_files.h"

namespace bf::store::crash {
namespace {

/// Looks for a violation, and counts the states that it looked at.
struct Hunt {
  Deletion deletion = Deletion::kNone;
  std::uint64_t step = 1;  ///< every so manyth operation is a crash point
  std::uint64_t states = 0;
  Finding finding;

  [[nodiscard]] std::unique_ptr<FileSystem> wrap(SimFileSystem& files) const {
    return weaken(files, deletion);
  }
  /// A power loss before each operation of the run.
  void lose_power(std::size_t block_size);
  /// A kill, or a failed operation and the end of the program, at each operation; then recovery, power
  /// loss, a later run and power loss.
  void interrupt(int error);
  void all() {
    lose_power(SimDisk::kBlockSize);
    lose_power(512);
    interrupt(0);
    interrupt(EIO);
  }
};

void Hunt::lose_power(std::size_t block_size) {
  if (!finding.empty()) return;
  SimFileSystem files{SimDisk(block_size)};
  const std::unique_ptr<FileSystem> weakened = wrap(files);
  Oracle oracle;
  files.before_each = [&](const Operation& operation) {
    if (!operation.mutates() || operation.number % step != 0) return;
    for (std::uint64_t seed = 0; seed < 16 && finding.empty(); ++seed, ++states) {
      SimFileSystem after(files.disk().after_crash(seed));
      finding = check_store(*wrap(after), oracle);
      if (!finding.empty()) finding += "; power lost before " + operation.text();
    }
  };
  (void)Workload(*weakened, oracle).all();
}

void Hunt::interrupt(int error) {
  for (std::uint64_t number = 1; finding.empty(); number += step) {
    SimFileSystem files;
    const std::unique_ptr<FileSystem> weakened = wrap(files);
    Oracle oracle;
    if (error == 0) {
      files.stop_at(number);
    } else {
      files.fail_short_at(number, error);
    }
    (void)Workload(*weakened, oracle).all();
    if (!files.fault_hit()) return;
    const std::string log = files.recent(1);
    files.kill();
    constexpr std::uint64_t kSeeds = 4;
    states += 2 * kSeeds;
    finding = check_going_on(files, oracle, kSeeds, [this](SimFileSystem& of) { return wrap(of); });
    if (!finding.empty()) finding += "; interrupted in " + log;
  }
}

class StepDeletion : public ::testing::TestWithParam<Deletion> {};

TEST_P(StepDeletion, IsCaught) {
  Hunt hunt{GetParam(), 1, 0, {}};
  hunt.all();
  EXPECT_NE(hunt.finding, "") << "nothing found in " << hunt.states << " states";
  RecordProperty("states", static_cast<int>(hunt.states));
  RecordProperty("finding", hunt.finding);
}

INSTANTIATE_TEST_SUITE_P(Of, StepDeletion,
                         ::testing::Values(Deletion::kLogSync, Deletion::kSegmentSync,
                                           Deletion::kNewLogSync, Deletion::kNamesBeforeManifest,
                                           Deletion::kManifestSync, Deletion::kNamesBehindManifest,
                                           Deletion::kUnlinkLast, Deletion::kParentSync,
                                           Deletion::kChecksums, Deletion::kDistrust),
                         [](const auto& tested) -> std::string {
                           switch (tested.param) {
                             case Deletion::kNone:
                               return "Nothing";
                             case Deletion::kLogSync:
                               return "LogSync";
                             case Deletion::kSegmentSync:
                               return "SegmentSync";
                             case Deletion::kNewLogSync:
                               return "NewLogSync";
                             case Deletion::kNamesBeforeManifest:
                               return "NamesBeforeManifest";
                             case Deletion::kManifestSync:
                               return "ManifestSync";
                             case Deletion::kNamesBehindManifest:
                               return "NamesBehindManifest";
                             case Deletion::kUnlinkLast:
                               return "UnlinkLast";
                             case Deletion::kParentSync:
                               return "ParentSync";
                             case Deletion::kChecksums:
                               return "Checksums";
                             case Deletion::kDistrust:
                               return "Distrust";
                           }
                           return "Unknown";
                         });

TEST(StepDeletionControl, OfNothingIsNotCaught) {
  Hunt hunt{Deletion::kNone, stride(5), 0, {}};
  hunt.all();
  EXPECT_EQ(hunt.finding, "");
  EXPECT_GT(hunt.states, 1'000U);
}

}  // namespace
}  // namespace bf::store::crash
