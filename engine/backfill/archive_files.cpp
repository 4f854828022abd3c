#include "engine/backfill/archive_files.h"

#include <utility>

#include "engine/backfill/answers.h"

namespace bf::backfill {
namespace {

async::Task<Result<void>> try_file(SeriesState& state, exchange::ArchiveFile file,
                                   async::CancelToken cancel) {
  const store::Channel channel =
      file.monthly ? store::Channel::kArchiveMonthly : store::Channel::kArchiveDaily;
  store::Answer answer = answer_to(state, channel, file.range);
  Result<ArchiveRows> fetched =
      co_await state.market.archive->fetch(state.target.series, file, cancel);
  if (!fetched) co_return fail(fetched.error());
  answer.archive_hash = fetched->hash;
  const Result<void> stored =
      co_await store_answer(state, answer, std::move(fetched->rows), cancel);
  if (!stored) co_return fail(stored.error().at("archive " + file.path));
  co_return Result<void>();
}

}  // namespace

async::Task<Result<void>> fetch_file(SeriesState& state, exchange::ArchiveFile file,
                                     async::CancelToken cancel) {
  const Result<void> done = co_await try_file(state, file, cancel);
  state.market.archive_in_flight.release();
  ++state.run.progress.pages_done;
  state.archive_tried.add(file.range);
  if (done || ends_series(done.error().code())) co_return done;
  // A file that is not there is no failure where REST can still be asked for its slots.
  const bool rest_follows = state.run.options.source != plan::SourceChoice::kArchive;
  if (done.error().code() == Code::kNotFound && rest_follows) co_return Result<void>();
  add_failure(state.report.failures, done.error());
  if (!rest_follows) state.given_up.add(file.range);
  co_return Result<void>();
}

}  // namespace bf::backfill
