#include "servicectl/web/route.hpp"

#include <gtest/gtest.h>

namespace servicekit::servicectl::web {
namespace {

using Page = Route::Page;

TEST(RouteTest, EachPageHasItsPath) {
    EXPECT_EQ(route_of("GET", "/").page, Page::list);
    EXPECT_EQ(route_of("HEAD", "/").page, Page::list);
    EXPECT_EQ(route_of("GET", "/live?x=1").page, Page::live_list);
    EXPECT_EQ(route_of("GET", "/live?x=1").query, "x=1");
    EXPECT_EQ(route_of("GET", "/services/web-1").service, "web-1");
    EXPECT_EQ(route_of("GET", "/services/web-1/live").page, Page::live_service);
    EXPECT_EQ(route_of("GET", "/services/web-1/health").page, Page::service_health);
    EXPECT_EQ(route_of("GET", "/services/web-1/runs/12ab").item, "12ab");
    EXPECT_EQ(route_of("POST", "/services/web-1/events/back%2Dup").item, "back-up");
    EXPECT_EQ(route_of("POST", "/services/web-1/log-level").page, Page::log_level);
    EXPECT_EQ(route_of("POST", "/login").page, Page::login);
    EXPECT_EQ(route_of("GET", "/login").page, Page::login);
    EXPECT_EQ(route_of("GET", "/style.css?v=1").page, Page::asset);
    EXPECT_EQ(route_of("GET", "/metrics").page, Page::metrics);
    EXPECT_EQ(route_of("GET", "/health").page, Page::health);
}

TEST(RouteTest, OtherPathsAreUnknown) {
    for (const char* const target :
         {"", "*", "//", "/services", "/services/", "/services//live", "/services/a/b", "/services/a/runs/",
          "/services/a/runs/b/c", "http://localhost/", "/services/%", "/services/%zz", "/../etc/passwd", "/live/"})
        EXPECT_EQ(route_of("GET", target).page, Page::unknown) << target;
    EXPECT_EQ(route_of("GET", "/services/" + std::string(200, 'a')).page, Page::unknown);
}

TEST(RouteTest, AnotherMethodIsNamed) {
    const Route route = route_of("GET", "/services/web-1/stop");
    EXPECT_EQ(route.page, Page::unknown);
    EXPECT_TRUE(route.is_for_other_methods);
    EXPECT_EQ(route.methods, "POST");
    EXPECT_EQ(route_of("PUT", "/").methods, "GET, HEAD");
    EXPECT_EQ(route_of("DELETE", "/login").methods, "GET, HEAD, POST");
    EXPECT_FALSE(route_of("PUT", "/nonsense").is_for_other_methods);
}

}  // namespace
}  // namespace servicekit::servicectl::web
