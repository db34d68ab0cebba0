#pragma once

#include <functional>
#include <memory>

#include "servicekit/base/result.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::servicectl::top {

/// Reports keys and signals while it exists. The signals are those that end or stop the process, that continue it, and
/// that report a new size of the terminal. The functions are called on another thread.
class Arrivals {
public:
    /// \param on_signal called for each signal
    Arrivals(const os::Host& host, std::function<void(int number)> on_signal);
    Arrivals(const Arrivals&) = delete;
    Arrivals& operator=(const Arrivals&) = delete;
    /// The signals have their earlier actions again.
    ~Arrivals();

    /// Begins to report signals. \returns why it cannot
    Result<void> take_signals();
    /// Begins to report input at a descriptor, which must stay open. Each report is the only one until await_input().
    /// \pre take_signals() has succeeded
    Result<void> start(int input, std::function<void()> on_input);
    /// Requests one more report of input.
    void await_input();

private:
    const os::Host& host_;
    std::function<void(int)> on_signal_;
    std::function<void()> on_input_;
    std::unique_ptr<os::EventLoop> loop_;
    std::unique_ptr<os::Watch> watch_;
    bool has_signals_ = false;
};

}  // namespace servicekit::servicectl::top
