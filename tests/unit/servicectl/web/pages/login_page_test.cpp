#include "servicectl/web/pages/login_page.hpp"

#include <gmock/gmock.h>

#include "servicectl/web/pages/error_page.hpp"
#include "unit/servicectl/web/pages/checked_page.hpp"
#include "unit/servicectl/web/pages/sample_views.hpp"

namespace servicekit::servicectl::web {
namespace {

using ::testing::AllOf, ::testing::HasSubstr, ::testing::IsEmpty, ::testing::Not;

TEST(LoginPageTest, AsksForTheTokenAndRemembersThePage) {
    const std::string page = login_page(reading_frame(), "", "/services/greeter");

    EXPECT_THAT(
        page, AllOf(HasSubstr("<form method=\"post\" action=\"/login\""),
                    HasSubstr("<input type=\"hidden\" name=\"next\" value=\"/services/greeter\">"),
                    HasSubstr("type=\"password\" id=\"token\" name=\"token\" required"),
                    HasSubstr("aria-invalid=\"false\""), Not(HasSubstr("role=\"alert\"")), Not(HasSubstr("/logout"))));
    EXPECT_THAT(faults_of(page), IsEmpty());
}

TEST(LoginPageTest, SaysWhyATokenWasRefused) {
    const std::string page = login_page(reading_frame(), "this is not the token", "/");

    EXPECT_THAT(page, AllOf(HasSubstr("role=\"alert\""), HasSubstr("this is not the token"),
                            HasSubstr("aria-invalid=\"true\" aria-describedby=\"refusal token-hint\"")));
    EXPECT_THAT(faults_of(page), IsEmpty());
}

TEST(LoginPageTest, DisarmsWhatTheAddressContains) {
    const std::string page = login_page(reading_frame(), hostile, hostile);

    EXPECT_THAT(faults_of(page), IsEmpty());
    EXPECT_THAT(page, HasSubstr("name=\"next\" value=\"" + disarmed + "\""));
}

TEST(ErrorPageTest, ShowsTheReasonAndAWayBack) {
    const std::string page = error_page(acting_frame(), 404, "No such service", "There is none of this name.");

    EXPECT_THAT(page, AllOf(HasSubstr("<h1>No such service</h1>"), HasSubstr("404"),
                            HasSubstr("There is none of this name."), HasSubstr("<a href=\"/\">All services</a>")));
    EXPECT_THAT(faults_of(page), IsEmpty());
    EXPECT_THAT(faults_of(error_page(acting_frame(), 400, hostile, hostile)), IsEmpty());
}

}  // namespace
}  // namespace servicekit::servicectl::web
