#include "servicectl/web/access.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "servicekit/mocks/fake_clock.hpp"

namespace servicekit::servicectl::web {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf, ::testing::HasSubstr, ::testing::Not;

const std::string operator_token = "0123456789abcdef0123";
const std::string reader_token = "fedcba9876543210fedc";

AccessRules rules_of_tcp() {
    return {.token = operator_token, .read_token = reader_token, .hosts = {"localhost", "db.example.org"}};
}

class AccessTest : public ::testing::Test {
protected:
    static Request with(std::string name, std::string value) {
        return {.headers = {{std::move(name), std::move(value)}}};
    }
    /// Returns the cookie that a browser sends after the header Set-Cookie.
    static Request with_cookie(const std::string& header) {
        return with("Cookie", "other=1; " + header.substr(0, header.find(';')));
    }

    mocks::FakeClock clock;
    Access access{rules_of_tcp(), clock};
};

TEST(TokenTest, OnlyTheSameTextIsTheSameToken) {
    EXPECT_TRUE(is_same_token(operator_token, operator_token));
    EXPECT_FALSE(is_same_token(operator_token + "x", operator_token));
    EXPECT_FALSE(is_same_token(operator_token.substr(1), operator_token));
    EXPECT_FALSE(is_same_token(operator_token + operator_token, operator_token));
    EXPECT_FALSE(is_same_token("", operator_token));
    EXPECT_FALSE(is_same_token("", ""));
    EXPECT_FALSE(is_same_token("x", ""));
}

TEST(TokenTest, RandomBytesDiffer) {
    EXPECT_EQ(random_bytes(32).size(), 32U);
    EXPECT_NE(random_bytes(32), random_bytes(32));
    EXPECT_EQ(in_hexadecimal(std::string{"\x00\xff\x1a", 3}), "00ff1a");
}

TEST_F(AccessTest, ATokenInAHeaderGivesItsRight) {
    EXPECT_EQ(access.visitor_of(with("Authorization", "Bearer " + operator_token)).right, Right::act);
    EXPECT_EQ(access.visitor_of(with("authorization", "bearer  " + reader_token)).right, Right::read);
    const Visitor wrong = access.visitor_of(with("Authorization", "Bearer nonsense"));
    EXPECT_EQ(wrong.right, Right::none);
    EXPECT_TRUE(wrong.was_wrong);
    EXPECT_EQ(access.visitor_of(with("Authorization", "Basic " + operator_token)).right, Right::none);
    EXPECT_EQ(access.visitor_of(with("Authorization", "")).right, Right::none);
    EXPECT_EQ(access.visitor_of({}).right, Right::none);
    EXPECT_FALSE(access.visitor_of({}).was_wrong);
}

TEST_F(AccessTest, ASessionBeginsWithATokenAndEndsWithALogout) {
    EXPECT_FALSE(access.log_in("nonsense"));
    const auto cookie = access.log_in(operator_token);
    ASSERT_TRUE(cookie);
    EXPECT_THAT(*cookie, AllOf(HasSubstr("; HttpOnly"), HasSubstr("; SameSite=Strict"), HasSubstr("; Path=/"),
                               Not(HasSubstr("Secure")), Not(HasSubstr(operator_token))));

    const Visitor visitor = access.visitor_of(with_cookie(*cookie));
    EXPECT_EQ(visitor.right, Right::act);
    EXPECT_EQ(visitor.session.size(), 64U);
    EXPECT_EQ(visitor.form_token.size(), 64U);
    EXPECT_NE(visitor.form_token, visitor.session);
    EXPECT_TRUE(access.is_live(visitor.session));

    EXPECT_THAT(access.log_out(visitor.session), HasSubstr("Max-Age=0"));
    EXPECT_EQ(access.visitor_of(with_cookie(*cookie)).right, Right::none);
    EXPECT_FALSE(access.is_live(visitor.session));
}

TEST_F(AccessTest, ASessionOfTheReadTokenHasNoFormToken) {
    const Visitor visitor = access.visitor_of(with_cookie(access.log_in(reader_token).value()));
    EXPECT_EQ(visitor.right, Right::read);
    EXPECT_EQ(visitor.form_token, "");
}

TEST_F(AccessTest, TlsMakesTheCookieSecure) {
    AccessRules rules = rules_of_tcp();
    rules.is_secure = true;
    Access secure{rules, clock};
    EXPECT_THAT(secure.log_in(operator_token).value(), AllOf(HasSubstr("; Secure"), ::testing::StartsWith("__Host-")));
}

TEST_F(AccessTest, ASessionEndsAfterTwoIdleHoursAndAfterADay) {
    const std::string idle = access.log_in(operator_token).value();
    const std::string used = access.log_in(operator_token).value();
    clock.advance(90min);
    EXPECT_EQ(access.visitor_of(with_cookie(used)).right, Right::act);
    clock.advance(31min);
    EXPECT_EQ(access.visitor_of(with_cookie(idle)).right, Right::none);
    for (int hours = 2; hours < 23; ++hours) {
        clock.advance(1h);
        ASSERT_EQ(access.visitor_of(with_cookie(used)).right, Right::act) << hours;
    }
    clock.advance(1h);
    EXPECT_EQ(access.visitor_of(with_cookie(used)).right, Right::none);
}

TEST_F(AccessTest, OneSessionTooManyReplacesTheOneThatWasNotUsedForTheLongestTime) {
    const std::string first = access.log_in(operator_token).value();
    clock.advance(1s);
    const std::string second = access.log_in(operator_token).value();
    clock.advance(1s);
    for (std::size_t i = 2; i < Access::most_sessions; ++i) ASSERT_TRUE(access.log_in(operator_token));
    clock.advance(1s);
    EXPECT_EQ(access.visitor_of(with_cookie(first)).right, Right::act);
    ASSERT_TRUE(access.log_in(operator_token));
    EXPECT_EQ(access.visitor_of(with_cookie(first)).right, Right::act);
    EXPECT_EQ(access.visitor_of(with_cookie(second)).right, Right::none);
}

TEST_F(AccessTest, ManyLoginsWithTheReadTokenDoNotEndTheSessionsOfThoseWhoMayAct) {
    const std::string first = access.log_in(operator_token).value();
    for (std::size_t i = 0; i < 2 * Access::most_sessions; ++i) {
        clock.advance(1s);
        ASSERT_TRUE(access.log_in(reader_token));
    }
    EXPECT_EQ(access.visitor_of(with_cookie(first)).right, Right::act);
    const std::string last = access.log_in(reader_token).value();
    EXPECT_EQ(access.visitor_of(with_cookie(last)).right, Right::read);
}

TEST_F(AccessTest, TheCookieHasThePortInItsName) {
    AccessRules rules = rules_of_tcp();
    rules.port = 8080;
    Access one{rules, clock};
    rules.port = 8081;
    Access other{rules, clock};
    const std::string cookie = one.log_in(operator_token).value();
    EXPECT_THAT(cookie, ::testing::StartsWith("servicectl-session-8080="));
    const std::string both = other.log_in(reader_token).value() + "; " + cookie;
    EXPECT_EQ(one.visitor_of(with("Cookie", both)).right, Right::act);
    EXPECT_EQ(other.visitor_of(with("Cookie", both)).right, Right::read);
}

TEST_F(AccessTest, ReadOnlyLimitsTheTokenToo) {
    AccessRules rules = rules_of_tcp();
    rules.why_no_actions = "read-only";
    Access limited{rules, clock};
    EXPECT_EQ(limited.visitor_of(with("Authorization", "Bearer " + operator_token)).right, Right::read);
    const Visitor visitor = limited.visitor_of(with_cookie(limited.log_in(operator_token).value()));
    EXPECT_EQ(visitor.right, Right::read);
    EXPECT_EQ(visitor.form_token, "");
}

TEST_F(AccessTest, WithoutATokenEverybodyWhoConnectsMayActWithTheFormToken) {
    Access open{{.hosts = {"localhost"}}, clock};
    const Visitor visitor = open.visitor_of({});
    EXPECT_EQ(visitor.right, Right::act);
    EXPECT_EQ(visitor.form_token.size(), 64U);
    EXPECT_FALSE(open.refuse_origin({}, visitor, visitor.form_token));
    EXPECT_EQ(open.refuse_origin({}, visitor, "").value().status, 403U);
    EXPECT_TRUE(open.is_live(visitor.session));
}

TEST_F(AccessTest, OnlyKnownNamesAndNumbersAreItsHost) {
    for (const char* const host : {"localhost", "LocalHost:8080", "127.0.0.1:8080", "[::1]:8080", "192.0.2.1",
                                   "db.example.org", "[2001:db8::1]"})
        EXPECT_FALSE(access.refuse_host(with("Host", host))) << host;
    for (const char* const host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "1.2.3.4.5", "",
                                   "[evil.example]", "[::1]evil.example", "256.1.1.1"})
        EXPECT_EQ(access.refuse_host(with("Host", host)).value().status, 421U) << host;
    EXPECT_EQ(access.refuse_host({}).value().status, 400U);
    EXPECT_EQ(access.refuse_host({.headers = {{"Host", "localhost"}, {"host", "evil.example"}}}).value().status, 400U);
}

TEST_F(AccessTest, AChangeComesFromAPageOfThisServer) {
    const Visitor visitor = access.visitor_of(with_cookie(access.log_in(operator_token).value()));
    const auto status_of = [&](const Headers& headers, std::string_view form_token) {
        const auto refusal = access.refuse_origin({.headers = headers}, visitor, form_token);
        return refusal ? refusal->status : 0U;
    };
    const std::string right = visitor.form_token;
    EXPECT_EQ(status_of({{"Host", "localhost:8080"}, {"Origin", "http://localhost:8080"}}, right), 0U);
    EXPECT_EQ(status_of({{"Host", "localhost:8080"}, {"Origin", "https://LOCALHOST:8080"}}, right), 0U);
    EXPECT_EQ(status_of({{"Host", "localhost:8080"}}, right), 0U);
    EXPECT_EQ(status_of({{"Host", "localhost:8080"}, {"Sec-Fetch-Site", "same-origin"}}, right), 0U);
    EXPECT_EQ(status_of({{"Host", "localhost:8080"}, {"Origin", "http://localhost:9090"}}, right), 403U);
    EXPECT_EQ(status_of({{"Host", "localhost:8080"}, {"Origin", "http://evil.example"}}, right), 403U);
    EXPECT_EQ(status_of({{"Host", "localhost:8080"}, {"Origin", "null"}}, right), 403U);
    EXPECT_EQ(status_of({{"Host", "localhost:8080"}, {"Sec-Fetch-Site", "cross-site"}}, right), 403U);
    EXPECT_EQ(status_of({{"Host", "localhost:8080"}}, ""), 403U);
    EXPECT_EQ(status_of({{"Host", "localhost:8080"}}, right.substr(1)), 403U);
}

TEST_F(AccessTest, ATokenInAHeaderNeedsNoFormToken) {
    const Visitor script = access.visitor_of(with("Authorization", "Bearer " + operator_token));
    EXPECT_FALSE(access.refuse_origin({}, script, ""));
}

TEST(LoginLimitTest, TheFourthWrongTokenAndLaterOnesWait) {
    mocks::FakeClock clock;
    LoginLimit limit{clock};
    for (int i = 0; i < 3; ++i) EXPECT_EQ(limit.failed("192.0.2.1"), 0ms);
    EXPECT_EQ(limit.failed("192.0.2.1"), 1s);
    EXPECT_EQ(limit.failed("192.0.2.1"), 2s);
    for (int i = 0; i < 100; ++i) static_cast<void>(limit.failed("192.0.2.1"));
    EXPECT_EQ(limit.failed("192.0.2.1"), 30s);
    EXPECT_EQ(limit.failed("192.0.2.2"), 0ms);
    clock.advance(11min);
    EXPECT_EQ(limit.failed("192.0.2.1"), 0ms);
}

TEST(LoginLimitTest, NoTokenIsComparedDuringThePause) {
    mocks::FakeClock clock;
    LoginLimit limit{clock};
    for (int i = 0; i < 3; ++i) static_cast<void>(limit.failed("192.0.2.1"));
    EXPECT_EQ(limit.left("192.0.2.1"), 0ms);
    static_cast<void>(limit.failed("192.0.2.1"));
    EXPECT_EQ(limit.left("192.0.2.1"), 1s);
    EXPECT_EQ(limit.left("192.0.2.2"), 0ms);
    clock.advance(999ms);
    EXPECT_EQ(limit.left("192.0.2.1"), 1ms);
    clock.advance(1ms);
    EXPECT_EQ(limit.left("192.0.2.1"), 0ms);
}

TEST(LoginLimitTest, ManyClientsDoNotTakeMemoryWithoutEnd) {
    mocks::FakeClock clock;
    LoginLimit limit{clock};
    for (int i = 0; i < 4; ++i) static_cast<void>(limit.failed("first"));
    for (int i = 0; i < 2000; ++i) {
        clock.advance(1ms);
        static_cast<void>(limit.failed("client " + std::to_string(i)));
    }
    EXPECT_EQ(limit.failed("first"), 0ms);
}

}  // namespace
}  // namespace servicekit::servicectl::web
