#include "core/forced_exit.hpp"

#include <chrono>

#include "base/attempt.hpp"
#include "core/protocol.hpp"
#include "servicekit/policy/control_policy.hpp"
#include "servicekit/policy/lock_policy.hpp"

namespace servicekit {
namespace {

constexpr std::chrono::milliseconds last_flush_limit{500};

}  // namespace

void ForcedExit::operator()(const std::optional<Error>& error) {
    static_cast<void>(attempt([&] {
        if (error) error_output_.report(*error);
    }));
    static_cast<void>(attempt([this] {
        for (const auto& run : runs_.all())
            run->decline(make_error("not-ready", "the service ended before '" + run->event().name + "' did",
                                    {{"event", run->event().name}, {"state", "stopping"}}));
    }));
    static_cast<void>(attempt([&] {
        end_askers_.answer(error ? error : Error{ExitCode::internal, "stop", "", "it was killed"});
    }));
    policies_.control.close();
    static_cast<void>(attempt([this] { service_log_.close(last_flush_limit); }));
    crash_watch_.close_report();
    stop_note_.write();
    // A successor, which writes its own file, needs the lock first.
    static_cast<void>(attempt([this] { metrics_file_.abandon(); }));
    policies_.lock.release();
    static_cast<void>(attempt([&] {
        if (error) announcements_.failed(*error);
    }));
    process_.exit_now(error ? to_int(error->exit_code) : 0);
}

}  // namespace servicekit
