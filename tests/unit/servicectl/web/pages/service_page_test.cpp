#include "servicectl/web/pages/service_page.hpp"

#include <gmock/gmock.h>

#include "unit/servicectl/web/pages/checked_page.hpp"
#include "unit/servicectl/web/pages/sample_views.hpp"

namespace servicekit::servicectl::web {
namespace {

using ::testing::AllOf, ::testing::HasSubstr, ::testing::IsEmpty, ::testing::Not;

std::string text_of_page(const ServiceView& view) { return text_in(service_page(view)); }

TEST(ServicePageTest, ShowsEveryPart) {
    const std::string page = service_page(full_view());
    for (const char* const shown : {"greeter", "running", "ready", "1h 1m", "5.0 MiB", "greeter.service",
                                    "database: ok", "greet", "says hello", "guest 4 of 10", "info greeter[4711]: hello",
                                    "lines_total", "3/s", "port", "8080", "config file /etc/greeter.json",
                                    "/run/greeter/greeter.sock", "SIGSEGV in the event 'greet'", "#0 greet\n#1 main"})
        EXPECT_THAT(text_in(page), HasSubstr(shown));
    EXPECT_THAT(faults_of(page), IsEmpty());
    EXPECT_THAT(page, HasSubstr("data-live=\"/services/greeter/live\""));
}

TEST(ServicePageTest, HasLandmarksAndASkipLink) {
    const std::string page = service_page(full_view());
    for (const char* const part :
         {"<html lang=\"en\">", "<a class=\"skip\" href=\"#main\">", "<header ", "<main id=\"main\"", "<footer ",
          "<nav class=\"path\" aria-label=\"Path\">", "<h1>greeter</h1>",
          "id=\"announcer\" class=\"unseen\" role=\"status\" aria-live=\"polite\"",
          "role=\"log\" aria-live=\"off\" tabindex=\"0\""})
        EXPECT_THAT(page, HasSubstr(part));
}

TEST(ServicePageTest, EveryActionIsAFormWithTheToken) {
    const std::string page = service_page(full_view());
    for (const char* const action : {"reload", "log-level", "stop", "restart"})
        EXPECT_THAT(page, HasSubstr(std::string{"<form method=\"post\" action=\"/services/greeter/"} + action + "\""));
    EXPECT_THAT(page, HasSubstr("<option value=\"info\" selected>info</option>"));
}

TEST(ServicePageTest, StopAndRestartAskFirst) {
    const std::string page = service_page(full_view());
    for (const char* const action : {"stop", "restart"}) {
        const std::size_t details = page.find("<details class=\"confirm\" id=\"" + std::string{action} + "\">");
        ASSERT_NE(details, std::string::npos);
        EXPECT_LT(details, page.find("action=\"/services/greeter/" + std::string{action}));
        EXPECT_LT(page.find("action=\"/services/greeter/" + std::string{action}), page.find("</details>", details));
    }
    EXPECT_THAT(text_in(page), HasSubstr("Stop greeter?"));
}

TEST(ServicePageTest, AnActionThatIsNotOfferedHasItsReason) {
    ServiceView view = full_view();
    view.restart.why_not = "no unit of systemd runs it";
    const std::string page = service_page(view);

    EXPECT_THAT(page, Not(HasSubstr("action=\"/services/greeter/restart\"")));
    EXPECT_THAT(page,
                HasSubstr("<button type=\"button\" disabled aria-describedby=\"why-no-restart\">Restart</button>"));
    EXPECT_THAT(text_in(page), HasSubstr("no unit of systemd runs it"));
    EXPECT_THAT(faults_of(page), IsEmpty());
}

TEST(ServicePageTest, AReadOnlySessionHasNoForms) {
    ServiceView view = full_view();
    view.frame = reading_frame();
    view.frame.offers_login = false;

    EXPECT_THAT(service_page(view), Not(HasSubstr("<form")));
    EXPECT_THAT(text_of_page(view), HasSubstr("started with --read-only"));
}

TEST(ServicePageTest, ExplainsWhatIsMissing) {
    ServiceView view;
    view.frame = acting_frame();
    view.line.id = view.line.name = "slow";
    view.line.state = "hung";
    view.line.reason = "it did not answer";
    view.events_reason = "no events: it did not answer";
    view.settings_reason = "no settings: it did not answer";
    view.log_reason = "no log: it has none";
    view.metrics_reason = "no metrics: it did not answer";
    view.crashes_reason = "no crashes: not readable";
    const std::string page = service_page(view);

    for (const std::string& reason : {view.line.reason, view.events_reason, view.settings_reason, view.log_reason,
                                      view.metrics_reason, view.crashes_reason})
        EXPECT_THAT(text_in(page), HasSubstr(reason));
    EXPECT_THAT(faults_of(page), IsEmpty());
}

TEST(ServicePageTest, GroupsMetricsByWhatTheyMeasure) {
    ServiceView view = full_view();
    const auto metric = [](const char* name) { return MetricChart{.name = name, .history = {1}, .last = 1}; };
    view.metrics = {metric("servicekit_events_total{event=\"greet\"}"), metric("process_open_fds"), metric("visitors")};
    const std::string page = service_page(view);

    EXPECT_LT(page.find("visitors"), page.find("process_open_fds"));
    EXPECT_LT(page.find("process_open_fds"), page.find("servicekit_events_total"));
    EXPECT_THAT(text_in(page), HasSubstr("{event=\"greet\"}"));
}

TEST(ServicePageTest, EventsOfTheProgramAreFirst) {
    ServiceView view = full_view();
    view.events.insert(view.events.begin(), {.name = "log-reopen", .role = "operate"});
    const std::string page = service_page(view);

    EXPECT_LT(page.find("events/greet"), page.find("events/log-reopen"));
}

TEST(ServicePageTest, SaysWhyMetricsAreLeftOutOrOld) {
    ServiceView view = full_view();
    view.metrics = {{.name = "visitors", .history = {1}, .last = 1}};
    view.metrics_reason = "7 more series are not shown";

    EXPECT_THAT(text_of_page(view), HasSubstr("7 more series are not shown"));
    EXPECT_THAT(text_of_page(view), HasSubstr("visitors"));
}

TEST(ServicePageTest, MetricsThatAreZeroAreFolded) {
    ServiceView view = full_view();
    view.metrics = {{.name = "never", .is_rate = true, .history = {0, 0}, .last = 0},
                    {.name = "over", .is_rate = true, .history = {1, 0}, .last = 0},
                    {.name = "once", .is_rate = true, .history = {0, 0}, .last = 1}};
    const std::string page = service_page(view);

    EXPECT_THAT(text_in(page), HasSubstr("1 series is 0never"));
    EXPECT_LT(page.find("once"), page.find("never"));
    EXPECT_THAT(faults_of(page), IsEmpty());
}

TEST(ServicePageTest, TimesAndFactsAreNotCharts) {
    ServiceView view = full_view();
    view.line.request_history.clear();
    view.metrics = {
        {.name = "process_start_time_seconds", .unit = "seconds", .history = {1.7e9}, .last = 1'764'565'200},
        {.name = "servicekit_build_info{version=\"1.2\"}", .history = {1, 1}, .last = 1}};
    const std::string page = service_page(view);

    EXPECT_THAT(text_in(page), HasSubstr("2025-12-01T05:00:00Z"));
    EXPECT_THAT(text_in(page), HasSubstr("{version=\"1.2\"}"));
    EXPECT_THAT(page, Not(HasSubstr("class=\"chart\"")));
    view.metrics[0].last = 1e300;
    EXPECT_THAT(faults_of(service_page(view)), IsEmpty());
}

TEST(ServicePageTest, DisarmsEverythingThatIsHostile) {
    const ServiceView view = hostile_view();
    const std::string page = service_page(view);

    EXPECT_THAT(faults_of(page), IsEmpty());
    EXPECT_THAT(page, AllOf(Not(HasSubstr("<script>")), Not(HasSubstr("<img")), Not(HasSubstr("\xE2\x80\xAE"))));
    std::size_t shown = 0;
    for (std::size_t at = page.find(disarmed); at != std::string::npos; at = page.find(disarmed, at + 1)) ++shown;
    EXPECT_GT(shown, 40U);
}

TEST(ServicePageTest, StaysSmallWhateverAServiceReports) {
    ServiceView view = full_view();
    view.events.assign(5000, view.events[0]);
    view.settings.assign(1100, {"s", std::string(5000, 'v'), "default"});
    view.log.assign(600, std::string(5000, 'l'));
    view.metrics.assign(5000, {.name = "m", .history = std::vector<double>(120, 1), .last = 1});
    view.status.assign(5000, {"field", "value"});
    view.runs.assign(300, running_run());
    view.crashes.assign(60, {"now", "crash", std::string(1000, 'c')});
    const std::string page = service_page(view);

    EXPECT_LT(page.size(), 8'000'000U);
    EXPECT_THAT(page, HasSubstr("4700 more are not shown."));  // fields of the status, and events
    EXPECT_THAT(page, HasSubstr("4800 more series are not shown"));
}

TEST(ServicePageTest, PartsThatChangeHaveNoForms) {
    for (const ServicePart& part : service_parts(full_view())) {
        EXPECT_THAT(part.html.markup(), AllOf(HasSubstr(std::string{"id=\""} + part.id + "\""), Not(HasSubstr("<form")),
                                              Not(HasSubstr("t0k3n"))));
        EXPECT_THAT(faults_of(part.html.markup()), IsEmpty());
    }
}

TEST(ServicePageTest, OffersChangeWithTheProcessAndWhatItOffers) {
    ServiceView view = full_view();
    const std::string offers = offers_of(view);
    EXPECT_EQ(offers_of(view), offers);
    view.line.pid = 4712;
    EXPECT_NE(offers_of(view), offers);
    view = full_view();
    view.stop.why_not = "not running";
    EXPECT_NE(offers_of(view), offers);
}

}  // namespace
}  // namespace servicekit::servicectl::web
