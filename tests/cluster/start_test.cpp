// Starts with servers that are missing, foreign or refuse the service, and with those that want certificates or a
// password.
#include <csignal>
#include <string>
#include <thread>

#include "cluster/certificates.hpp"
#include "cluster/cluster_test.hpp"
#include "integration/support/await.hpp"
#include "integration/support/text_file.hpp"
#include "prometheus/http.hpp"
#include "prometheus/prometheus_server.hpp"

namespace servicekit::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ClusterStartTest : public ClusterTest {
protected:
    /// Starts a contender, and waits until it is in the state.
    static void start_as(const std::string& state, Contender& one) {
        one.start();
        one.await_state_field(state);
    }

    /// Starts a contender, which must end by itself.
    [[nodiscard]] Outcome outcome_with(const Etcd& etcd, const Object& settings) const {
        Contender refused = contender(etcd, 0, settings);
        refused.start();
        return refused.finish();
    }

    /// Makes a file with a password, which only its owner may read.
    [[nodiscard]] std::string password_file(const std::string& password) const {
        const std::string file = directory.file("password");
        write_file(file, password + "\n");
        ::chmod(file.c_str(), 0600);
        return file;
    }

    /// Lets etcd ask for users: `app` with the password `secret` may use the prefix of the contenders, `guest` nothing.
    static void ask_for_users(const Etcd& etcd) {
        for (const Strings& command : {Strings{"user", "add", "root:root"},
                                       {"user", "grant-role", "root", "root"},
                                       {"role", "add", "contender"},
                                       {"role", "grant-permission", "contender", "--prefix=true", "readwrite",
                                        std::string{Contender::prefix} + "/"},
                                       {"user", "add", "app:open-sesame"},
                                       {"user", "grant-role", "app", "contender"},
                                       {"user", "add", "guest:open-sesame"},
                                       {"auth", "enable"}})
            static_cast<void>(etcd.control(command));
    }

    [[nodiscard]] Etcd::Options with_certificates(const Authority& authority, const std::string& server) const {
        return {.nodes = 1,
                .arguments = {"--client-cert-auth", "--trusted-ca-file=" + authority.certificate(),
                              "--cert-file=" + authority.file(server + ".pem"),
                              "--key-file=" + authority.file(server + ".key")},
                .is_plain = false,
                .curl = {"--insecure", "--cert", authority.file("client.pem"), "--key", authority.file("client.key")}};
    }
};

TEST_F(ClusterStartTest, AWrongPasswordEndsTheStartWith77) {
    const Etcd etcd{{.nodes = 1}};
    ask_for_users(etcd);

    const Outcome outcome = outcome_with(
        etcd, {{"cluster-ttl", 10}, {"cluster-user", "app"}, {"cluster-password-file", password_file("wrong-secret")}});

    EXPECT_EQ(outcome.exit_code, 77) << outcome;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("invalid user ID or password"), HasSubstr(etcd.url(0)),
                                   Not(HasSubstr("wrong-secret"))));
}

TEST_F(ClusterStartTest, AMissingUserEndsTheStartWith77) {
    const Etcd etcd{{.nodes = 1}};
    ask_for_users(etcd);

    const Outcome outcome = outcome_with(etcd, {});

    EXPECT_EQ(outcome.exit_code, 77) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("user"));
}

TEST_F(ClusterStartTest, APrefixWithoutPermissionEndsTheStartWith77) {
    const Etcd etcd{{.nodes = 1}};
    ask_for_users(etcd);

    const Outcome outcome = outcome_with(
        etcd,
        {{"cluster-ttl", 10}, {"cluster-user", "guest"}, {"cluster-password-file", password_file("open-sesame")}});

    EXPECT_EQ(outcome.exit_code, 77) << outcome;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("permission denied"), HasSubstr(etcd.url(0))));
}

TEST_F(ClusterStartTest, APasswordThatEveryoneCanReadIsRefused) {
    const Etcd etcd{{.nodes = 1}};
    ask_for_users(etcd);
    const std::string file = password_file("open-sesame");
    ::chmod(file.c_str(), 0644);

    const Outcome outcome =
        outcome_with(etcd, {{"cluster-ttl", 10}, {"cluster-user", "app"}, {"cluster-password-file", file}});

    EXPECT_NE(outcome.exit_code, 0);
    EXPECT_THAT(outcome.err, HasSubstr(file)) << outcome;
}

TEST_F(ClusterStartTest, AUserStaysActiveAfterItsTokenHasExpired) {
    const Etcd etcd{{.nodes = 1, .arguments = {"--auth-token-ttl=2"}}};
    ask_for_users(etcd);
    const Object user{
        {"cluster-ttl", 10}, {"cluster-user", "app"}, {"cluster-password-file", password_file("open-sesame")}};
    Contender active = contender(etcd, 0, user);
    active.start();
    active.await_state_field("running");
    Contender standby = contender(etcd, 1, user);
    standby.start();
    standby.await_state_field("standby");
    std::string token;
    await_scrapes("the active one shows its token", [&] { return !(token = active.field("token")).empty(); });

    std::this_thread::sleep_for(7s);  // several lives of a token of etcd

    EXPECT_EQ(active.field("state"), "running");
    EXPECT_EQ(active.field("token"), token);
    EXPECT_EQ(standby.field("state"), "standby");
    active.signal(SIGTERM);
    EXPECT_EQ(active.finish().exit_code, 0);
    standby.await_state_field("running");
    for (const Contender* each : {&active, &standby}) EXPECT_THAT(each->log(), Not(HasSubstr("open-sesame")));
    EXPECT_THAT(standby.verb({"where"}).out, Not(HasSubstr("open-sesame")));
}

TEST_F(ClusterStartTest, ATokenThatServersForgetIsRenewed) {
    Etcd etcd;
    ask_for_users(etcd);
    Contender active = contender(
        etcd, 0,
        {{"cluster-ttl", 10}, {"cluster-user", "app"}, {"cluster-password-file", password_file("open-sesame")}});
    active.start();
    active.await_state_field("running");
    std::string token;
    await_scrapes("the active one shows its token", [&] { return !(token = active.field("token")).empty(); });

    for (int node = 0; node < etcd.size(); ++node) {
        etcd.end(node, SIGTERM);
        etcd.start(node);
        etcd.await_health();
    }
    std::this_thread::sleep_for(11s);  // longer than the TTL

    EXPECT_EQ(active.field("token"), token) << active.log() << etcd.logs();
}

TEST_F(ClusterStartTest, WorksWithACertificateOfItsOwn) {
    const Authority authority{directory.path(), "authority"};
    authority.sign("server");
    authority.sign("client");
    const Etcd etcd{with_certificates(authority, "server")};
    Contender active = contender(etcd, 0,
                                 {{"cluster-ca", authority.certificate()},
                                  {"cluster-cert", authority.file("client.pem")},
                                  {"cluster-key", authority.file("client.key")}});
    active.start();

    active.await_state_field("running");
}

TEST_F(ClusterStartTest, AServerOfAnotherAuthorityEndsTheStartWith78) {
    const Authority authority{directory.path(), "authority"};
    authority.sign("server");
    authority.sign("client");
    const Authority other{directory.path(), "other"};
    const Etcd etcd{with_certificates(authority, "server")};

    const Outcome outcome = outcome_with(etcd, {{"cluster-ca", other.certificate()},
                                                {"cluster-cert", authority.file("client.pem")},
                                                {"cluster-key", authority.file("client.key")}});

    EXPECT_EQ(outcome.exit_code, 78) << outcome;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("certificate"), HasSubstr(etcd.url(0))));
}

TEST_F(ClusterStartTest, AnExpiredCertificateOfAServerEndsTheStartWith78) {
    const Authority authority{directory.path(), "authority"};
    authority.sign("server", 0);
    authority.sign("client");
    const Etcd etcd{with_certificates(authority, "server")};

    const Outcome outcome = outcome_with(etcd, {{"cluster-ca", authority.certificate()},
                                                {"cluster-cert", authority.file("client.pem")},
                                                {"cluster-key", authority.file("client.key")}});

    EXPECT_EQ(outcome.exit_code, 78) << outcome;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("certificate"), HasSubstr("expired")));
}

TEST_F(ClusterStartTest, AnExpiredOrMissingCertificateOfTheServiceEndsTheStartWith78) {
    const Authority authority{directory.path(), "authority"};
    authority.sign("server");
    authority.sign("client");
    authority.sign("expired", 0);
    const Etcd etcd{with_certificates(authority, "server")};

    const Outcome expired = outcome_with(etcd, {{"cluster-ca", authority.certificate()},
                                                {"cluster-cert", authority.file("expired.pem")},
                                                {"cluster-key", authority.file("expired.key")}});
    const Outcome missing = outcome_with(etcd, {{"cluster-ca", authority.certificate()}});

    EXPECT_EQ(expired.exit_code, 78) << expired;
    EXPECT_THAT(expired.err, HasSubstr("certificate"));
    EXPECT_EQ(missing.exit_code, 78) << missing;
    EXPECT_THAT(missing.err, HasSubstr("certificate"));
}

TEST_F(ClusterStartTest, AServerThatIsNotEtcdEndsTheStartWith78) {
    const Etcd etcd{{.nodes = 1}};
    const PageServer pages{[](const std::string& /*head*/) {
        return PageServer::Page{.content_type = "text/html", .body = "<html>welcome</html>"};
    }};
    const std::string url = "http://127.0.0.1:" + std::to_string(pages.port());

    const Outcome outcome = outcome_with(etcd, {{"cluster-endpoints", Value::List{url}}});

    EXPECT_EQ(outcome.exit_code, 78) << outcome;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr(url), HasSubstr("etcd")));
}

TEST_F(ClusterStartTest, ATtlThatIsTooShortForTheLimitsOfTheServiceEndsTheStartWith78) {
    const Etcd etcd{{.nodes = 1}};

    const Outcome outcome = outcome_with(etcd, {{"cluster-ttl", 3}, {"loss-stop-timeout", 5}});

    EXPECT_EQ(outcome.exit_code, 78) << outcome;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("loss-stop-timeout"), HasSubstr("5")));
}

TEST_F(ClusterStartTest, StartsWithOneServerOfThreeMissing) {
    Etcd etcd;
    for (int missing = 0; missing < etcd.size(); ++missing) {
        etcd.end(missing, SIGKILL);
        Contender active = contender(etcd, missing);
        active.start();
        active.await_state_field("running");
        active.signal(SIGTERM);
        EXPECT_EQ(active.finish().exit_code, 0);
        etcd.start(missing);
        etcd.await_health();
    }
}

TEST_F(ClusterStartTest, StandsByUntilThereAreServers) {
    Etcd etcd;
    for (int node = 0; node < etcd.size(); ++node) etcd.end(node, SIGKILL);
    Contender early = contender(etcd, 0);
    early.start();

    early.await_state_field("standby");
    EXPECT_THAT(early.log(), HasSubstr("etcd"));
    EXPECT_EQ(early.verb({"health", "--live"}).exit_code, 0);
    EXPECT_EQ(early.verb({"health"}).exit_code, 1);
    for (int node = 0; node < etcd.size(); ++node) etcd.start(node);
    early.await_state_field("running");
}

TEST_F(ClusterStartTest, WithoutServersTheStartFailsWith75IfTheyAreRequired) {
    Etcd etcd{{.nodes = 1}};
    etcd.end(0, SIGKILL);

    const Outcome outcome = outcome_with(etcd, {{"cluster-at-start", "required"}});

    EXPECT_EQ(outcome.exit_code, 75) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr(etcd.url(0)));
}

TEST_F(ClusterStartTest, AStandbyThatIsStoppedEndsAtOnceWith0) {
    const Etcd etcd{{.nodes = 1}};
    Contender active = contender(etcd, 0);
    start_as("running", active);
    Contender standby = contender(etcd, 1);
    start_as("standby", standby);

    standby.signal(SIGTERM);

    EXPECT_EQ(standby.finish().exit_code, 0);
    EXPECT_EQ(etcd.entries(Contender::keys).size(), 1U);
}

TEST_F(ClusterStartTest, PromtoolAcceptsTheMetricsOfBothRoles) {
    if (!is_installed("promtool")) GTEST_SKIP() << "promtool is not installed";
    const Etcd etcd{{.nodes = 1}};
    Contender active = contender(etcd, 0);
    start_as("running", active);
    Contender standby = contender(etcd, 1);
    start_as("standby", standby);

    for (const Contender* const one : {&active, &standby}) {
        const Outcome page = one->verb({"metrics"});
        const Outcome checked = run_command({.arguments = {"promtool", "check", "metrics"}, .input = page.out});
        EXPECT_EQ(checked.exit_code, 0) << checked;
        EXPECT_EQ(checked.out + checked.err, "");
        EXPECT_THAT(page.out, AllOf(HasSubstr("\nservicekit_lock_lease_left_seconds "),
                                    HasSubstr("\nservicekit_lock_active_info{host=\""),
                                    HasSubstr("\",pid=\"" + active.field("pid") + "\"} 1\n")));
    }
}

TEST_F(ClusterStartTest, ResignNeedsASuccessorOrForce) {
    const Etcd etcd{{.nodes = 1}};
    Contender alone = contender(etcd, 0);
    alone.start();
    alone.await_state_field("running");
    const std::string token = alone.field("token");

    const Outcome refused = alone.verb({"resign"});
    EXPECT_EQ(refused.exit_code, 69) << refused;
    EXPECT_EQ(alone.field("token"), token);
    const Outcome forced = alone.verb({"resign", "--force"});
    EXPECT_EQ(forced.exit_code, 0) << forced;
    await_scrapes("it is active again",
                  [&] { return alone.field("state") == "running" && alone.field("token") != token; });
}

}  // namespace
}  // namespace servicekit::test
