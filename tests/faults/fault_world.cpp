#include "tests/faults/fault_world.h"

namespace bf::test {

using namespace store;

bool read_series(const Store& store, const crash::SeriesOracle& oracle, Finding& wrong) {
  const auto gaps = store.gaps(oracle.series);
  if (!gaps) return false;
  const auto snapshot = store.read(oracle.series);
  if (!snapshot) return false;
  std::vector<CandleBatch> rows;
  ScanOptions options;
  options.provenance = true;
  const std::unique_ptr<Scan> scan = (*snapshot)->scan({kTimeMin, kTimeMax}, kAllColumns, options);
  for (ScanBatch batch;;) {
    const Result<bool> more = scan->next(batch);
    if (!more) return false;
    if (!*more) break;
    rows.push_back(batch.rows);
  }
  std::size_t count = 0;
  wrong = oracle.check_rows(rows, oracle.acknowledged, count);
  if (!wrong.empty()) return true;
  return (*snapshot)->stats() && (*snapshot)->conflicts() && (*snapshot)->content_hash() &&
         (*snapshot)->verify();
}

bool read_all(FileSystem& files, const crash::Oracle& oracle, Finding& wrong) {
  const ManualClock clock;
  const auto store = Store::open(files, clock, {});
  if (!store) return false;
  if (const auto listed = (*store)->list(); !listed) return false;
  for (const crash::SeriesOracle& series : oracle.series) {
    if (!read_series(**store, series, wrong)) return false;
  }
  return true;
}

}  // namespace bf::test
