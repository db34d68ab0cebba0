#pragma once

#include <functional>
#include <memory>
#include <string>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/mocks/fake_reactor.hpp"
#include "servicekit/os/threads.hpp"

namespace servicekit::mocks {

/// Threads of fake processes. Each runs while its reactor turns, until it waits itself, in virtual time. A thread whose
/// object is destroyed before it began does not make its call. A thread of a killed process ends at its next wait.
class FakeThreads final : public os::Threads {
public:
    explicit FakeThreads(FakeReactor& reactor) : reactor_{&reactor} {}

    Result<std::unique_ptr<os::Thread>> start(const std::string& name, std::function<void()> call) override;
    /// Does nothing: one thread runs at a time, until it waits.
    void yield() noexcept override {}

    /// For `start`; the object is the name.
    FakeFailures failures{"start"};

private:
    class FakeThread;

    FakeReactor* reactor_;
};

}  // namespace servicekit::mocks
