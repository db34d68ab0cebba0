#include "servicectl/man.hpp"

#include "cli/man/roff.hpp"
#include "cli/verbs.hpp"
#include "core/setting_table.hpp"
#include "servicectl/own_verbs.hpp"
#include "unit/servicectl/servicectl_fixture.hpp"

namespace servicekit::servicectl {
namespace {

using ::testing::AllOf, ::testing::HasSubstr, ::testing::Not, ::testing::StartsWith;

class ServicectlManTest : public ServicectlFixture {};

TEST_F(ServicectlManTest, ItsPageHasAllOfItsVerbsAndTheirOptions) {
    ASSERT_EQ(run({"man"}), 0);
    const std::string page = out();
    EXPECT_THAT(page, StartsWith(R"(.TH "SERVICECTL" "1" "" )"));
    for (const OwnVerb& verb : own_verbs()) {
        EXPECT_THAT(page, HasSubstr(cli::Roff::bold(verb.name).code()));
        for (const OptionRow& option : verb.options)
            EXPECT_THAT(page, HasSubstr(cli::Roff::bold(option.name).code())) << verb.name;
    }
    for (const cli::VerbDescription& verb : cli::verbs(cli::LispVerbs::shown)) {
        if (!has_verb(verb.verb)) continue;
        EXPECT_THAT(page, HasSubstr(cli::Roff::bold(verb.name).code() + R"( \fITARGET\fR)"));
        for (const cli::OptionDescription& option : options_of_verb(verb.verb))
            EXPECT_THAT(page, HasSubstr(cli::Roff::bold(option.name).code())) << verb.name;
    }
    EXPECT_THAT(page, AllOf(HasSubstr(R"(\fB\-t\fR, \fB\-\-test\fR)"), HasSubstr(R"(.SH "TARGETS")"),
                            HasSubstr(R"(.SH "OTHER USERS")")));
}

TEST_F(ServicectlManTest, ThePageOfAllServicesHasTheirVerbsSettingsSignalsFilesAndCodes) {
    ASSERT_EQ(run({"man", "servicekit"}), 0);
    const std::string page = out();
    EXPECT_THAT(page, StartsWith(R"(.TH "SERVICEKIT" "7" "" )"));
    for (const cli::VerbDescription& verb : cli::verbs(cli::LispVerbs::shown))
        EXPECT_THAT(page, HasSubstr("\n.TP\n" + cli::Roff::bold(verb.name).code()));
    for (const SettingRow& setting : setting_table(SettingScope::every_service))
        EXPECT_THAT(page, HasSubstr("\n.TP\n" + cli::Roff::bold(setting.name).code() + "\n"));
    EXPECT_THAT(page,
                AllOf(HasSubstr("\n\\fB78\\fR\n"), HasSubstr(R"(\fBSIGHUP\fR)"), HasSubstr(R"(\fBRUN/NAME.pid\fR)"),
                      HasSubstr(R"(\fBSERVICEKIT_RECORDS\fR)"), HasSubstr(R"(\fBreloading\fR)")));
}

TEST_F(ServicectlManTest, NoLinkToAPageOfTheReferenceIsLeft) {
    for (const std::string& page : {servicekit_page(""), servicectl_page("")})
        for (const char* const left : {"](", "settings.md", "verbs.md", "files.md", "**", "| ", "\\(ga"})
            EXPECT_THAT(page, Not(HasSubstr(left)));
}

TEST_F(ServicectlManTest, PrintsTheSamePageOnEachDayAndForEachUser) {
    EXPECT_EQ(run({"man"}), 0);
    act_as(alice);
    const std::string first = out();
    EXPECT_EQ(run({"man"}), 0);
    EXPECT_EQ(out(), first + first);
}

TEST_F(ServicectlManTest, RefusesAPageThatItDoesNotHave) {
    EXPECT_EQ(run({"man", "ls"}), 64);
    EXPECT_THAT(error(), HasSubstr("not 'ls'"));
    EXPECT_EQ(run({"completion"}), 64);
    EXPECT_THAT(error(), HasSubstr("missing shell: bash, zsh or fish"));
    EXPECT_EQ(run({"completion", "tcsh"}), 64);
    EXPECT_THAT(error(), HasSubstr("'tcsh' is not one of bash, zsh and fish"));
}

}  // namespace
}  // namespace servicekit::servicectl
