#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/exchange.hpp"
#include "servicectl/web/access.hpp"
#include "servicectl/web/loop.hpp"
#include "servicectl/web/views.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/os/host.hpp"

namespace servicekit::servicectl::web {

/// What the pages have requested of services. At most 64 events run at a time, 8 of each service, and besides 4 programs
/// for each service. 200 are remembered, the last 20 of each service. For the loop's thread.
class Runs {
public:
    static constexpr std::size_t most_events = 64;
    static constexpr std::size_t most_events_of_service = 8;
    static constexpr std::size_t most_programs_of_service = 4;
    static constexpr std::size_t most_of_service = 20;
    static constexpr std::size_t most_remembered = 200;
    static constexpr std::size_t most_items = 200;
    static constexpr std::size_t most_bytes_of_items = std::size_t{64} << 10U;

    /// \param on_change called with the identity of the service
    Runs(Loop& loop, const os::Host& host, std::function<void(const std::string& service, bool has_ended)> on_change,
         Random random = &random_bytes);
    Runs(const Runs&) = delete;
    Runs& operator=(const Runs&) = delete;
    ~Runs();

    /// Requests an event. A reply, or an object ahead of it, of more than 1 MiB is a failure.
    /// \param users who may serve the socket, besides root
    /// \returns the id of the run, or that too many run
    Result<std::string> call(const std::string& service, const std::string& socket, std::vector<uid_t> users,
                             const std::string& event, const Object& arguments);
    /// Runs a program that does something with the service. Its output is the outcome.
    Result<std::string> execute(const std::string& service, const std::string& action,
                                const std::vector<std::string>& command);

    [[nodiscard]] std::optional<RunView> find(const std::string& service, const std::string& id) const;
    /// Returns the runs of a service, newest first.
    [[nodiscard]] std::vector<RunView> of(const std::string& service) const;
    /// Returns the number of the last change of any run.
    [[nodiscard]] std::size_t changes() const noexcept { return changes_; }
    /// Returns the runs of a service that have changed after this number, with their views.
    [[nodiscard]] std::vector<RunView> changed_after(const std::string& service, std::size_t change) const;

private:
    enum class Kind { event, program };
    struct Run {
        Kind kind = Kind::event;
        std::string service = {};
        RunView view = {};
        std::chrono::steady_clock::time_point begun = {};
        std::optional<std::chrono::steady_clock::time_point> ended = {};
        std::size_t change = 0;
        std::size_t bytes_of_items = 0;
        std::string socket = {};
        std::vector<uid_t> users = {};
        Object arguments = {};
        CallOptions options = {};
        std::unique_ptr<Exchange> exchange = {};  ///< null until it is connected
        std::unique_ptr<os::Watch> watch = {};    ///< destroyed before the exchange
        std::unique_ptr<os::Timer> timer = {};
    };
    using Handle = std::shared_ptr<Run>;

    Result<Handle> begin(const std::string& service, const std::string& event, Kind kind);
    void proceed(const Handle& run);
    /// Connects, or tries again later if too many clients wait.
    void connect(const Handle& run);
    void await(const Handle& run);
    void note(Run& run);
    void end(Run& run, RunView::State state, const std::string& outcome);
    [[nodiscard]] RunView view_of(const Run& run) const;
    void forget_old(const std::string& service);

    Loop& loop_;
    os::Host host_;
    std::function<void(const std::string&, bool)> on_change_;
    Random random_;
    std::list<Handle> runs_;  ///< newest first
    std::size_t changes_ = 0;
};

}  // namespace servicekit::servicectl::web
