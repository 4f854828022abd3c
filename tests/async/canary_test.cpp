// Goal: the coroutine forms that this project uses construct and destroy each object once on the
// compiler at hand. g++ 12.2 destroys some objects twice, silently; these forms are therefore not used
// here, and not run below, where they would corrupt memory:
//
//   co_await f(Aggregate{...})            an aggregate temporary in the awaited expression
//   co_await f([x] {...})                 a temporary closure with captures
//   c ? co_await a() : b()                a class type from a conditional
//   Row r{co_await a(), 1}                an await inside of an aggregate's initializer
//   switch (co_await f())                 traps under ASan
#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <string>
#include <vector>

#include "engine/async/virtual_loop.h"

namespace bf::async {
namespace {

struct Counts {
  int made = 0;
  int gone = 0;
};
Counts counts;

/// Has a constructor, so it may stand in an awaited expression; holds memory, so that a second
/// destruction shows under ASan as well.
class Counted {
 public:
  explicit Counted(int value) : value_(std::make_unique<int>(value)) { ++counts.made; }
  Counted(const Counted& other) : value_(std::make_unique<int>(*other.value_)) { ++counts.made; }
  Counted(Counted&& other) noexcept : value_(std::move(other.value_)) { ++counts.made; }
  Counted& operator=(const Counted&) = delete;
  Counted& operator=(Counted&& other) noexcept {
    value_.swap(other.value_);
    return *this;
  }
  ~Counted() { ++counts.gone; }
  [[nodiscard]] int value() const { return *value_; }

 private:
  std::unique_ptr<int> value_;
};

/// An aggregate, as request and option types are.
struct Options {
  Counted first;
  std::string name;
  std::vector<int> numbers;
};

Task<int> take(Counted counted) { co_return counted.value(); }
Task<int> take_options(Options options) {
  co_return options.first.value() + static_cast<int>(options.name.size() + options.numbers.size());
}
template <class Add>
Task<int> make_and_add(Add add) {
  co_return add(2);
}
Task<Counted> make(int value) { co_return Counted(value); }
Task<Result<Counted>> make_result(Loop& loop, int value) {
  co_await loop.yield();
  co_return Counted(value);
}
Task<Result<Counted>> make_failure(Loop& loop) {
  co_await loop.yield();
  co_return fail(Code::kIo, "a message that is too long for a small string");
}

Task<int> named_local_moved_in() {
  Counted counted(1);
  co_return co_await take(std::move(counted));
}

Task<int> named_aggregate_moved_in() {
  Options options{Counted(1), "a name that is too long for a small string", {1, 2, 3}};
  co_return co_await take_options(std::move(options));
}

Task<int> temporary_of_a_class_with_a_constructor() {
  const int value = co_await take(Counted(2));
  co_return value;
}

Task<int> temporary_from_a_factory() {
  const auto factory = [](int value) { return Counted(value); };
  const int value = co_await take(factory(3));
  co_return value;
}

Task<int> value_awaited_into_a_local() {
  const Counted counted = co_await make(4);
  co_return counted.value();
}

Task<int> results_through_suspensions(Loop& loop) {
  const Result<Counted> good = co_await make_result(loop, 5);
  const Result<Counted> bad = co_await make_failure(loop);
  EXPECT_FALSE(bad);
  co_return good->value();
}

Task<int> result_moved_on(Loop& loop) {
  Result<Counted> good = co_await make_result(loop, 6);
  if (!good) co_return 0;
  const int value = co_await take(std::move(*good));
  co_return value;
}

Task<int> branches_instead_of_a_conditional(Loop& loop, bool first) {
  Result<Counted> chosen = fail(Code::kInternal, "not chosen");
  if (first) {
    chosen = co_await make_result(loop, 7);
  } else {
    chosen = co_await make_failure(loop);
  }
  co_return chosen ? chosen->value() : -1;
}

Task<int> closure_that_is_named() {
  const Counted counted(8);
  const auto add = [counted](int more) { return counted.value() + more; };
  const int value = co_await make_and_add(add);
  co_return value;
}

class Canary : public ::testing::Test {
 protected:
  void SetUp() override { counts = Counts(); }
  void TearDown() override {
    EXPECT_GT(counts.made, 0);
    EXPECT_EQ(counts.made, counts.gone);
    EXPECT_EQ(live_frames(), 0);
  }
  VirtualLoop loop;
};

TEST_F(Canary, NamedLocalMovedIn) { EXPECT_EQ(loop.run(named_local_moved_in()), 1); }
TEST_F(Canary, NamedAggregateMovedIn) { EXPECT_EQ(loop.run(named_aggregate_moved_in()), 46); }
TEST_F(Canary, TemporaryOfAClassWithAConstructor) {
  EXPECT_EQ(loop.run(temporary_of_a_class_with_a_constructor()), 2);
}
TEST_F(Canary, TemporaryFromAFactory) { EXPECT_EQ(loop.run(temporary_from_a_factory()), 3); }
TEST_F(Canary, ValueAwaitedIntoALocal) { EXPECT_EQ(loop.run(value_awaited_into_a_local()), 4); }
TEST_F(Canary, ResultsThroughSuspensions) {
  EXPECT_EQ(loop.run(results_through_suspensions(loop)), 5);
}
TEST_F(Canary, ResultMovedOn) { EXPECT_EQ(loop.run(result_moved_on(loop)), 6); }
TEST_F(Canary, BranchesInsteadOfAConditional) {
  EXPECT_EQ(loop.run(branches_instead_of_a_conditional(loop, true)), 7);
  EXPECT_EQ(loop.run(branches_instead_of_a_conditional(loop, false)), -1);
}
TEST_F(Canary, ClosureThatIsNamed) { EXPECT_EQ(loop.run(closure_that_is_named()), 10); }

TEST_F(Canary, ATaskThatIsNeverAwaitedGivesItsParametersBack) {
  {
    const Task<int> task = take(Counted(9));
    EXPECT_EQ(live_frames(), 1);
  }
  EXPECT_EQ(counts.made, counts.gone);
}

}  // namespace
}  // namespace bf::async
