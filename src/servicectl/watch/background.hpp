#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "servicekit/base/result.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::servicectl {

/// Repeats work beside the thread of the screen. The destructor asks the work to end and waits for it, but not for long:
/// work that hangs in the kernel is left behind. So the work must own what it uses.
class Background {
public:
    /// Does one piece of work. \returns how long to wait before the next one
    using Work = std::function<std::chrono::milliseconds(const std::stop_token& stop)>;

    /// \param thread its name, at most 15 characters
    static Result<std::unique_ptr<Background>> start(const std::string& thread, Work work, const os::Host& host);

    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;
    ~Background();

    /// Ends the wait between two pieces of work.
    void hurry();
    /// Asks the work to end, and does not wait.
    void end();
    [[nodiscard]] bool has_ended() const;

private:
    struct State;
    explicit Background(std::shared_ptr<State> state) : state_{std::move(state)} {}

    std::shared_ptr<State> state_;
    std::unique_ptr<os::Thread> thread_;
};

}  // namespace servicekit::servicectl
