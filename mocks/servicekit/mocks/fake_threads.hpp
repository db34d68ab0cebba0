#pragma once

#include <functional>
#include <memory>
#include <string>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/mocks/fake_reactor.hpp"
#include "servicekit/os/threads.hpp"

namespace servicekit::mocks {

/// Threads of fake processes: each goes on while its reactor turns, until it waits itself, and in virtual time.
/// One whose object is destroyed before it began makes no call. One whose process is killed ends at its next wait.
class FakeThreads final : public os::Threads {
public:
    explicit FakeThreads(FakeReactor& reactor) : reactor_{&reactor} {}

    Result<std::unique_ptr<os::Thread>> start(const std::string& name, std::function<void()> call) override;

    /// `start`; the object is the name.
    FakeFailures failures{"start"};

private:
    class FakeThread;

    FakeReactor* reactor_;
};

}  // namespace servicekit::mocks
