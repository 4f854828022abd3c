#include "tests/power/crash_states.h"

#include "store/store_file.h"

namespace bf::store::crash {
namespace {

// Crash states at each operation: the four corners, then random ones.
constexpr std::uint64_t kSeedsInRun = 12;
constexpr std::uint64_t kSeedsInRecovery = 5;
// Every so manyth state is interrupted again in its recovery, or run to its end.
constexpr std::uint64_t kNestedStep = 37;
constexpr std::uint64_t kRerunStep = 11;
// Damages of one world that are repaired.
constexpr std::uint64_t kDamages = 3;

// The corner of SimDisk::after_crash that keeps all, and makes it durable.
constexpr std::uint64_t kAllKept = 1;

const ManualClock kClock;

Result<std::unique_ptr<Store>> open_for_writing(FileSystem& files) {
  StoreOptions options;
  options.mode = StoreOptions::Mode::kWrite;
  return Store::open(files, kClock, options);
}

/// Appends commits [from, end) of the series; its content hash after that.
Result<std::uint64_t> hash_after(Store& store, const SeriesOracle& series, std::size_t from) {
  const auto writer = store.writer(series.series);
  if (!writer) return fail(writer.error());
  for (std::size_t i = from; i < series.commits.size(); ++i) {
    if (const auto done = (*writer)->append({&series.commits[i], 1}); !done)
      return fail(done.error());
  }
  if (const auto done = (*writer)->sync(); !done) return fail(done.error());
  const auto snapshot = store.read(series.series);
  if (!snapshot) return fail(snapshot.error());
  return (*snapshot)->content_hash();
}

/// The hash of what all series say, or why there is none. A repaired series may be gone whole.
Result<std::uint64_t> content_of(FileSystem& files, const Oracle& oracle) {
  const auto store = Store::open(files, kClock, {});
  if (!store) return fail(store.error());
  std::uint64_t all = 0;
  for (const SeriesOracle& series : oracle.series) {
    const auto snapshot = (*store)->read(series.series);
    if (!snapshot && snapshot.error().code() == Code::kNotFound) continue;
    if (!snapshot) return fail(snapshot.error());
    if (const auto sound = (*snapshot)->verify(); !sound) return fail(sound.error());
    const auto hash = (*snapshot)->content_hash();
    if (!hash) return hash;
    all = Random(all ^ *hash).next();
  }
  return all;
}

Result<void> repair_all(FileSystem& files, const Oracle& oracle) {
  const auto uuid = read_store_file(files);
  if (!uuid) return fail(uuid.error());
  const auto lock = files.lock("LOCK", "repair");
  if (!lock) return fail(lock.error());
  std::set<std::string> synced;
  for (const SeriesOracle& series : oracle.series) {
    const auto repaired = repair_series({files, kClock, *uuid, synced}, series.series);
    if (!repaired) return fail(repaired.error());
  }
  return {};
}

/// Every file of a series, as paths in the store.
std::vector<std::string> files_of(const SimDisk& disk, const Oracle& oracle) {
  std::vector<std::string> out;
  for (const SeriesOracle& series : oracle.series) {
    const std::string path = series.series.path();
    const SimDisk::Id directory = disk.find(path);
    if (directory == 0) continue;
    for (const auto& [name, id] : disk.entries(directory)) {
      if (!disk.is_directory(id) && disk.size(id) != 0) out.push_back(path + "/" + name);
    }
  }
  return out;
}

/// The seed of the random states differs from operation to operation; those of the corners do not.
std::uint64_t crash_seed(std::uint64_t i, std::uint64_t operation) {
  return i < 4 ? i : 4 + Random(operation * 1'000 + i).below(std::uint64_t{1} << 40U);
}

}  // namespace

Result<std::uint64_t> ExpectedHashes::of(const Oracle& oracle, std::size_t series) {
  const auto key = std::pair(series, oracle.series[series].commits.size());
  if (const auto at = known_.find(key); at != known_.end()) return at->second;
  SimFileSystem files;
  const auto store = open_for_writing(files);
  if (!store) return fail(store.error());
  const Result<std::uint64_t> hash = hash_after(**store, oracle.series[series], 0);
  if (hash) known_[key] = *hash;
  return hash;
}

Finding check_run_again(FileSystem& files, const Oracle& oracle, ExpectedHashes& expected) {
  Oracle kept = oracle;
  Finding finding = forget_lost_commits(files, kept);
  if (!finding.empty()) return "before the run is repeated: " + finding;
  const auto store = open_for_writing(files);
  if (!store) return "open to run again: " + store.error().message();
  for (std::size_t i = 0; i < kSeriesCount; ++i) {
    const SeriesOracle& series = oracle.series[i];
    const auto hash = hash_after(**store, series, kept.series[i].commits.size());
    if (!hash) return "run again: " + hash.error().message();
    const auto wanted = expected.of(oracle, i);
    if (!wanted) return "a store without faults: " + wanted.error().message();
    if (*hash != *wanted) return series.series.name() + ": another content after running again";
  }
  return {};
}

Finding World::run() {
  ++counts_.worlds;
  SimFileSystem files{SimDisk(seed_ % 3 == 0 ? 512 : SimDisk::kBlockSize)};
  files.before_each = [&](const Operation& operation) {
    if (operation.mutates() && finding_.empty()) lose_power(files, operation);
  };
  const bool done = Workload(*weaken(files, deletion_), oracle_).some(seed_);
  files.before_each = nullptr;
  if (!done && finding_.empty()) finding_ = "the run failed: " + files.recent(4);
  if (finding_.empty()) damage_and_repair(files.disk());
  return finding_.empty() ? "" : "world " + std::to_string(seed_) + ": " + finding_;
}

void World::lose_power(const SimFileSystem& files, const Operation& operation) {
  for (std::uint64_t i = 0; i < kSeedsInRun && finding_.empty(); ++i) {
    const std::uint64_t seed = crash_seed(i, operation.number);
    const SimDisk crashed = files.disk().after_crash(seed);
    if (!is_new(crashed)) continue;
    ++counts_.in_run;
    finding_ =
        check_state(crashed, counts_.in_run % kNestedStep == 0, counts_.in_run % kRerunStep == 0);
    if (finding_.empty()) continue;
    finding_ += "\npower lost before " + operation.text() + ", seed " + std::to_string(seed) +
                "\n" + files.recent(8);
  }
}

Finding World::check_state(const SimDisk& crashed, bool nested, bool rerun) {
  SimFileSystem after(crashed);
  Finding again;
  if (nested) {
    after.before_each = [&](const Operation& operation) {
      if (!operation.mutates()) return;
      for (std::uint64_t i = 0; i < kSeedsInRecovery && again.empty(); ++i) {
        const SimDisk twice = after.disk().after_crash(crash_seed(i, operation.number));
        if (!is_new(twice)) continue;
        ++counts_.in_recovery;
        again = check_state(twice, /*nested=*/false, /*rerun=*/false);
        if (!again.empty()) again += "\npower lost in recovery before " + operation.text();
      }
    };
  }
  Finding finding = check_store(after, oracle_);
  after.before_each = nullptr;
  if (finding.empty()) finding = again;
  if (!finding.empty()) return finding + "\nrecovery:\n" + after.recent(30);
  if (!rerun) return {};
  ++counts_.rerun;
  return check_run_again(after, oracle_, expected_);
}

void World::damage_and_repair(const SimDisk& disk) {
  Random random(seed_);
  SimFileSystem whole(disk.after_crash(kAllKept));  // damage comes to disks at rest
  const auto truth = content_of(whole, oracle_);
  const std::vector<std::string> candidates = files_of(disk, oracle_);
  if (!truth) finding_ = "behind the run: " + truth.error().message();
  if (candidates.empty()) return;
  for (std::uint64_t i = 0; i < kDamages && finding_.empty(); ++i) {
    const std::string& victim = candidates[random.below(candidates.size())];
    SimDisk damaged = whole.disk();
    const SimDisk::Id id = damaged.find(victim);
    damaged.flip_bit(id, random.below(damaged.size(id)), static_cast<unsigned>(random.below(8)));
    SimFileSystem files(damaged);
    const auto repaired = repair_all(files, oracle_);
    const auto content = content_of(files, oracle_);
    if (!repaired || !content) {
      finding_ = "repair: " + (repaired ? content.error() : repaired.error()).message();
    } else {
      SimFileSystem disturbed(damaged);
      disturbed.before_each = [&](const Operation& operation) {
        if (operation.mutates()) lose_power_in_repair(disturbed, *content);
      };
      (void)repair_all(disturbed, oracle_);
      if (finding_.empty()) finding_ = check_healed(files);
    }
    if (!finding_.empty()) finding_ += "\nof " + victim + "\n" + files.recent(30);
  }
}

void World::lose_power_in_repair(const SimFileSystem& files, std::uint64_t undisturbed) {
  for (std::uint64_t i = 0; i < kSeedsInRun && finding_.empty(); ++i) {
    const SimDisk crashed = files.disk().after_crash(crash_seed(i, files.operations()));
    if (!is_new(crashed)) continue;
    ++counts_.in_repair;
    SimFileSystem after(crashed);
    const auto repaired = repair_all(after, oracle_);
    const auto content = content_of(after, oracle_);
    if (!repaired || !content) {
      finding_ = "repair again: " + (repaired ? content.error() : repaired.error()).message();
    } else if (*content != undisturbed) {
      finding_ = "an interrupted repair, repeated, ends in another content";
    } else if (counts_.in_repair % kRerunStep == 0) {
      finding_ = check_healed(after);
    }
    if (!finding_.empty()) finding_ += "\npower lost in repair behind " + files.recent(1);
  }
}

Finding World::check_healed(SimFileSystem& files) {
  const auto store = open_for_writing(files);
  if (!store) return "open what was repaired: " + store.error().message();
  for (std::size_t i = 0; i < kSeriesCount; ++i) {
    const auto hash = hash_after(**store, oracle_.series[i], 0);
    if (!hash) return "fetch again: " + hash.error().message();
    const auto wanted = expected_.of(oracle_, i);
    if (!wanted) return "a store without faults: " + wanted.error().message();
    if (*hash != *wanted) {
      return oracle_.series[i].series.name() + ": repaired and fetched again, another content";
    }
  }
  return {};
}

}  // namespace bf::store::crash
