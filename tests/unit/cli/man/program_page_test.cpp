#include "cli/man/program_page.hpp"

#include "cli/man/roff.hpp"
#include "cli/setting_options.hpp"
#include "cli/verbs.hpp"
#include "servicekit/core/config_schema.hpp"
#include "unit/cli/program_fixture.hpp"

namespace program_page_test {

using servicekit::ParameterType;
using servicekit::Schema;
using ::testing::AllOf, ::testing::HasSubstr, ::testing::Not, ::testing::StartsWith;

struct Config {
    int port = 80;
    std::string mode = "fast";
    std::string password;
};

class ProgramPageTest : public servicekit::cli::ProgramFixture {
protected:
    ProgramPageTest() {
        auto schema = std::make_shared<Schema<Config>>();
        schema->add("port", &Config::port, "the TCP port", {.needs_restart = true, .option = "port"});
        schema->add("mode", &Config::mode, "", {.choices = {"fast", "safe"}, .positional = true});
        schema->add("password", &Config::password, "for the database", {.secret = true});
        own = schema;
        verbs.push_back(
            {.name = "shrink",
             .description = "makes one image smaller",
             .arguments = {{.name = "image", .type = ParameterType::path, .description = "the image"},
                           {.name = "more", .type = ParameterType::list, .default_value = servicekit::Value::List{}}},
             .options = {{.name = "width", .type = ParameterType::integer, .default_value = 64}},
             .run = [](servicekit::VerbRun&) { return 0; }});
    }
    std::string page() {
        EXPECT_EQ(run({"man"}), 0);
        EXPECT_EQ(error(), "");
        return out();
    }
};

TEST_F(ProgramPageTest, HasEachVerbAndEachSettingOfTheHelp) {
    const std::string text = page();
    for (const auto& verb : servicekit::cli::verbs(servicekit::cli::LispVerbs::hidden))
        EXPECT_THAT(text, HasSubstr(servicekit::cli::Roff::bold(verb.name).code() + "\n"));
    for (const auto& setting : servicekit::cli::setting_options({own.get()}))
        EXPECT_THAT(text, HasSubstr(servicekit::cli::Roff::bold("--" + setting.name).code()));
    EXPECT_THAT(text, Not(HasSubstr(R"(\fBrepl\fR)")));
}

TEST_F(ProgramPageTest, HasTheVerbsAndTheSettingsOfTheApplication) {
    const std::string text = page();
    EXPECT_THAT(text, AllOf(HasSubstr(R"(\fBshrink\fR \fIIMAGE\fR [\fIMORE\fR\&...])"), HasSubstr("the image"),
                            HasSubstr(R"(\fB\-\-width\fR \fIN\fR)")));
    EXPECT_THAT(text,
                AllOf(HasSubstr("\\fB\\-\\-port\\fR \\fIN\\fR\nthe TCP port (default: 80)"),
                      HasSubstr("JUST_ANOTHER_SERVER_APP_PORT"), HasSubstr("change needs a restart"),
                      HasSubstr(R"(one of \(aqfast\(aq, \(aqsafe\(aq)"), HasSubstr(R"(\fIMODE\fR (the setting)")));
}

TEST_F(ProgramPageTest, ASecretHasNoOption) {
    const std::string text = page();
    EXPECT_THAT(text, AllOf(HasSubstr("\\fBJUST_ANOTHER_SERVER_APP_PASSWORD\\fR\nfor the database\n.br\nA secret"),
                            Not(HasSubstr(R"(\-\-app.password)"))));
}

TEST_F(ProgramPageTest, HasNoDateUnlessTheBuildNamesOne) {
    EXPECT_THAT(page(), StartsWith(R"(.TH "JUST\-ANOTHER\-SERVER" "1" "" ")"));
    host.environment.set("SOURCE_DATE_EPOCH", "1795910400");
    EXPECT_EQ(run({"man"}), 0);
    EXPECT_THAT(out(), HasSubstr("\" \"1\" \"2026-11-29\" \""));
    host.environment.set("SOURCE_DATE_EPOCH", "today");
    EXPECT_THAT(page(), StartsWith(R"(.TH "JUST\-ANOTHER\-SERVER" "1" "" ")"));
}

TEST_F(ProgramPageTest, PrintsItAsJson) {
    EXPECT_EQ(run({"man", "--json"}), 0);
    EXPECT_THAT(out(), StartsWith(R"({"page":".TH )"));
}

TEST_F(ProgramPageTest, LoadsNothing) {
    hooks.on_load = [](servicekit::Settings&) { throw std::runtime_error{"was loaded"}; };
    EXPECT_THAT(page(), HasSubstr("SEE ALSO"));
}

TEST_F(ProgramPageTest, ADescriptionOfSeveralParagraphsKeepsThem) {
    const std::string text = servicekit::cli::program_page(
        {.name = "x", .description = "Serves\nfiles.\n\nSecond.\n\n  a table\n.x\n"}, {}, "");
    EXPECT_THAT(text, AllOf(HasSubstr("x \\- Serves\n"),
                            HasSubstr(".SH \"DESCRIPTION\"\nServes files.\\&\n.PP\nSecond.\\&\n.PP\n.nf\n\\&  a table\n"
                                      "\\&\\&.x\n.fi\n")));
}

TEST_F(ProgramPageTest, AServiceWithoutADescriptionHasANameLine) {
    for (const char* const description : {"", " \n ", "\n"})
        EXPECT_THAT(servicekit::cli::program_page({.name = "x", .description = description}, {}, ""),
                    HasSubstr("x \\- a service\n"));
}

}  // namespace program_page_test
