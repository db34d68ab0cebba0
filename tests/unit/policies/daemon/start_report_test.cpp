#include "policies/daemon/start_report.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>

namespace servicekit::policies {
namespace {

TEST(StartReportTest, BornIsALineWithThePid) {
    EXPECT_EQ(to_line(Born{4711}), "{\"pid\":4711}\n");
    EXPECT_EQ(std::get<Born>(start_report_from(to_line(Born{4711})).value()).pid, 4711);
}

TEST(StartReportTest, ReadyIsALineOfItsOwn) {
    EXPECT_EQ(to_line(Ready{}), "{\"ready\":true}\n");
    EXPECT_TRUE(std::holds_alternative<Ready>(start_report_from(to_line(Ready{})).value()));
}

TEST(StartReportTest, ExtendedIsALineWithTheTime) {
    const std::string line = to_line(Extended{std::chrono::seconds{25}});
    EXPECT_EQ(line, "{\"extended-ms\":25000}\n");
    EXPECT_EQ(std::get<Extended>(start_report_from(line).value()).time, std::chrono::seconds{25});
}

TEST(StartReportTest, TheLogIsALineWithItsFile) {
    const std::string line = to_line(LogsTo{"/var/log/x.log"});
    EXPECT_EQ(line, "{\"log\":\"/var/log/x.log\"}\n");
    EXPECT_EQ(std::get<LogsTo>(start_report_from(line).value()).file, "/var/log/x.log");
}

TEST(StartReportTest, ACrashKeepsItsText) {
    const std::string line = to_line(Crashed{"crashed by SIGSEGV, \"quoted\""});
    EXPECT_EQ(line, "crash: crashed by SIGSEGV, \"quoted\"\n");
    EXPECT_EQ(std::get<Crashed>(start_report_from(line.substr(0, line.size() - 1)).value()).what,
              "crashed by SIGSEGV, \"quoted\"");
}

TEST(StartReportTest, AnErrorArrivesWhole) {
    const Error sent{.exit_code = ExitCode::permission,
                     .action = "open the log",
                     .object = "/var/log/\"quoted\".log",
                     .reason = "Permission denied\nreally",
                     .errno_value = EACCES};
    const std::string line = to_line(sent);
    EXPECT_EQ(line.find('\n'), line.size() - 1);

    const Error received = std::get<Error>(start_report_from(line).value());
    EXPECT_EQ(received.exit_code, sent.exit_code);
    EXPECT_EQ(received.action, sent.action);
    EXPECT_EQ(received.object, sent.object);
    EXPECT_EQ(received.reason, sent.reason);
    EXPECT_EQ(received.errno_value, sent.errno_value);
}

TEST(StartReportTest, AnErrorAboutAPathThatIsNotUtf8Arrives) {
    const std::string line = to_line(Error{.exit_code = ExitCode::cannot_create, .object = "/run/\xE4.pid"});
    EXPECT_EQ(std::get<Error>(start_report_from(line).value()).object, "/run/\xEF\xBF\xBD.pid");
}

TEST(StartReportTest, MissingFieldsOfAnErrorAreEmpty) {
    const Error error = std::get<Error>(start_report_from(R"({"exit-code":78,"reason":7,"errno":-1})").value());
    EXPECT_EQ(error.exit_code, ExitCode::configuration);
    EXPECT_EQ(error.reason, "");
    EXPECT_EQ(error.errno_value, 0);
}

class NoStartReportTest : public ::testing::TestWithParam<std::string_view> {};

TEST_P(NoStartReportTest, IsNotParsed) { EXPECT_FALSE(start_report_from(GetParam()).has_value()); }

INSTANTIATE_TEST_SUITE_P(Lines, NoStartReportTest,
                         ::testing::Values("", "\n", R"({"pid":47)", "[4711]", "{}", R"({"pid":0})", R"({"pid":-1})",
                                           R"({"pid":9999999999})", R"({"pid":"4711"})", R"({"exit-code":0})",
                                           R"({"exit-code":256})", R"({"exit-code":"70"})"));

}  // namespace
}  // namespace servicekit::policies
