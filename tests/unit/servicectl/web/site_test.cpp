#include "servicectl/web/site.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <variant>

#include "servicekit/mocks/fake_os.hpp"
#include "unit/servicectl/web/fake_loop.hpp"

namespace servicekit::servicectl::web {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr, ::testing::Not;

/// The requests that a Site answers without asking a service.
class SiteTest : public ::testing::Test {
protected:
    static Site::Plan plan_with(AccessRules access) {
        access.hosts = {"localhost"};
        return {.machine = "db", .user = "root", .access = std::move(access)};
    }
    void make(AccessRules access) { site.emplace(plan_with(std::move(access)), loop, host.host()); }

    /// \returns the response; nothing if it comes later
    std::optional<Response> ask(Request request) {
        if (!request.header("host")) request.headers.emplace_back("Host", "localhost");
        auto given = std::make_shared<std::optional<Response>>();
        site->handle(std::move(request), [given](Reply reply) { *given = std::get<Response>(std::move(reply)); });
        return *given;
    }
    unsigned status_of(const std::string& method, const std::string& target, Headers headers = {},
                       std::string body = {}) {
        const auto response =
            ask({.method = method, .target = target, .headers = std::move(headers), .body = std::move(body)});
        return response ? response->status : 0;
    }

    mocks::FakeOs host;
    FakeLoop loop;
    std::optional<Site> site;
};

const AccessRules rules_with_tokens{.token = "token-of-16-bytes", .read_token = "token-of-readers"};
const Headers as_operator{{"Authorization", "Bearer token-of-16-bytes"}};
const Headers as_reader{{"Authorization", "Bearer token-of-readers"}};

TEST_F(SiteTest, WithoutATokenOnlyAssetsAndAPlainHealthAreShown) {
    make(rules_with_tokens);
    EXPECT_EQ(status_of("GET", "/health"), 200U);
    EXPECT_EQ(status_of("GET", "/style.css"), 200U);
    EXPECT_EQ(status_of("GET", "/login"), 200U);
    for (const char* const target : {"/", "/live", "/metrics", "/services/web", "/services/web/live", "/nonsense"})
        EXPECT_EQ(status_of("GET", target), 401U) << target;
    for (const char* const target : {"/services/web/stop", "/services/web/events/greet", "/logout"})
        EXPECT_EQ(status_of("POST", target), 401U) << target;
    const auto page = ask({.target = "/services/web"});
    EXPECT_THAT(page.value().body, HasSubstr("value=\"/services/web\""));
}

TEST_F(SiteTest, AnotherHostIsRefusedBeforeAnythingElse) {
    make({});
    EXPECT_EQ(status_of("GET", "/", {{"Host", "evil.example"}}), 421U);
    EXPECT_EQ(status_of("GET", "/style.css", {{"Host", "evil.example"}}), 421U);
    EXPECT_EQ(status_of("GET", "/health", {{"Host", "evil.example"}}), 200U);
}

TEST_F(SiteTest, MethodsAndPagesAreChecked) {
    make({});
    EXPECT_EQ(status_of("GET", "/nonsense"), 404U);
    EXPECT_EQ(status_of("PUT", "/"), 405U);
    const auto response = ask({.method = "GET", .target = "/services/web/stop"});
    EXPECT_EQ(response.value().status, 405U);
    EXPECT_THAT(response.value().headers, ::testing::Contains(::testing::Pair("Allow", "POST")));
}

TEST_F(SiteTest, AChangeNeedsTheRightTheFormAndTheOrigin) {
    make(rules_with_tokens);
    EXPECT_EQ(status_of("POST", "/services/web/stop", as_reader), 403U);
    make({});
    EXPECT_EQ(status_of("POST", "/services/web/stop"), 403U);
    const Headers form{{"Content-Type", "application/x-www-form-urlencoded"}};
    EXPECT_EQ(status_of("POST", "/services/web/stop", form, "form_token=nonsense"), 403U);
    EXPECT_EQ(status_of("POST", "/services/web/stop", form, "form_token=%zz"), 400U);
    EXPECT_EQ(status_of("POST", "/services/web/stop", {{"Content-Type", "application/json"}}, "{}"), 400U);
    make({.why_no_actions = "read-only"});
    EXPECT_EQ(status_of("POST", "/services/web/stop"), 403U);
}

TEST_F(SiteTest, ALoginLeadsToAPathOfThisServerOnly) {
    make(rules_with_tokens);
    const auto location = [this](const std::string& next) {
        const auto response =
            ask({.method = "POST", .target = "/login", .body = "token=token-of-16-bytes&next=" + next});
        return response ? response->headers.front().second : "";
    };
    EXPECT_EQ(location("/services/web"), "/services/web");
    for (const char* const next : {"", "//evil.example", "http://evil.example", "/%5Cevil.example",
                                   "%2F%2Fevil.example", "/a%0D%0ASet-Cookie:x"})
        EXPECT_EQ(location(next), "/") << next;
}

TEST_F(SiteTest, AfterWrongTokensNotEvenTheRightOneIsComparedForAWhile) {
    make(rules_with_tokens);
    const Headers wrong{{"Authorization", "Bearer nonsense"}};
    const std::string form = "token=token-of-16-bytes";
    for (int i = 0; i < 4; ++i) EXPECT_EQ(status_of("GET", "/metrics", wrong), 401U);
    for (int i = 0; i < 200; ++i) EXPECT_EQ(status_of("GET", "/metrics", wrong), 429U);
    EXPECT_EQ(status_of("GET", "/nonsense", as_operator), 429U);
    EXPECT_EQ(status_of("POST", "/login", {}, form), 429U);
    const auto refused = ask({.target = "/metrics", .headers = as_operator});
    EXPECT_THAT(refused.value().headers, ::testing::Contains(::testing::Pair("Retry-After", "1")));
    // Pages without a token, and other addresses, are not concerned.
    EXPECT_EQ(status_of("GET", "/login"), 200U);
    EXPECT_EQ(ask({.target = "/nonsense", .headers = as_operator, .client = "192.0.2.7"}).value().status, 404U);
    // Users who share the loopback do not lock each other out.
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(ask({.target = "/metrics", .headers = wrong, .client = "127.0.0.1"}).value().status, 401U);
    EXPECT_EQ(ask({.target = "/nonsense", .headers = as_operator, .client = "127.0.0.1"}).value().status, 404U);

    host.clock.advance(1s);
    EXPECT_EQ(status_of("GET", "/nonsense", as_operator), 404U);
    EXPECT_EQ(status_of("POST", "/login", {}, form), 303U);
    EXPECT_EQ(status_of("POST", "/login", {}, "token=nonsense"), 401U);
    EXPECT_EQ(status_of("POST", "/login", {}, form), 429U);
}

TEST_F(SiteTest, ASessionGoesOnDuringThePauseOfItsAddress) {
    make(rules_with_tokens);
    const auto entered = ask({.method = "POST", .target = "/login", .body = "token=token-of-16-bytes"});
    std::string cookie;
    for (const auto& [name, value] : entered.value().headers)
        if (name == "Set-Cookie") cookie = value.substr(0, value.find(';'));
    for (int i = 0; i < 5; ++i) status_of("GET", "/metrics", {{"Authorization", "Bearer nonsense"}});
    EXPECT_EQ(status_of("GET", "/nonsense", {{"Cookie", cookie}}), 404U);
}

TEST_F(SiteTest, TheHostOfATargetReplacesThatOfTheHeader) {
    make({});
    EXPECT_EQ(status_of("GET", "http://localhost/nonsense"), 404U);
    EXPECT_EQ(status_of("GET", "http://localhost:8080/style.css?v=1"), 200U);
    EXPECT_EQ(status_of("GET", "http://localhost/style.css", {{"Host", "evil.example"}}), 200U);
    EXPECT_EQ(status_of("GET", "http://evil.example/style.css"), 421U);
    EXPECT_EQ(status_of("GET", "http://"), 421U);
}

TEST(HeadersTest, EachResponseForbidsWhatPagesDoNotNeed) {
    const auto has = [](const Headers& headers, const std::string& name, const std::string& value) {
        for (const auto& [key, text] : headers)
            if (key == name) return text.find(value) != std::string::npos;
        return false;
    };
    for (const Headers& headers : {headers_of({}), headers_of_stream(), headers_of(plain(404, "none"))}) {
        EXPECT_TRUE(has(headers, "Content-Security-Policy", "default-src 'none'"));
        EXPECT_TRUE(has(headers, "Content-Security-Policy", "frame-ancestors 'none'"));
        EXPECT_FALSE(has(headers, "Content-Security-Policy", "unsafe"));
        EXPECT_TRUE(has(headers, "X-Content-Type-Options", "nosniff"));
        EXPECT_TRUE(has(headers, "Referrer-Policy", "same-origin"));
        EXPECT_TRUE(has(headers, "Cache-Control", "no-store"));
    }
    const Headers asset = headers_of({.headers = {{"Cache-Control", "public"}}});
    EXPECT_TRUE(has(asset, "Cache-Control", "public"));
    EXPECT_EQ(std::count_if(asset.begin(), asset.end(), [](const auto& row) { return row.first == "Cache-Control"; }),
              1);
}

TEST(RequestTest, FindsHeadersAndCookies) {
    const Request request{.headers = {{"Cookie", "a=1; b=two;c=; =x"}, {"X-One", "1"}, {"x-one", "2"}}};
    EXPECT_EQ(request.cookie("b"), "two");
    EXPECT_EQ(request.cookie("c"), "");
    EXPECT_EQ(request.cookie("d"), "");
    EXPECT_EQ(request.header("X-ONE").value(), "1");
    EXPECT_EQ(request.count("x-one"), 2U);
    EXPECT_FALSE(request.header("x-two"));
}

}  // namespace
}  // namespace servicekit::servicectl::web
