#include "servicectl/new/project_name.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/names.hpp"

namespace servicekit::servicectl {
namespace {

using ::testing::AllOf, ::testing::EndsWith, ::testing::HasSubstr, ::testing::Not;

std::string refusal(const std::string& name) {
    const auto project = ProjectName::from(name);
    if (project) return "accepted";
    EXPECT_EQ(project.error().exit_code, ExitCode::usage) << name;
    return project.error().message();
}

TEST(ProjectNameTest, HasEachForm) {
    const auto name = ProjectName::from("web-front_2");

    ASSERT_TRUE(name);
    EXPECT_EQ(name->service, "web-front_2");
    EXPECT_EQ(name->file, "web_front_2");
    EXPECT_EQ(name->class_name, "WebFront2Service");
    EXPECT_EQ(name->variable, "WEB_FRONT_2");
}

TEST(ProjectNameTest, AClassIsCalledServiceOnce) {
    EXPECT_EQ(ProjectName::from("mailbox")->class_name, "MailboxService");
    EXPECT_EQ(ProjectName::from("mail-service")->class_name, "MailService");
    EXPECT_EQ(ProjectName::from("class")->class_name, "ClassService");
    EXPECT_EQ(ProjectName::from("service")->class_name, "Service");
}

TEST(ProjectNameTest, RefusesAnInvalidNameAndSuggestsOne) {
    EXPECT_THAT(refusal("Mailbox"), EndsWith("; try 'mailbox'"));
    EXPECT_THAT(refusal("WebFront2"), EndsWith("; try 'web-front2'"));
    EXPECT_THAT(refusal("web.front"), EndsWith("; try 'web-front'"));
    EXPECT_THAT(refusal("web--front"), EndsWith("; try 'web-front'"));
    EXPECT_THAT(refusal("-web_"), EndsWith("; try 'web'"));
    EXPECT_THAT(refusal("2web"), EndsWith("; try 'web'"));
    EXPECT_THAT(refusal("a b;$(c)\n"), EndsWith("; try 'a-b-c'"));
    EXPECT_THAT(refusal("../../etc/passwd"), EndsWith("; try 'etc-passwd'"));
    EXPECT_THAT(refusal(std::string(32, 'a')), EndsWith("; try '" + std::string(31, 'a') + "'"));
    EXPECT_THAT(refusal("Test"), EndsWith("; try 'test-service'"));
}

TEST(ProjectNameTest, RefusesWhatHasNoLetter) {
    for (const char* const name : {"", "2", "--", "...", "\xff\xfe", "\xc3\xa4"})
        EXPECT_THAT(refusal(name), AllOf(HasSubstr("a new service takes"), Not(HasSubstr("try")))) << name;
}

TEST(ProjectNameTest, RefusesTheNamesOfTargetsLibrariesAndServicekit) {
    EXPECT_THAT(refusal("test"), HasSubstr("it is a name of CMake; try 'test-service'"));
    EXPECT_THAT(refusal("pthread"), HasSubstr("it is a name of a library; try 'pthread-service'"));
    EXPECT_THAT(refusal("servicectl"), HasSubstr("it is a name of servicekit; try 'servicectl-service'"));
}

TEST(ProjectNameTest, RefusesTheUsersThatEachDebianHas) {
    for (const char* const name : {"daemon", "bin", "sys", "sync", "games", "man", "lp", "mail", "news", "uucp",
                                   "proxy", "www-data", "backup", "list", "irc", "gnats", "nobody"})
        EXPECT_THAT(refusal(name),
                    HasSubstr("it is a name of a user of Debian; try '" + std::string{name} + "-service'"));
    EXPECT_THAT(refusal("root"), HasSubstr("it is a name of the user root"));
}

TEST(ProjectNameTest, EachSuggestionIsAccepted) {
    for (const char* const name : {"Mailbox", "a__b", "All", "root", "x\ty", "HTTPServer", "m-", "_c", "9to5",
                                   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bcd"}) {
        const std::string message = refusal(name);
        const std::string begin = "; try '";
        const auto at = message.rfind(begin);
        ASSERT_NE(at, std::string::npos) << message;
        const std::string better = message.substr(at + begin.size(), message.size() - at - begin.size() - 1);
        EXPECT_TRUE(ProjectName::from(better)) << better;
        EXPECT_TRUE(is_valid_name(better));
    }
}

}  // namespace
}  // namespace servicekit::servicectl
