// Goal: .env.example names no variable that nothing reads. Method: run's and fill's command lines are
// parsed with an environment that writes down what it was asked for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/support/source_tree.h"
#include "tools/cli/run_flags.h"
#include "tools/cli/text.h"

namespace bf::cli {
namespace {

using testing::Contains;

/// Those of programs that only read a store: tests/programs/example_environment_test.py.
const std::set<std::string> kOfReaders = {"BF_FORMAT", "BF_GAPS", "BF_TIME", "BF_FAIL_ON"};

/// The variables of the example, those behind a # too.
std::set<std::string> example_variables() {
  std::set<std::string> names;
  for (const std::string& line : split(test::read_source_file(".env.example"), '\n')) {
    std::string_view text = line;
    if (text.starts_with('#')) text = trim(text.substr(1));
    const std::size_t equals = text.find('=');
    const bool variable = text.starts_with("BF_") && equals != std::string_view::npos;
    if (variable) names.emplace(text.substr(0, equals));
  }
  return names;
}

/// What is asked for while `command` with these flags is parsed.
std::set<std::string> variables_read(const std::string& name, std::vector<Flag> flags) {
  Program program;
  program.name = "bf-engine";
  Command command{name, "", "", "", {}};
  command.add(std::move(flags));
  program.commands.push_back(std::move(command));
  std::set<std::string> asked;
  const Environment environment = [&asked](const char* variable) -> const char* {
    asked.insert(variable);
    return nullptr;
  };
  const char* const arguments[] = {"bf-engine", name.c_str()};
  EXPECT_TRUE(parse_command_line(program, 2, arguments, environment));
  return asked;
}

TEST(ExampleEnvironment, NamesOnlyWhatIsRead) {
  RunFlags run;
  RunFlags fill;
  std::set<std::string> read = variables_read("run", run_flags(run));
  read.merge(variables_read("fill", fill_flags(fill)));
  const std::set<std::string> named = example_variables();
  EXPECT_GE(named.size(), 30U);
  for (const std::string& variable : named) {
    if (kOfReaders.contains(variable)) continue;
    EXPECT_THAT(read, Contains(variable));
  }
}

}  // namespace
}  // namespace bf::cli
