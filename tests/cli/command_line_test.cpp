// tests/cli/command_line_test.cpp
//
// Goal: a flag comes before the environment, the environment before the file, the file before the
// default; and what is not known is refused with a suggestion.
#include "tools/cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "tools/cli/run_flags.h"

namespace bf::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class CommandLine : public ::testing::Test {
 protected:
  CommandLine()
      : path_(::testing::TempDir() + "bf_command_line_" + std::to_string(::getpid()) + ".toml") {}
  ~CommandLine() override { std::filesystem::remove(path_); }

  void write_config(const std::string& text) { std::ofstream(path_) << text; }
  void set(const std::string& name, const std::string& value) { environment_[name] = value; }

  Result<Invocation> parse(std::vector<const char*> arguments) {
    Program program;
    program.name = "bf-engine";
    program.summary = "Does things.";
    program.examples = "  bf-engine run --days 90\n";
    program.version = "bf-engine 1";
    Command run{"run", "Runs.", "  bf-engine run --days 90\n", "", {}};
    run.add(run_flags(flags_));
    program.commands.push_back(std::move(run));
    program.commands.push_back(Command{"status", "Says.", "", "", {}});
    arguments.insert(arguments.begin(), "bf-engine");
    const Environment environment = [this](const char* name) -> const char* {
      const auto found = environment_.find(name);
      return found == environment_.end() ? nullptr : found->second.c_str();
    };
    return parse_command_line(program, static_cast<int>(arguments.size()), arguments.data(),
                              environment);
  }
  std::string error(std::vector<const char*> arguments) {
    const Result<Invocation> invocation = parse(std::move(arguments));
    if (invocation) return "no error";
    EXPECT_EQ(invocation.error().code(), Code::kUsage);
    return invocation.error().message();
  }

  std::string path_;
  std::map<std::string, std::string> environment_;
  RunFlags flags_;
};

TEST_F(CommandLine, TakesEachLevelBeforeTheNext) {
  write_config("store = \"file\"\nmax-weight = \"10%\"\nsource = \"rest\"\n");
  set("BF_STORE", "environment");
  set("BF_MAX_WEIGHT", "20%");
  ASSERT_TRUE(parse({"run", "--store", "flag", "--config", path_.c_str()}));
  EXPECT_EQ(flags_.store, "flag");
  EXPECT_EQ(flags_.max_weight, "20%");
  EXPECT_EQ(flags_.source, "rest");
  EXPECT_EQ(flags_.concurrency, "64");
}

TEST_F(CommandLine, TakesTheFileFromTheEnvironment) {
  write_config("strict = true\nsymbol = [\"A\", \"B\"]\n");
  set("BF_CONFIG", path_);
  ASSERT_TRUE(parse({"run"}));
  EXPECT_TRUE(flags_.strict);
  EXPECT_THAT(flags_.selection.symbols, ElementsAre("A", "B"));
}

TEST_F(CommandLine, LetsDaysSilenceTheRangeOfALowerLevel) {
  write_config("from = \"2020-01-01\"\nto = \"2021-01-01\"\n");
  ASSERT_TRUE(parse({"run", "--days", "90", "--config", path_.c_str()}));
  EXPECT_EQ(flags_.range.days, "90");
  EXPECT_EQ(flags_.range.from, "");
  EXPECT_EQ(flags_.range.to, "");
}

TEST_F(CommandLine, KeepsTheOtherEndOfARangeFromALowerLevel) {
  write_config("from = \"2020-01-01\"\n");
  ASSERT_TRUE(parse({"run", "--to", "2021-01-01", "--config", path_.c_str()}));
  EXPECT_EQ(flags_.range.from, "2020-01-01");
  EXPECT_EQ(flags_.range.to, "2021-01-01");
}

TEST_F(CommandLine, TakesValuesThatBeginWithADash) {
  ASSERT_TRUE(parse({"run", "--from", "-90d", "--to", "-1d"}));
  EXPECT_EQ(flags_.range.from, "-90d");
  EXPECT_EQ(flags_.range.to, "-1d");
}

TEST_F(CommandLine, TakesListsRepeatedAndSwitchesShort) {
  ASSERT_TRUE(parse({"run", "--symbol", "A,B", "--symbol=C", "-q"}));
  EXPECT_THAT(flags_.selection.symbols, ElementsAre("A,B", "C"));
  EXPECT_TRUE(flags_.output.quiet);
}

TEST_F(CommandLine, RefusesUnknownFlagsAndCommandsWithASuggestion) {
  EXPECT_THAT(error({"run", "--symbl", "X"}), HasSubstr("did you mean --symbol?"));
  EXPECT_THAT(error({"rnu"}), HasSubstr("did you mean run?"));
  EXPECT_THAT(error({}), HasSubstr("name a command"));
  EXPECT_THAT(error({"--json", "run"}), HasSubstr("before the command"));
  EXPECT_THAT(error({"run", "more"}), HasSubstr("one argument too many"));
  EXPECT_THAT(error({"run", "--store"}), HasSubstr("--store"));
}

TEST_F(CommandLine, RefusesSecretsWithoutRepeatingThem) {
  const std::string message = error({"run", "--api-key=hunter2"});
  EXPECT_THAT(message, HasSubstr("looks like a secret"));
  EXPECT_THAT(message, Not(HasSubstr("hunter2")));
}

TEST_F(CommandLine, NamesTheVariableOrLineOfABadValue) {
  set("BF_STRICT", "maybe");
  EXPECT_THAT(error({"run"}), HasSubstr("BF_STRICT"));
  environment_.clear();
  write_config("\nstrict = \"maybe\"\n");
  EXPECT_THAT(error({"run", "--config", path_.c_str()}), HasSubstr(path_ + ":2"));
  write_config("store = [\"a\", \"b\"]\n");
  EXPECT_THAT(error({"run", "--config", path_.c_str()}), HasSubstr("takes one value"));
}

TEST_F(CommandLine, BeginsHelpWithExamples) {
  const Result<Invocation> help = parse({"run", "--help"});
  ASSERT_TRUE(help);
  ASSERT_TRUE(help->text);
  EXPECT_THAT(*help->text, StartsWith("Examples:\n  bf-engine run --days 90\n"));
  EXPECT_THAT(*help->text, HasSubstr("--max-weight"));
  const Result<Invocation> version = parse({"--version"});
  ASSERT_TRUE(version && version->text);
  EXPECT_THAT(*version->text, HasSubstr("bf-engine 1"));
}

TEST(RunFlagsTest, BecomeOptions) {
  RunFlags flags;
  flags.selection.exchange = "binance";
  flags.selection.symbols = {"BTCUSDT"};
  flags.range.days = "30";
  flags.max_weight = "50%";
  flags.source = "archive";
  flags.network.base_urls = {"binance/um=http://127.0.0.1:1", "binance=http://localhost:2"};
  flags.network.archive_urls = {"binance=http://127.0.0.1:1/archive"};
  const auto options = run_options(flags, 1'704'067'200'000);
  ASSERT_TRUE(options) << options.error().message();
  EXPECT_EQ(options->max_weight_percent, 50);
  EXPECT_EQ(options->source, plan::SourceChoice::kArchive);
  EXPECT_EQ(options->base_urls.at("binance/um"), "http://127.0.0.1:1");
  EXPECT_EQ(options->archive_urls.at("binance"), "http://127.0.0.1:1/archive");
}

TEST(RunFlagsTest, NeedABegin) {
  RunFlags flags;
  flags.selection.exchange = "binance";
  flags.selection.all = true;
  const auto options = run_options(flags, 1'704'067'200'000);
  ASSERT_FALSE(options);
  EXPECT_THAT(options.error().message(), HasSubstr("--days 90"));
}

TEST(RunFlagsTest, RefuseUrlsThatCannotBeMeant) {
  EXPECT_FALSE(parse_urls("base-url", {"http://127.0.0.1"}, true, false));
  EXPECT_FALSE(parse_urls("base-url", {"nowhere=http://127.0.0.1"}, true, false));
  EXPECT_FALSE(parse_urls("base-url", {"binance/nowhere=http://127.0.0.1"}, true, false));
  EXPECT_FALSE(parse_urls("base-url", {"binance=ftp://127.0.0.1"}, true, false));
  EXPECT_FALSE(parse_urls("base-url", {"binance=http://example.com"}, true, false));
  EXPECT_TRUE(parse_urls("base-url", {"binance=http://example.com"}, true, true));
  EXPECT_FALSE(parse_urls("archive-url", {"binance/um=http://127.0.0.1"}, false, false));
}

TEST(RunFlagsTest, ReadFallbacksForAllAndForOne) {
  const auto read = parse_fallbacks({"okx,bybit", "blofin=okx/swap", "binance/um=bybit"});
  ASSERT_TRUE(read);
  EXPECT_THAT(read->at("all"), ElementsAre("okx", "bybit"));
  EXPECT_THAT(read->at("blofin"), ElementsAre("okx/swap"));
  EXPECT_THAT(read->at("binance/um"), ElementsAre("bybit"));
  for (const char* const entry :
       {"okex", "nowhere=okx", "blofin=okex", "okx=okx", "okx/swap=okx/spot", "blofin/x=okx"}) {
    EXPECT_FALSE(parse_fallbacks({entry})) << entry;
  }
  EXPECT_THAT(parse_fallbacks({"yahoo"}).error().message(), HasSubstr("no list"));
}

TEST(RunFlagsTest, ReadPercentsAndCounts) {
  EXPECT_EQ(parse_percent("max-weight", "50%").value(), 50);
  EXPECT_EQ(parse_percent("max-weight", "100").value(), 100);
  for (const char* const text : {"", "0", "101", "50 %", "-5", "%", "half"}) {
    EXPECT_FALSE(parse_percent("max-weight", text)) << text;
  }
  EXPECT_EQ(parse_positive("concurrency", "8", 10).value(), 8);
  for (const char* const text : {"", "0", "11", "-1", "x", "8x"}) {
    EXPECT_FALSE(parse_positive("concurrency", text, 10)) << text;
  }
}

TEST(RunFlagsTest, KeepStateWhereTheSystemWantsIt) {
  std::map<std::string, std::string> variables;
  const Environment environment = [&variables](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
  EXPECT_FALSE(state_directory("", environment));
  variables["HOME"] = "/home/u";
  EXPECT_EQ(state_directory("", environment).value(), "/home/u/.local/state/bf");
  variables["XDG_STATE_HOME"] = "/state";
  EXPECT_EQ(state_directory("", environment).value(), "/state/bf");
  EXPECT_EQ(state_directory("mine", environment).value(), "mine");
}

}  // namespace
}  // namespace bf::cli
