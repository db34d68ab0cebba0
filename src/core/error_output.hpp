#pragma once

#include <functional>
#include <string>
#include <utility>

#include "core/instance.hpp"
#include "servicekit/base/error.hpp"
#include "servicekit/core/logger.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit {

/// What the service prints on stderr for the person or program that starts it.
class ErrorOutput {
public:
    ErrorOutput(const Instance& instance, const os::Host& host, Logger& log)
        : instance_{instance}, host_{host}, log_{log} {}

    /// Sets a function that is called with each error that is printed. Call before the start.
    void on_print(std::function<void(const Error&)> call) { on_print_ = std::move(call); }
    /// Prints the error after the name of the service.
    void print(const Error& error);
    /// Prints a warning in the same way.
    void warn(const std::string& text);
    /// Reports the error to the operator: in the log, and in the foreground on stderr. In the foreground without a log
    /// file, it reports on stderr only.
    void report(const Error& error);

private:
    void print(LogLevel level, const std::string& text);

    const Instance& instance_;
    const os::Host& host_;
    Logger& log_;
    std::function<void(const Error&)> on_print_;
};

}  // namespace servicekit
