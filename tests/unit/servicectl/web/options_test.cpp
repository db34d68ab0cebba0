#include "servicectl/web/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

namespace servicekit::servicectl::web {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre, ::testing::HasSubstr;

/// Returns the options of `servicectl web ARGUMENTS...`, or what is wrong.
std::variant<Options, std::string> parsed(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "web");
    auto command = parse_command(arguments);
    if (const auto* answer = std::get_if<cli::Answer>(&command)) return answer->text;
    return options_of(std::get<Command>(command)).value();
}
std::string fault_of(const std::vector<std::string>& arguments) {
    const auto result = parsed(arguments);
    const auto* fault = std::get_if<std::string>(&result);
    return fault == nullptr ? "" : *fault;
}

TEST(WebAddressTest, IsAPathOrAHostWithAPort) {
    EXPECT_EQ(parse_address("/run/web.sock").value().path, "/run/web.sock");
    EXPECT_EQ(parse_address("./web.sock").value().path, "./web.sock");
    EXPECT_EQ(parse_address("localhost:80").value().host, "localhost");
    EXPECT_EQ(parse_address("localhost:80").value().port, 80);
    EXPECT_EQ(parse_address("[::1]:8080").value().host, "::1");
    EXPECT_EQ(parse_address("0.0.0.0:0").value().port, 0);
    for (const char* const wrong : {"", "localhost", "8080", ":8080", "::1:8080", "localhost:65536", "localhost:http",
                                    "[::1]", "[localhost]:80", "a b:80", "user@host:80"})
        EXPECT_FALSE(parse_address(wrong)) << wrong;
}

TEST(WebAddressTest, OnlyItsNumbersAndLocalhostAreTheLoopback) {
    for (const char* const text :
         {"localhost:1", "LOCALHOST:1", "127.0.0.1:1", "127.9.8.7:1", "[::1]:1", "[0:0:0:0:0:0:0:1]:1"})
        EXPECT_TRUE(parse_address(text).value().is_loopback()) << text;
    for (const char* const text : {"127.example.org:1", "0.0.0.0:1", "[::]:1", "db:1", "localhost.example.org:1",
                                   "127.0.0.300:1", "127.1:1", "127.0.0.1.:1"})
        EXPECT_FALSE(parse_address(text).value().is_loopback()) << text;
}

TEST(WebOptionsTest, AreAllRead) {
    const auto options = std::get<Options>(
        parsed({"web-*", "--listen", "db:443", "--token-file", "t", "--read-token-file=r", "--tls-cert", "c",
                "--tls-key", "k", "--read-only", "--host", "one", "--host", "two", "--interval", "5", "--all-users"}));
    EXPECT_EQ(options.listen.value().host, "db");
    EXPECT_EQ(options.token_file, "t");
    EXPECT_EQ(options.read_token_file, "r");
    EXPECT_EQ(options.certificate, "c");
    EXPECT_EQ(options.key, "k");
    EXPECT_TRUE(options.read_only);
    EXPECT_THAT(options.hosts, ElementsAre("one", "two"));
    EXPECT_EQ(options.interval, 5s);
    EXPECT_THAT(options.patterns, ElementsAre("web-*"));
    EXPECT_TRUE(options.all_users);
}

TEST(WebOptionsTest, AreNotNeededForAUnixSocket) {
    EXPECT_FALSE(std::get<Options>(parsed({})).listen);
    EXPECT_TRUE(std::get<Options>(parsed({"--listen", "/run/web.sock"})).listen.value().is_unix());
}

TEST(WebOptionsTest, ATcpSocketNeedsATokenAndTheNetworkNeedsTls) {
    EXPECT_THAT(fault_of({"--listen", "localhost:80"}), HasSubstr("--token-file"));
    EXPECT_EQ(fault_of({"--listen", "localhost:80", "--token-file", "t"}), "");
    EXPECT_THAT(fault_of({"--listen", "0.0.0.0:80", "--token-file", "t"}), HasSubstr("--insecure"));
    EXPECT_EQ(fault_of({"--listen", "0.0.0.0:80", "--token-file", "t", "--insecure"}), "");
    EXPECT_EQ(fault_of({"--listen", "0.0.0.0:80", "--token-file", "t", "--tls-cert", "c", "--tls-key", "k"}), "");
}

TEST(WebOptionsTest, ContradictionsAreRefused) {
    EXPECT_THAT(fault_of({"--read-only", "--allow-actions"}), HasSubstr("contradicts"));
    EXPECT_THAT(fault_of({"--tls-cert", "c"}), HasSubstr("belong together"));
    EXPECT_THAT(fault_of({"--tls-cert", "c", "--tls-key", "k"}), HasSubstr("--listen HOST:PORT"));
    EXPECT_THAT(fault_of({"--insecure"}), HasSubstr("--listen HOST:PORT"));
    EXPECT_THAT(fault_of({"--read-token-file", "r"}), HasSubstr("--token-file"));
    EXPECT_THAT(fault_of({"--listen", "nonsense"}), HasSubstr("HOST:PORT"));
    EXPECT_THAT(fault_of({"--interval", "0.1"}), HasSubstr("0.5 to 60"));
    EXPECT_THAT(fault_of({"--interval", "nan"}), HasSubstr("0.5 to 60"));
    EXPECT_THAT(fault_of({"--host", "a/b"}), HasSubstr("name of a host"));
    EXPECT_THAT(fault_of({"--token-file", ""}), HasSubstr("not empty"));
    EXPECT_THAT(fault_of({"--json"}), HasSubstr("list --json"));
    EXPECT_THAT(fault_of({"--nonsense"}), HasSubstr("has no option"));
}

}  // namespace
}  // namespace servicekit::servicectl::web
