#include "engine/backfill/answers.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "engine/backfill/reject_log.h"
#include "engine/backfill/rescale.h"
#include "engine/backfill/validate.h"

namespace bf::backfill {
namespace {

/// Rows of one answer that go to the store as one piece.
constexpr std::size_t kPieceRowsMax = 16'384;

void count_rows(SeriesReport& report, const store::Answer& answer, std::int64_t rows) {
  std::string source = answer.exchange;
  source.append(" ").append(store::channel_name(answer.channel));
  for (SourceRows& known : report.rows_by_source) {
    if (known.source != source) continue;
    known.rows += rows;
    return;
  }
  report.rows_by_source.push_back(SourceRows{std::move(source), rows});
}

/// Cuts an answer with many rows into pieces that cover it together.
std::vector<store::AnsweredRows> in_pieces(store::AnsweredRows part, Interval interval) {
  std::vector<store::AnsweredRows> pieces;
  if (part.rows.row_count() <= kPieceRowsMax) {
    pieces.push_back(std::move(part));
    return pieces;
  }
  TimeMs from = part.answer.asked.from;
  for (std::size_t begin = 0; begin < part.rows.row_count(); begin += kPieceRowsMax) {
    const std::size_t end = std::min(begin + kPieceRowsMax, part.rows.row_count());
    const bool last = end == part.rows.row_count();
    store::AnsweredRows piece;
    piece.answer = part.answer;
    piece.answer.first_row = part.rows.open_time()[begin];
    piece.answer.last_row = part.rows.open_time()[end - 1];
    const TimeMs to = last ? part.answer.asked.to : next_slot(interval, piece.answer.last_row);
    piece.answer.asked = {from, to};
    piece.rows.columns = part.rows.columns;
    piece.rows.append_rows(part.rows, begin, end);
    pieces.push_back(std::move(piece));
    from = to;
  }
  return pieces;
}

async::Task<Result<void>> keep_rejected(SeriesState& state, const store::Answer& answer,
                                        std::vector<RejectedRow> rejected) {
  state.report.rows_rejected += static_cast<std::int64_t>(rejected.size());
  for (const RejectedRow& row : rejected) {
    state.run.services.observer.on_event(Event{Event::Type::kRejectedRow,
                                               state.target.series.name(),
                                               format_time(row.open_time) + ": " + row.reason});
  }
  Result<void> logged;
  const std::function<void()> job = [&] {
    logged = log_rejected(*state.run.services.files, answer.asked_at, state.target.series,
                          store::channel_name(answer.channel), rejected);
  };
  co_await state.run.services.store_worker.run(job);
  co_return logged;
}

/// Makes a fallback's rows the series': as many coins, and none of slots that it is not to fill.
Result<void> fit_to_series(const SeriesState& state, CandleBatch& rows) {
  const Result<void> rescaled = rescale(rows, state.price_shift);
  if (!rescaled || !state.takes) return rescaled;
  CandleBatch taken;
  taken.columns = rows.columns;
  for (std::size_t row = 0; row < rows.row_count(); ++row) {
    const TimeMs slot = slot_begin(state.interval(), rows.open_time()[row]);
    if (state.takes->contains(slot)) taken.append_row(rows, row);
  }
  if (taken.row_count() != rows.row_count()) rows = std::move(taken);
  return {};
}

}  // namespace

store::Answer answer_to(const SeriesState& state, store::Channel channel, TimeRange asked) {
  store::Answer answer;
  answer.exchange = state.target.series.instrument.exchange;
  answer.channel = channel;
  answer.asked = asked;
  answer.asked_at = state.market.client->now();
  return answer;
}

async::Task<Result<void>> store_answer(SeriesState& state, store::Answer answer, CandleBatch rows,
                                       async::CancelToken cancel) {
  if (const Result<void> fitted = fit_to_series(state, rows); !fitted) co_return fitted;
  const TimeMs closed_by = answer.asked_at - state.run.options.grace_ms;
  Result<Judged> judged = judge_rows(state.target.series, answer, std::move(rows), closed_by);
  if (!judged) co_return fail(judged.error());
  if (!judged->rejected.empty()) {
    const Result<void> kept = co_await keep_rejected(state, answer, judged->rejected);
    if (!kept) co_return fail(kept.error());
  }
  count_rows(state.report, answer, judged->rows);
  state.pushed += judged->rows;
  for (store::AnsweredRows& part : judged->parts) {
    std::vector<store::AnsweredRows> pieces = in_pieces(std::move(part), state.interval());
    for (store::AnsweredRows& piece : pieces) {
      const Result<void> pushed =
          co_await state.run.pump->push(state.sink, std::move(piece), cancel);
      if (!pushed) co_return fail(pushed.error());
    }
  }
  co_return Result<void>();
}

}  // namespace bf::backfill
