#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "integration/support/command.hpp"
#include "servicekit/base/value.hpp"

namespace servicekit::test {

/// \returns true if the program is in PATH
[[nodiscard]] bool is_installed(const std::string& program);
/// Waits until it is so; looks less often than await_state(), since each look is a request.
void await_scrapes(std::string_view what, const std::function<bool()>& is_so);

/// A server that was started on a port of the loopback.
struct StartedServer {
    int port = 0;
    std::unique_ptr<RunningCommand> process;
};
/// Starts a server, and returns when it answers with status 200. If another process has taken the port in between, tries
/// again on another one.
/// \param make returns the command for a port \param path that is requested
[[nodiscard]] StartedServer start_server(const std::function<Command(int port)>& make, const std::string& path);

/// A real Prometheus on the loopback, which the destructor kills.
class PrometheusServer {
public:
    /// Returns when it answers.
    /// \param config the content of prometheus.yml
    /// \param directory for its files; must exist
    PrometheusServer(const std::string& config, const std::string& directory);

    /// Asks its API. \param path below /api/v1/ \returns the member `data` of the reply
    [[nodiscard]] Value ask(const std::string& path) const;
    /// Evaluates an expression now. \returns the series, each with `metric` and `value`
    [[nodiscard]] Value::List query(const std::string& expression) const;
    /// Evaluates an expression that has one series. \returns its value, or nothing if it does not have one series
    [[nodiscard]] std::optional<std::string> number(const std::string& expression) const;
    /// Waits until the expression has the value. \throws std::runtime_error if it does not get it
    void await_number(const std::string& expression, const std::string& value) const;
    /// Returns the targets of the scrapes.
    [[nodiscard]] Value::List targets() const;

private:
    StartedServer server_;
};

}  // namespace servicekit::test
