#pragma once

#include <functional>
#include <memory>
#include <string>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/mocks/fake_reactor.hpp"
#include "servicekit/os/threads.hpp"

namespace servicekit::mocks {

/// Threads that are none: the reactor makes the call of each, whole, when the test has it turn; or who waits for it does.
/// One that is destroyed before makes no call.
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
