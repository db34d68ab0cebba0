// Clients of other users that take all they can get: the service keeps its memory and descriptors, and still answers.
#include <sys/resource.h>
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "integration/os/forked_child.hpp"
#include "integration/support/process.hpp"
#include "integration/support/raw_client.hpp"
#include "integration/support/service_test.hpp"
#include "integration/support/strangers.hpp"
#include "sanitized.hpp"

namespace servicekit::test {
namespace {

namespace fs = std::filesystem;
using os::test::ForkedChild;
using os::test::Lines;

constexpr uid_t first_greedy_user = 54'101;
constexpr int connections_of_each = 64;

auto descriptors_of(pid_t pid) {
    return std::distance(fs::directory_iterator{"/proc/" + std::to_string(pid) + "/fd"}, fs::directory_iterator{});
}

class GreedyClientsTest : public ServiceTest {
protected:
    void SetUp() override {
        if (!is_root()) GTEST_SKIP() << "only root can be another user";
        ServiceTest::SetUp();
        trial.add_options({"--control-mode", "0666"});
    }

    /// Returns a process of another user that makes as many connections as a user may have, misbehaves, and waits.
    [[nodiscard]] std::unique_ptr<ForkedChild> crowd(uid_t user,
                                                     const std::function<void(os::LocalConnection&)>& misbehave) const {
        return std::make_unique<ForkedChild>([&, user](Lines& parent) {
            become(user);
            std::vector<std::unique_ptr<os::LocalConnection>> connections;
            for (int count = 0; count < connections_of_each; ++count) {
                auto connection = os::posix_local_sockets().connect(trial.control_socket());
                if (!connection) throw std::runtime_error{connection.error().message()};
                connections.push_back(*std::move(connection));
            }
            for (auto& connection : connections) misbehave(*connection);
            parent.tell("done");
            (void)parent.hear();
            return 0;
        });
    }

    /// Sends as many requests as the service accepts, and reads nothing.
    static void ask_without_end(os::LocalConnection& connection) {
        std::string requests;
        while (requests.size() < 60'000) requests += "[\"status\"]";
        while (connection.wait_until_writable(std::chrono::milliseconds{200}) &&
               connection.send(requests).state == os::Transfer::State::done) {
        }
    }

    void expect_that_it_answers(const RunningService& service) const {
        for (int count = 0; count < 20; ++count)
            EXPECT_EQ(service.call("status").find("pid")->as_integer(), service.pid());
    }
};

TEST_F(GreedyClientsTest, UnreadRepliesOfStrangersTakeLittleMemory) {
    if (is_sanitized) GTEST_SKIP() << "the sanitizer needs memory of its own";
    const RunningService service{trial};
    const long before = kibibytes(service.pid(), "VmHWM");
    std::vector<std::unique_ptr<ForkedChild>> crowds;
    for (uid_t user = first_greedy_user; user < first_greedy_user + 4; ++user) {
        crowds.push_back(crowd(user, ask_without_end));
        EXPECT_EQ(crowds.back()->hear(), "done");
        expect_that_it_answers(service);
    }

    // The limit on replies, the limit on unfinished requests, and the allocator's overhead.
    EXPECT_LT(kibibytes(service.pid(), "VmHWM") - before, 48 * 1024);
}

TEST_F(GreedyClientsTest, RepliesThatASlowReaderHasReadAreFreed) {
    if (is_sanitized) GTEST_SKIP() << "the sanitizer needs memory of its own";
    const RunningService service{trial};
    const long before = kibibytes(service.pid(), "VmHWM");
    constexpr int replies = 200;
    RawClient slow{trial.control_socket()};
    for (int count = 0; count < replies; ++count) slow.send(R"(["big-reply",{"bytes":1000000}])");
    for (int count = 0; count < replies; ++count) EXPECT_GT(slow.line().size(), 1'000'000U);

    EXPECT_LT(kibibytes(service.pid(), "VmHWM") - before, 48 * 1024);
}

TEST_F(GreedyClientsTest, StrangersLeaveDescriptorsForTheLogAndForOperators) {
    trial.add_options({"--limit-open-files", "300"});
    const RunningService service{trial};
    std::vector<std::unique_ptr<ForkedChild>> crowds;
    for (uid_t user = first_greedy_user; user < first_greedy_user + 5; ++user) {
        crowds.push_back(crowd(user, [](os::LocalConnection&) {}));
        EXPECT_EQ(crowds.back()->hear(), "done");
    }

    expect_that_it_answers(service);
    EXPECT_LE(descriptors_of(service.pid()), 300 - 64 + 20);
    std::vector<RawClient> of_root;
    for (int count = 0; count < 30; ++count) {
        of_root.emplace_back(trial.control_socket());
        of_root.back().send("[\"status\"]");
        EXPECT_EQ(of_root.back().reply().find("pid")->as_integer(), service.pid());
    }
    EXPECT_EQ(trial.verb({"log-reopen"}).exit_code, 0);

    const Outcome refused = run_command(as_user({.user = 54'120, .group = 54'120}, trial.command({"call", "status"})));
    EXPECT_NE(refused.exit_code, 0);
    EXPECT_THAT(refused.err, testing::HasSubstr("too many open files"));
    crowds.clear();
    await_state("strangers are served again", [this] {
        const Outcome outcome =
            run_command(as_user({.user = 54'120, .group = 54'120}, trial.command({"call", "status"})));
        return outcome.err.find("may not ask for 'status'") != std::string::npos;
    });
}

}  // namespace
}  // namespace servicekit::test
