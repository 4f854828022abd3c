// tests/cli/proxy_flag_test.cpp
//
// Goal: --proxy, BF_PROXY, bf.toml and the variables of other programs mean what their users expect; a
// password is taken from where others cannot see it, and is repeated nowhere.
#include "tools/cli/proxy_flag.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "tools/cli/run_flags.h"

namespace bf::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

using Variables = std::map<std::string, std::string>;

Environment environment_of(const Variables& variables) {
  return [&variables](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
}

/// The proxy that `source` takes to `host`, "direct", or the error.
std::string way(const std::vector<std::string>& entries, const Variables& variables,
                std::string_view source = "binance/um", bool tls = true,
                const std::string& host = "fapi.binance.com") {
  const auto choice = choose_proxies(entries, environment_of(variables));
  if (!choice) return choice.error().message();
  net::Endpoint to;
  to.host = host;
  to.port = 443;
  to.tls = tls;
  const auto proxy = choice->choose(source, to);
  if (!proxy) return proxy.error().message();
  return *proxy ? (*proxy)->name() : "direct";
}

TEST(ProxyFlag, ReadsEntriesForAllAndForOne) {
  EXPECT_EQ(way({}, {}), "direct");
  EXPECT_EQ(way({"http://h:1"}, {}), "http://h:1");
  EXPECT_EQ(way({"all=http://h:1"}, {}), "http://h:1");
  EXPECT_EQ(way({"http://h:1", "binance=socks5h://s:2"}, {}), "socks5h://s:2");
  EXPECT_EQ(way({"http://h:1,binance/um=direct"}, {}), "direct");
  EXPECT_EQ(way({"http://h:1,binance/um=direct"}, {}, "binance/spot"), "http://h:1");
  EXPECT_EQ(way({"http://user:a=b@h:1"}, {}), "http://h:1");
  EXPECT_EQ(way({"direct"}, {{"https_proxy", "http://e:1"}}), "direct");
}

TEST(ProxyFlag, RefusesWhatItCannotReadWithoutRepeatingIt) {
  EXPECT_THAT(way({"binnance=http://h:1"}, {}), HasSubstr("binnance"));
  EXPECT_THAT(way({"binance/nowhere=http://h:1"}, {}), HasSubstr("nowhere"));
  EXPECT_THAT(way({"http://a:1", "all=http://b:1"}, {}), HasSubstr("given twice"));
  EXPECT_THAT(way({"binance=http://a:1", "binance=http://b:1"}, {}),
              HasSubstr("--proxy binance: given twice"));
  for (const std::string entry :
       {"http://user:canary@", "http://user:ca,nary@h:1", "user:canary=x@h:1", "binance=canary",
        "socks5://user:canary@h:1", "http://user:canary%@h:1", "http://canary"}) {
    const std::string said = way({entry}, {});
    EXPECT_THAT(said, HasSubstr("--proxy")) << entry;
    EXPECT_THAT(said, Not(HasSubstr("canary"))) << entry;
    EXPECT_THAT(said, Not(HasSubstr("nary@"))) << entry;
  }
}

TEST(ProxyFlag, TakesTheVariablesThatOtherProgramsTake) {
  const std::string e = "http://e:1";
  EXPECT_EQ(way({}, {{"https_proxy", "e:1"}}), e);
  EXPECT_EQ(way({}, {{"HTTPS_PROXY", "http://e:1/"}}), e);
  EXPECT_EQ(way({}, {{"https_proxy", "http://low:1"}, {"HTTPS_PROXY", e}}), "http://low:1");
  EXPECT_EQ(way({}, {{"https_proxy", ""}, {"HTTPS_PROXY", e}}), e);
  EXPECT_EQ(way({}, {{"http_proxy", e}}), "direct");
  EXPECT_EQ(way({}, {{"http_proxy", e}}, "binance/um", /*tls=*/false), e);
  EXPECT_EQ(way({}, {{"HTTP_PROXY", e}}, "binance/um", /*tls=*/false), "direct");
  EXPECT_EQ(way({}, {{"https_proxy", e}}, "binance/um", /*tls=*/false), "direct");
  for (const char* const name : {"no_proxy", "NO_PROXY"}) {
    EXPECT_EQ(way({}, {{"https_proxy", e}, {name, "x.test, .binance.com"}}), "direct") << name;
    EXPECT_EQ(way({}, {{"https_proxy", e}, {name, "*"}}), "direct") << name;
    EXPECT_EQ(way({}, {{"https_proxy", e}, {name, "notbinance.com"}}), e) << name;
    EXPECT_EQ(way({e}, {{name, "*"}}), e) << "what was said goes before the environment";
  }
  EXPECT_EQ(way({}, {{"https_proxy", e}}, "binance/um", true, "127.0.0.1"), "direct");
  EXPECT_EQ(way({e}, {}, "binance/um", true, "127.0.0.1"), e);
}

TEST(ProxyFlag, FindsABadVariableOnlyWhereItIsNeeded) {
  const Variables bad = {{"https_proxy", "https://user:canary@e:1"}};
  EXPECT_THAT(way({}, bad), AllOf(HasSubstr("https_proxy: "), Not(HasSubstr("canary"))));
  EXPECT_EQ(way({}, bad, "binance/um", true, "localhost"), "direct");
  EXPECT_EQ(way({"http://h:1"}, bad), "http://h:1");
}

/// Command lines with --proxy, and a file beside them.
class ProxyOnTheCommandLine : public ::testing::Test {
 protected:
  ProxyOnTheCommandLine()
      : path_(::testing::TempDir() + "bf_proxy_flag_" + std::to_string(::getpid()) + ".toml") {}
  ~ProxyOnTheCommandLine() override { std::filesystem::remove(path_); }

  void write_config(const std::string& text, std::filesystem::perms mode) {
    std::ofstream(path_) << text;
    std::filesystem::permissions(path_, mode);
  }
  /// What was refused; empty when nothing was.
  std::string parse(std::vector<const char*> arguments) {
    Program program;
    program.name = "bf-engine";
    Command run{"run", "Runs.", "", "", {}};
    run.add(run_flags(flags_));
    program.commands.push_back(std::move(run));
    arguments.insert(arguments.begin(), {"bf-engine", "run"});
    const auto parsed = parse_command_line(program, static_cast<int>(arguments.size()),
                                           arguments.data(), environment_of(variables_));
    return parsed ? "" : parsed.error().message();
  }

  static constexpr auto kPrivate = std::filesystem::perms(0600);
  static constexpr auto kShared = std::filesystem::perms(0640);
  std::string path_;
  Variables variables_;
  RunFlags flags_;
};

TEST_F(ProxyOnTheCommandLine, RefusesAPasswordThere) {
  for (const char* const value : {"http://user:canary@h:1", "binance=socks5h://canary@h:1"}) {
    const std::string said = parse({"--proxy", value});
    EXPECT_THAT(said, AllOf(HasSubstr("BF_PROXY"), HasSubstr("bf.toml with mode 0600")));
    EXPECT_THAT(said, Not(HasSubstr("canary")));
  }
  EXPECT_THAT(parse({"http://user:canary@h:1"}),
              AllOf(HasSubstr("one argument too many"), Not(HasSubstr("canary"))));
  EXPECT_EQ(parse({"--proxy", "http://h:1", "--proxy", "binance=direct"}), "");
  EXPECT_THAT(flags_.network.proxies, ::testing::ElementsAre("http://h:1", "binance=direct"));
}

TEST_F(ProxyOnTheCommandLine, TakesAPasswordFromTheEnvironment) {
  variables_["BF_PROXY"] = "http://user:canary@h:1";
  EXPECT_EQ(parse({}), "");
  EXPECT_THAT(flags_.network.proxies, ::testing::ElementsAre("http://user:canary@h:1"));
}

TEST_F(ProxyOnTheCommandLine, TakesAPasswordFromAFileOfItsOwnerAlone) {
  const std::string table =
      "[proxy]\nall = \"http://h:1\"\nbinance = \"socks5h://user:canary@h:1\"\n";
  write_config(table, kPrivate);
  EXPECT_EQ(parse({"--config", path_.c_str()}), "");
  EXPECT_THAT(flags_.network.proxies, ::testing::UnorderedElementsAre(
                                          "all=http://h:1", "binance=socks5h://user:canary@h:1"));
  write_config(table, kShared);
  EXPECT_THAT(parse({"--config", path_.c_str()}),
              AllOf(HasSubstr(path_ + ":1"), HasSubstr("chmod 600"), Not(HasSubstr("canary"))));
  write_config("proxy = \"http://h:1\"\n", kShared);
  EXPECT_EQ(parse({"--config", path_.c_str()}), "") << "nothing secret in it";
}

}  // namespace
}  // namespace bf::cli
