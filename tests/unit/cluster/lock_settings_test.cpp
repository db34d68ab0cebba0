#include "cluster/lock_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace servicekit::cluster {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

EtcdLock::Options right() { return {.endpoints = {"https://etcd1:2379", "http://[::1]:2379/"}}; }

std::string refusal_of(const EtcdLock::Options& options) {
    const auto checked = check_options(options);
    if (checked) return {};
    EXPECT_EQ(checked.error().exit_code, ExitCode::configuration);
    return checked.error().message();
}

TEST(LockSettingsTest, ThePlanHasWhatIsInForce) {
    EtcdLock::Options options = right();
    options.user = "own";
    options.password_file = "/etc/password";
    const ClusterPlan plan = plan_of(options);
    EXPECT_EQ(plan.endpoints, options.endpoints);
    EXPECT_EQ(plan.prefix, "/servicekit");
    EXPECT_EQ(plan.ttl, 10s);
    EXPECT_EQ(plan.user, "own");
    EXPECT_EQ(plan.password_file, "/etc/password");
    EXPECT_EQ(plan.loss_stop_timeout, 3333ms);
    EXPECT_EQ(plan.must_answer_at_start, false);
    options.loss_stop_timeout = 2s;
    EXPECT_EQ(plan_of(options).loss_stop_timeout, 2s);
    EXPECT_EQ(plan_of(with_settings(options, {.ttl = 2500ms})).ttl, 3s) << "etcd has whole seconds";
}

TEST(LockSettingsTest, SettingsOverrideTheOptionsOfTheProgram) {
    EtcdLock::Options options = right();
    options.user = "own";
    const auto set = with_settings(options, {.endpoints = {"http://other:1"},
                                             .prefix = "/there",
                                             .ttl = 4s,
                                             .loss_stop_timeout = 1s,
                                             .must_answer_at_start = true});
    EXPECT_THAT(set.endpoints, ElementsAre("http://other:1"));
    EXPECT_EQ(set.prefix, "/there");
    EXPECT_EQ(set.ttl, 4s);
    EXPECT_EQ(set.loss_stop_timeout, 1s);
    EXPECT_EQ(set.user, "own");
    EXPECT_TRUE(set.must_answer_at_start);
    EXPECT_EQ(with_settings(options, {}).endpoints, options.endpoints);
    EXPECT_FALSE(with_settings(set, {.must_answer_at_start = false}).must_answer_at_start);
    EXPECT_TRUE(with_settings(set, {}).must_answer_at_start);
}

TEST(LockSettingsTest, ChecksUrls) {
    EXPECT_EQ(refusal_of(right()), "");
    EXPECT_THAT(refusal_of({}), HasSubstr("no endpoint is set (cluster-endpoints)"));
    for (const char* url : {"etcd1:2379", "ftp://etcd1", "https://", "https://:2379", "http://etcd1/v3", "http://a b"})
        EXPECT_THAT(refusal_of({.endpoints = {url}}), HasSubstr("URL")) << url;
}

TEST(LockSettingsTest, APasswordInAUrlIsNotRepeated) {
    const std::string text = refusal_of({.endpoints = {"https://app:secret@etcd1:2379"}});
    EXPECT_THAT(text, HasSubstr("use cluster-user"));
    EXPECT_THAT(text, Not(HasSubstr("secret")));
}

TEST(LockSettingsTest, ChecksWhatBelongsTogether) {
    auto options = right();
    options.user = "app";
    EXPECT_THAT(refusal_of(options), HasSubstr("cluster-password-file"));
    options = right();
    options.key_file = "/etc/key.pem";
    EXPECT_THAT(refusal_of(options), HasSubstr("cluster-cert"));
    options = right();
    options.prefix = "/";
    EXPECT_THAT(refusal_of(options), HasSubstr("cluster-prefix"));
    options = right();
    options.ttl = 500ms;
    EXPECT_THAT(refusal_of(options), HasSubstr("cluster-ttl is from 2 s"));
    options = right();
    options.loss_stop_timeout = 8s;
    EXPECT_THAT(refusal_of(options), HasSubstr("raise cluster-ttl"));
}

TEST(LockSettingsTest, ATtlIsRoundedUpToSeconds) { EXPECT_EQ(ttl_of({.ttl = 2'100ms}), 3s); }

TEST(LockSettingsTest, KeysAreBelowThePrefix) {
    EXPECT_EQ(key_of_service({.prefix = "/a/b/"}, "greeter"), "/a/b/greeter");
    EXPECT_THAT(endpoints_of(right()), ElementsAre("https://etcd1:2379", "http://[::1]:2379"));
}

}  // namespace
}  // namespace servicekit::cluster
