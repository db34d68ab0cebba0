#include "cluster/etcd_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <new>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_etcd.hpp"

namespace servicekit::cluster {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Channel = EtcdClient::Channel;

class EtcdClientTest : public ::testing::Test {
protected:
    std::vector<EtcdClient::Answer> wait(std::chrono::milliseconds at_most = 5s) {
        auto answers = client().take_unsent();
        const auto end = clock.steady_now() + at_most;
        while (answers.empty() && clock.steady_now() < end)
            for (const HttpEvent& event : transport->wait(at_most))
                for (auto& answer : client().take(event)) answers.push_back(std::move(answer));
        return answers;
    }
    std::variant<EtcdFault, EtcdReply> ask(EtcdRequest request) {
        client().ask(Channel::main, std::move(request), 1s);
        auto answers = wait();
        EXPECT_EQ(answers.size(), 1U);
        return answers.empty() ? EtcdFault{} : std::move(answers.front().what);
    }
    EtcdFault fault_of(EtcdRequest request) {
        auto what = ask(std::move(request));
        const auto* const fault = std::get_if<EtcdFault>(&what);
        EXPECT_NE(fault, nullptr);
        return fault != nullptr ? *fault : EtcdFault{};
    }
    bool succeeds(EtcdRequest request) { return std::holds_alternative<EtcdReply>(ask(std::move(request))); }
    EtcdClient& client() {
        if (!client_)
            client_.emplace(EtcdClient::Options{.endpoints = etcd.endpoints(),
                                                .user = user,
                                                .password =
                                                    [this] {
                                                        ++passwords_read;
                                                        return password;
                                                    }},
                            *transport);
        return *client_;
    }
    void answer_all(int status, std::string body) {
        etcd.fate = [status, body = std::move(body)](const mocks::FakeEtcd::Message&) {
            return mocks::FakeEtcd::Fate{.http_status = status, .body = body};
        };
    }

    mocks::FakeClock clock;
    mocks::FakeEtcd etcd{clock};
    std::unique_ptr<HttpTransport> transport = std::move(etcd.transport("a")({})).value();
    std::string user;
    Result<std::string> password{std::string{"s3cret"}};
    int passwords_read = 0;

private:
    std::optional<EtcdClient> client_;
};

TEST_F(EtcdClientTest, TakesTheNextEndpointAfterAFailure) {
    etcd.set_running(0, false);
    const auto fault = fault_of(GrantLease{5s});
    EXPECT_EQ(fault.kind, EtcdFault::Kind::unreachable);
    EXPECT_EQ(fault.error.message(), "cannot get a lease from 'http://etcd1:2379': Couldn't connect to server");
    EXPECT_TRUE(succeeds(GrantLease{5s}));
    EXPECT_EQ(client().endpoints()[0].state, "Couldn't connect to server");
    EXPECT_EQ(client().endpoints()[1].state, "ok");
    EXPECT_FALSE(client().have_all_failed());
}

TEST_F(EtcdClientTest, TakesTheNextEndpointAfterEachAnswerThatIsAnError) {
    const std::tuple<int, std::string, EtcdFault::Kind> replies[] = {
        {502, R"({"message":"no route"})", EtcdFault::Kind::misconfigured},
        {403, R"({"error":"forbidden","code":7,"message":"forbidden"})", EtcdFault::Kind::denied},
        {500, R"({"error":"corrupt cluster","code":15,"message":"corrupt cluster"})", EtcdFault::Kind::refused}};
    std::size_t odd = 0;
    for (const auto& reply : replies) {
        etcd.fate = [&](const mocks::FakeEtcd::Message& message) {
            return message.node == odd
                       ? mocks::FakeEtcd::Fate{.http_status = std::get<0>(reply), .body = std::get<1>(reply)}
                       : mocks::FakeEtcd::Fate{};
        };
        EXPECT_EQ(fault_of(GrantLease{5s}).kind, std::get<2>(reply));
        EXPECT_TRUE(succeeds(GrantLease{5s})) << std::get<1>(reply);
        ++odd;
    }
}

TEST_F(EtcdClientTest, KnowsWhenAllEndpointsHaveFailed) {
    for (std::size_t node = 0; node < 3; ++node) etcd.set_running(node, false);
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(client().have_all_failed());
        static_cast<void>(fault_of(GrantLease{5s}));
    }
    EXPECT_TRUE(client().have_all_failed());
}

TEST_F(EtcdClientTest, AnAnswerOfOneEndpointMakesEarlierFailuresOfOthersCountNoMore) {
    for (std::size_t node = 0; node < 3; ++node) {
        etcd.set_running(node, false);
        static_cast<void>(fault_of(GrantLease{5s}));
        EXPECT_FALSE(client().have_all_failed()) << node;
        EXPECT_TRUE(succeeds(GrantLease{5s}));
        etcd.set_running(node, true);
    }
    EXPECT_EQ(client().endpoints()[2].state, "Couldn't connect to server");
}

TEST_F(EtcdClientTest, LogsInFirst) {
    etcd.demand_login("app", "s3cret");
    user = "app";
    EXPECT_TRUE(succeeds(GrantLease{5s}));
    EXPECT_TRUE(succeeds(Transaction{.then = {Transaction::Read{.key = "/a"}}}));
    EXPECT_EQ(etcd.served["/v3/auth/authenticate"], 1U);
    EXPECT_EQ(passwords_read, 1);
}

TEST_F(EtcdClientTest, LogsInAgainWhenTheTokenHasExpired) {
    etcd.demand_login("app", "s3cret");
    user = "app";
    EXPECT_TRUE(succeeds(GrantLease{5s}));
    etcd.expire_tokens();
    EXPECT_TRUE(succeeds(GrantLease{5s}));
    EXPECT_EQ(etcd.served["/v3/auth/authenticate"], 2U);
}

TEST_F(EtcdClientTest, ATokenThatWouldBeMoreThanAHeaderIsRefused) {
    user = "app";
    etcd.fate = [](const mocks::FakeEtcd::Message& message) {
        if (message.path != "/v3/auth/authenticate") return mocks::FakeEtcd::Fate{};
        return mocks::FakeEtcd::Fate{.http_status = 200, .body = R"({"header":{},"token":"a\r\nHost: other"})"};
    };
    const auto fault = fault_of(GrantLease{5s});
    EXPECT_EQ(fault.kind, EtcdFault::Kind::misconfigured);
    EXPECT_EQ(etcd.served["/v3/lease/grant"], 0U);
}

TEST_F(EtcdClientTest, AWrongPasswordIsDeniedAndNotRepeated) {
    etcd.demand_login("app", "other");
    user = "app";
    const auto fault = fault_of(GrantLease{5s});
    EXPECT_EQ(fault.kind, EtcdFault::Kind::denied);
    EXPECT_EQ(fault.error.exit_code, ExitCode::permission);
    EXPECT_THAT(fault.error.message(),
                HasSubstr("cannot log in to 'http://etcd1:2379': etcdserver: authentication failed"));
    EXPECT_THAT(fault.error.message(), Not(HasSubstr("s3cret")));
}

TEST_F(EtcdClientTest, EtcdThatWantsAUserSaysSo) {
    etcd.demand_login("app", "s3cret");
    EXPECT_THAT(fault_of(GrantLease{5s}).error.message(), HasSubstr("user name is empty"));
}

TEST_F(EtcdClientTest, AUserIsNotNeededWhereEtcdAsksForNone) {
    user = "app";
    EXPECT_TRUE(succeeds(GrantLease{5s}));
}

TEST_F(EtcdClientTest, APasswordThatCannotBeReadIsReported) {
    user = "app";
    password = Error{ExitCode::permission, "read the password from", "/etc/p", "every user has rights on the file"};
    const auto fault = fault_of(GrantLease{5s});
    EXPECT_EQ(fault.kind, EtcdFault::Kind::denied);
    EXPECT_THAT(fault.error.message(), HasSubstr("/etc/p"));
    EXPECT_TRUE(etcd.served.empty());
}

TEST_F(EtcdClientTest, APrefixWithoutPermissionIsDenied) {
    answer_all(403, R"({"error":"etcdserver: permission denied","message":"etcdserver: permission denied","code":7})");
    const auto fault = fault_of(Transaction{.then = {Transaction::Read{.key = "/a"}}});
    EXPECT_EQ(fault.kind, EtcdFault::Kind::denied);
    EXPECT_THAT(fault.error.message(), HasSubstr("permission denied"));
}

TEST_F(EtcdClientTest, APeerThatIsNotEtcdIsReported) {
    const std::pair<int, std::string> replies[] = {{200, "<html><body>hello</body></html>"},
                                                   {404, "Not Found\n"},
                                                   {200, ""},
                                                   {200, "[]"},
                                                   {200, "{}"},
                                                   {200, "{\"header\":1}"},
                                                   {301, ""}};
    for (const auto& [status, body] : replies) {
        answer_all(status, body);
        const auto fault = fault_of(GrantLease{5s});
        EXPECT_EQ(fault.kind, EtcdFault::Kind::misconfigured) << body;
        EXPECT_EQ(fault.error.exit_code, ExitCode::configuration);
        EXPECT_THAT(fault.error.reason, HasSubstr("which is not a reply of etcd 3.4 or later")) << body;
    }
}

TEST_F(EtcdClientTest, AnEndpointThatRepeatsTheRequestDoesNotMakeItPrintThePassword) {
    user = "app";
    const std::pair<int, std::string> replies[] = {
        {200, R"({"name":"app","password":"s3cret"})"},
        {200, "s3cret"},
        {404, "POST /v3/auth/authenticate s3cret"},
        {400, R"({"error":"no such user: app s3cret","code":3,"message":"no such user: app s3cret"})"},
        {400, R"({"message":"\u00733cret"})"}};
    for (const auto& [status, body] : replies) {
        answer_all(status, body);
        const auto fault = fault_of(GrantLease{5s});
        EXPECT_THAT(fault.error.message(), Not(HasSubstr("s3cret"))) << body;
        EXPECT_THAT(fault.error.message(), HasSubstr(std::to_string(status))) << body;
        for (const auto& endpoint : client().endpoints()) EXPECT_THAT(endpoint.state, Not(HasSubstr("s3cret")));
    }
}

TEST_F(EtcdClientTest, AnEndpointThatRepeatsTheHeadersDoesNotMakeItPrintTheToken) {
    user = "app";
    std::string kind;
    std::string token;
    etcd.demand_login("app", "s3cret");
    etcd.fate = [&](const mocks::FakeEtcd::Message& message) {
        if (message.authorization.empty() || kind.empty()) return mocks::FakeEtcd::Fate{};
        token = message.authorization;
        if (kind == "foreign") return mocks::FakeEtcd::Fate{.http_status = 200, .body = "Authorization: " + token};
        if (kind == "cut") return mocks::FakeEtcd::Fate{.http_status = 200, .body = std::string(58, ' ') + token};
        return mocks::FakeEtcd::Fate{.http_status = 403, .body = R"({"code":7,"message":"not for )" + token + "\"}"};
    };
    ASSERT_TRUE(succeeds(GrantLease{5s}));
    for (const char* const each : {"foreign", "cut", "error"}) {
        kind = each;
        for (const EtcdRequest& request : {EtcdRequest{GrantLease{5s}}, EtcdRequest{KeepAlive{7}}}) {
            const auto fault = fault_of(request);
            ASSERT_FALSE(token.empty());
            EXPECT_THAT(fault.error.message(), AllOf(Not(HasSubstr("token.")), Not(HasSubstr("with '")))) << each;
            EXPECT_THAT(fault.error.message(), HasSubstr(kind == "error" ? "403" : "it answered 200, ")) << each;
        }
    }
}

TEST_F(EtcdClientTest, AReplyOfAnotherCannotControlATerminal) {
    answer_all(200, "\x1b[2Jhello");
    EXPECT_THAT(fault_of(GrantLease{5s}).error.reason, HasSubstr("'\\x1b[2Jhello'"));
}

TEST_F(EtcdClientTest, ErrorsOfLaterReleasesAreUnderstood) {
    answer_all(503, R"({"code":14,"message":"etcdserver: no leader","details":[]})");
    EXPECT_EQ(fault_of(GrantLease{5s}).kind, EtcdFault::Kind::unreachable);
    answer_all(200, "{\"error\":{\"grpc_code\":14,\"http_code\":503,\"message\":\"etcdserver: no leader\"}}\n");
    EXPECT_EQ(fault_of(KeepAlive{7}).kind, EtcdFault::Kind::unreachable);
    answer_all(404, R"({"code":5,"message":"etcdserver: requested lease not found","details":[]})");
    EXPECT_EQ(fault_of(RevokeLease{7}).kind, EtcdFault::Kind::lease_gone);
}

TEST_F(EtcdClientTest, ALeaseThatIsGoneHasNoTtl) {
    auto what = ask(KeepAlive{4711});
    EXPECT_EQ(std::get<LeaseState>(std::get<EtcdReply>(what)).ttl, 0s);
    what = ask(AskLease{4711});
    EXPECT_LT(std::get<LeaseState>(std::get<EtcdReply>(what)).ttl, 0s);
}

TEST_F(EtcdClientTest, ATransactionReadsWhatItFinds) {
    etcd.store.put("/a/x", std::string("v\0w", 3));
    etcd.store.put("/a/y", "w");
    etcd.store.put("/b", "z");
    const auto what =
        ask(Transaction{.then = {Transaction::Read{.key = "/a/", .is_prefix = true}, Transaction::Read{.key = "/c"}}});
    const auto& reply = std::get<TransactionReply>(std::get<EtcdReply>(what));
    EXPECT_TRUE(reply.succeeded);
    EXPECT_EQ(reply.header.revision, 4);
    ASSERT_EQ(reply.reads.size(), 2U);
    ASSERT_EQ(reply.reads[0].size(), 2U);
    EXPECT_EQ(reply.reads[0][0].value, std::string("v\0w", 3));
    EXPECT_TRUE(reply.reads[1].empty());
}

TEST_F(EtcdClientTest, AWatchReportsWhatHappensFromItsRevisionOn) {
    etcd.store.put("/a", "1");
    etcd.store.erase("/a");
    client().ask(Channel::watch, WatchKeys{{"/a", "/b"}, 3}, 1s);
    std::size_t created = 0;
    std::vector<WatchReport::Change> changes;
    while (changes.empty())
        for (const auto& answer : wait()) {
            const auto& report = std::get<WatchReport>(std::get<EtcdReply>(answer.what));
            if (report.is_created) ++created;
            for (const auto& change : report.changes) changes.push_back(change);
        }
    EXPECT_EQ(created, 2U);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].key, "/a");
    EXPECT_TRUE(changes[0].is_deletion);
    etcd.set_running(0, false);
    const auto ended = wait();
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_EQ(std::get<EtcdFault>(ended[0].what).kind, EtcdFault::Kind::unreachable);
}

TEST_F(EtcdClientTest, ARequestForWhichThereIsNoMemoryFails) {
    class Full final : public HttpTransport {
    public:
        std::uint64_t post(const HttpRequest&) override { throw std::bad_alloc{}; }
        void cancel(std::uint64_t) override {}
        std::vector<HttpEvent> wait(std::chrono::milliseconds) override { return {}; }
        void wake() noexcept override {}
    };
    transport = std::make_unique<Full>();
    const auto fault = fault_of(GrantLease{5s});
    EXPECT_EQ(fault.kind, EtcdFault::Kind::unreachable);
    EXPECT_THAT(fault.error.message(), HasSubstr("no memory"));
}

TEST_F(EtcdClientTest, ADroppedRequestHasNoAnswer) {
    client().ask(Channel::main, GrantLease{5s}, 1s);
    client().drop(Channel::main);
    EXPECT_TRUE(wait(2s).empty());
}

}  // namespace
}  // namespace servicekit::cluster
