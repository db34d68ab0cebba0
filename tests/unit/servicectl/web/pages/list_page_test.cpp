#include "servicectl/web/pages/list_page.hpp"

#include <gmock/gmock.h>

#include "unit/servicectl/web/pages/checked_page.hpp"
#include "unit/servicectl/web/pages/sample_views.hpp"

namespace servicekit::servicectl::web {
namespace {

using ::testing::HasSubstr, ::testing::IsEmpty, ::testing::Not;

class ListPageTest : public ::testing::Test {
protected:
    ListPageTest() { view.frame = acting_frame(); }
    [[nodiscard]] std::string page() const { return list_page(view); }
    [[nodiscard]] std::string text() const { return text_in(page()); }

    ListView view;
};

TEST_F(ListPageTest, ShowsWhatIsKnownOfAService) {
    view.services = {running_line()};
    view.services[0].busy = "backup";
    view.services[0].busy_percent = 42.5;

    for (const char* const shown : {"greeter", "1.2", "root", "pid 4711", "running", "ready", "1h 1m", "3.4 %",
                                    "5.0 MiB", "12.5", "backup", "42 %"})
        EXPECT_THAT(text(), HasSubstr(shown));
    EXPECT_THAT(page(), HasSubstr("<a href=\"/services/greeter\">greeter</a>"));
    EXPECT_THAT(page(), HasSubstr("value=\"42.5\""));
    EXPECT_THAT(faults_of(page()), IsEmpty());
}

TEST_F(ListPageTest, ShowsWhyThereIsNoStatus) {
    ServiceLine hung;
    hung.id = hung.name = "slow";
    hung.state = "hung";
    hung.reason = "it did not answer in 0.5 s";
    view.services = {hung};

    EXPECT_THAT(text(), HasSubstr("hung"));
    EXPECT_THAT(text(), HasSubstr("it did not answer in 0.5 s"));
    EXPECT_THAT(faults_of(page()), IsEmpty());
}

TEST_F(ListPageTest, AStateThatSaysItAllHasNoHealth) {
    view.services = {running_line("a"), running_line("b"), running_line("c")};
    for (ServiceLine& line : view.services) line.health = ServiceLine::Health::not_ready;
    view.services[0].state = "hung";
    view.services[0].health_reason = "hung";
    view.services[1].health_reason = "not ready";
    view.services[2].health_reason = "database: refused";
    const std::string shown = text();

    EXPECT_EQ(page().find("data-announce=\"a is hung\""), page().rfind("data-announce=\"a is"));
    EXPECT_THAT(shown, Not(HasSubstr("hunghung")));
    EXPECT_THAT(shown, Not(HasSubstr("not readynot ready")));
    EXPECT_THAT(shown, HasSubstr("not readydatabase: refused"));
    view.services[2].state = "stopped";
    view.services[2].reason = "No such file or directory";
    EXPECT_THAT(text(), Not(HasSubstr("No such file")));
}

TEST_F(ListPageTest, CountsTheServicesInEachCondition) {
    view.services.assign(6, running_line());
    for (std::size_t i = 0; i < view.services.size(); ++i) view.services[i].id = "s" + std::to_string(i);
    view.services[1].health = ServiceLine::Health::not_ready;
    view.services[2].state = "hung";
    view.services[3].state = "dead";
    view.services[4].state = "stopped";
    view.services[5].state = "no access";

    for (const char* const count : {"6 in all", "1 healthy", "1 not ready", "2 hung or dead", "1 stopped", "1 unknown"})
        EXPECT_THAT(text(), HasSubstr(count));
    EXPECT_THAT(page(), HasSubstr("data-title=\"(3) Services · db-7\""));
}

TEST_F(ListPageTest, TellsConditionsApartByWordAndShape) {
    view.services = {running_line("a"), running_line("b")};
    view.services[1].state = "hung";
    const std::string page = this->page();

    EXPECT_THAT(page, HasSubstr("<span>running</span>"));
    EXPECT_THAT(page, HasSubstr("<span>hung</span>"));
    EXPECT_THAT(page, HasSubstr("class=\"badge failed\""));
    EXPECT_THAT(page, HasSubstr("data-announce=\"a is running and ready\""));
}

TEST_F(ListPageTest, ExplainsAnEmptyList) {
    EXPECT_THAT(text(), HasSubstr("No service was found on this machine."));
    view.of_others = 1;
    EXPECT_THAT(text(), HasSubstr("1 service of other users is left out."));
    view.failure = "cannot read /run: Permission denied";
    EXPECT_THAT(text(), HasSubstr("cannot read /run: Permission denied"));
    EXPECT_THAT(text(), Not(HasSubstr("No service was found")));
}

TEST_F(ListPageTest, CanBeReadWithoutScript) {
    view.services = {running_line()};

    EXPECT_THAT(page(), HasSubstr("<noscript>"));
    EXPECT_THAT(page(), HasSubstr("id=\"filter\" hidden"));                   // the script shows it
    EXPECT_THAT(page(), HasSubstr("<button type=\"button\" class=\"count"));  // the script enables it
    EXPECT_THAT(page(), HasSubstr("disabled"));
}

TEST_F(ListPageTest, KeepsTheMeaningOfTheTableOnNarrowScreens) {
    view.services = {running_line()};

    for (const char* const role : {"role=\"table\"", "role=\"rowgroup\"", "role=\"row\"", "role=\"columnheader\"",
                                   "role=\"rowheader\"", "role=\"cell\"", "data-label=\"Memory\""})
        EXPECT_THAT(page(), HasSubstr(role));
}

TEST_F(ListPageTest, DisarmsHostileServices) {
    view.services = {hostile_view().line};
    view.failure = hostile;
    view.frame = hostile_view().frame;

    EXPECT_THAT(faults_of(page()), IsEmpty());
    EXPECT_THAT(page(), Not(HasSubstr("<script>")));
    EXPECT_THAT(page(), Not(HasSubstr("<img")));
    EXPECT_THAT(page(), HasSubstr(disarmed));
}

TEST_F(ListPageTest, ShowsLongNamesInPart) {
    view.services = {running_line()};
    view.services[0].name.assign(100'000, 'n');
    view.services[0].state.assign(100'000, 's');
    view.services[0].reason.assign(100'000, 'r');

    EXPECT_LT(page().size(), 16'000U);
}

TEST_F(ListPageTest, OffersToLogOutIfTheUserHasLoggedIn) {
    EXPECT_THAT(page(), HasSubstr("action=\"/logout\""));
    view.frame.offers_login = false;
    EXPECT_THAT(page(), Not(HasSubstr("action=\"/logout\"")));
}

}  // namespace
}  // namespace servicekit::servicectl::web
