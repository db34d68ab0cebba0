#include "servicectl/web/pages/event_form.hpp"

#include <gmock/gmock.h>

#include "unit/servicectl/web/pages/checked_page.hpp"
#include "unit/servicectl/web/pages/sample_views.hpp"

namespace servicekit::servicectl::web {
namespace {

using ::testing::AllOf, ::testing::HasSubstr, ::testing::IsEmpty, ::testing::MatchesRegex, ::testing::Not;

class EventFormTest : public ::testing::Test {
protected:
    EventFormTest() { event.name = "climb"; }

    [[nodiscard]] std::string form() const { return event_form(frame, "greeter", event, 1).markup(); }
    /// Returns the form of an event with one parameter.
    [[nodiscard]] std::string form_of(const ParameterField& parameter) {
        event.parameters = {parameter};
        const std::string markup = form();
        EXPECT_THAT(faults_of(markup), IsEmpty());
        return markup;
    }

    Frame frame = acting_frame();
    EventForm event;
};

TEST_F(EventFormTest, IsSentToTheEventWithTheTokenOfTheSession) {
    EXPECT_THAT(form(), HasSubstr("<form method=\"post\" action=\"/services/greeter/events/climb\""));
    EXPECT_THAT(form(), HasSubstr("<input type=\"hidden\" name=\"form_token\" value=\"t0k3n\">"));
    EXPECT_THAT(form(), HasSubstr("<button type=\"submit\">Run climb</button>"));
}

TEST_F(EventFormTest, AStringIsATextWithItsDefault) {
    EXPECT_THAT(form_of({.name = "to", .type = "string", .help = "whither", .default_value = "peak"}),
                AllOf(HasSubstr("<label for=\"event-1-0\">to</label>"),
                      HasSubstr("name=\"p.to\" aria-describedby=\"event-1-0-hint\" type=\"text\""),
                      HasSubstr("value=\"peak\""), HasSubstr("whither"), Not(HasSubstr("required"))));
}

TEST_F(EventFormTest, ADefaultOfSeveralLinesKeepsThem) {
    EXPECT_THAT(form_of({.name = "text", .type = "string", .default_value = "a\nb"}), HasSubstr(">a\nb</textarea>"));
}

TEST_F(EventFormTest, ARequiredParameterMustBeFilledIn) {
    EXPECT_THAT(form_of({.name = "to", .type = "string", .is_required = true}),
                AllOf(HasSubstr(" required type=\"text\""), HasSubstr("string, required")));
}

TEST_F(EventFormTest, ANumberHasItsRange) {
    EXPECT_THAT(form_of({.name = "to", .type = "integer", .default_value = "100", .minimum = "1", .maximum = "8848"}),
                AllOf(HasSubstr("type=\"number\" step=\"1\" min=\"1\" max=\"8848\" value=\"100\""),
                      HasSubstr("integer, 1 to 8848, default 100")));
    EXPECT_THAT(form_of({.name = "to", .type = "number", .minimum = "0.5"}),
                AllOf(HasSubstr("step=\"any\" min=\"0.5\""), HasSubstr("at least 0.5")));
    EXPECT_THAT(form_of({.name = "to", .type = "number", .maximum = "9"}), HasSubstr("at most 9"));
}

TEST_F(EventFormTest, ABooleanIsABoxThatSendsFalseIfItIsEmpty) {
    EXPECT_THAT(form_of({.name = "fast", .type = "boolean", .default_value = "true"}),
                AllOf(HasSubstr("<input type=\"hidden\" name=\"p.fast\" value=\"false\"><input"),
                      HasSubstr("type=\"checkbox\" value=\"true\" checked")));
    EXPECT_THAT(form_of({.name = "fast", .type = "boolean", .default_value = "false"}), Not(HasSubstr(" checked")));
}

TEST_F(EventFormTest, ABooleanThatMayBeLeftOutIsAChoice) {
    EXPECT_THAT(form_of({.name = "fast", .type = "boolean"}),
                AllOf(HasSubstr("<option value=\"\" selected>(not given)</option><option value=\"true\">true</option>"),
                      Not(HasSubstr("checkbox"))));
}

TEST_F(EventFormTest, ChoicesAreAList) {
    EXPECT_THAT(form_of({.name = "side", .type = "string", .default_value = "north", .choices = {"south", "north"}}),
                AllOf(HasSubstr("<select "), HasSubstr("<option value=\"south\">south</option>"),
                      HasSubstr("<option value=\"north\" selected>north</option>"), Not(HasSubstr("(not given)"))));
}

TEST_F(EventFormTest, ASecretIsNotShown) {
    EXPECT_THAT(form_of({.name = "key", .type = "string", .is_secret = true, .default_value = "hunter2"}),
                AllOf(HasSubstr("type=\"password\" autocomplete=\"new-password\""), Not(HasSubstr("hunter2"))));
}

TEST_F(EventFormTest, APathIsAbsolute) {
    EXPECT_THAT(form_of({.name = "file", .type = "path"}), HasSubstr("pattern=\"/.*\""));
}

TEST_F(EventFormTest, ListsAndObjectsAreJson) {
    EXPECT_THAT(form_of({.name = "all", .type = "list", .default_value = "[1]"}), HasSubstr(">[1]</textarea>"));
    EXPECT_THAT(form_of({.name = "all", .type = "object"}), HasSubstr("placeholder=\"{&quot;key&quot;: 1}\""));
}

TEST_F(EventFormTest, AReadOnlySessionSeesTheParametersWithoutAForm) {
    frame = reading_frame();
    EXPECT_THAT(form_of({.name = "to", .type = "integer", .help = "whither"}),
                AllOf(Not(HasSubstr("<form")), HasSubstr("started with --read-only"), HasSubstr("whither")));
}

TEST_F(EventFormTest, AnEventThatIsNotOfferedHasItsReason) {
    event.why_not = "needs the role owner";
    EXPECT_THAT(form(), AllOf(Not(HasSubstr("<form")), HasSubstr("needs the role owner")));
}

TEST_F(EventFormTest, AnEventNameCannotLeadElsewhere) {
    event.name = "../../stop";
    EXPECT_THAT(form(), HasSubstr("action=\"/services/greeter/events/..%2F..%2Fstop\""));
    event.name = "..";
    EXPECT_THAT(form(), HasSubstr("action=\"/services/greeter/events/..~\""));
}

TEST_F(EventFormTest, TooManyParametersAreNotAForm) {
    event.parameters.assign(1000, {.name = "p", .type = "string"});
    EXPECT_THAT(form(), AllOf(Not(HasSubstr("<form")), HasSubstr("too many parameters")));
    EXPECT_LT(form().size(), 16'000U);
}

TEST_F(EventFormTest, DisarmsHostileEvents) {
    const ServiceView view = hostile_view();
    for (const EventForm& one : view.events) {
        event = one;
        EXPECT_THAT(faults_of(form()), IsEmpty());
        EXPECT_THAT(form(), AllOf(HasSubstr(disarmed), Not(HasSubstr("<script")), Not(HasSubstr("<img"))));
    }
}

}  // namespace
}  // namespace servicekit::servicectl::web
