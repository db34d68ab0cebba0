#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "servicekit/base/control_role.hpp"
#include "servicekit/base/peer.hpp"
#include "servicekit/core/arguments.hpp"
#include "servicekit/core/pending_reply.hpp"
#include "servicekit/core/reply.hpp"
#include "servicekit/core/waiting.hpp"

namespace servicekit {

/// The type of a parameter. A `path` is a string. Verbs make a relative path absolute before they send it.
enum class ParameterType { string, integer, number, boolean, path, list, object };

/// The name of the type: "string".
[[nodiscard]] std::string_view to_string(ParameterType type) noexcept;

/// One parameter of an event.
/// \code
/// {.name = "directory", .type = ParameterType::path, .description = "where to copy to"}
/// \endcode
struct Parameter {
    std::string name;                            ///< the key in the arguments of a request
    ParameterType type = ParameterType::string;  ///< the type that an argument must have
    std::string description = {};                ///< one line for people
    /// The value if the caller omits the parameter. Default: none, so the parameter is required. A null default makes
    /// it optional: check with Arguments::has().
    std::optional<Value> default_value = std::nullopt;
    /// If true, the value is never logged. Default: false. Set it for passwords.
    bool secret = false;
    /// The smallest accepted number. Default: no limit.
    std::optional<double> minimum = std::nullopt;
    /// The largest accepted number. Default: no limit.
    std::optional<double> maximum = std::nullopt;
};

/// The run of an event, for its handler. Valid during the handler's call. The handler's thread may use it, and threads
/// that the handler waits for.
class Context {
public:
    /// Takes progress reports for the caller.
    using ProgressSink = std::function<void(std::uint64_t done, std::uint64_t total, std::string_view text)>;
    /// Makes the handle of a later reply.
    using LaterReply = std::function<PendingReply()>;
    /// Takes an object that is sent ahead of the reply. \returns true if more may follow
    using ItemSink = std::function<bool(const Object& item)>;

    Context() = default;
    /// \param waiting outlives the context
    /// \param later empty if the run cannot be answered later
    /// \param items empty if the run cannot send items
    Context(std::stop_token stop, std::optional<std::chrono::steady_clock::time_point> deadline, Peer peer,
            ProgressSink progress, const Waiting& waiting = real_waiting(), LaterReply later = {}, ItemSink items = {})
        : stop_{std::move(stop)},
          deadline_{deadline},
          peer_{std::move(peer)},
          progress_{std::move(progress)},
          waiting_{&waiting},
          later_{std::move(later)},
          items_{std::move(items)} {}

    /// Stop is requested when the run is cancelled, and when the service stops or is killed. A handler that works for
    /// long checks this token regularly; a handler that waits uses wait_for(). A std::stop_callback on it runs on the
    /// thread that serves signals and the control socket: it must return at once, and must not throw or trigger()
    /// anything.
    [[nodiscard]] const std::stop_token& stop_token() const noexcept { return stop_; }
    /// Waits. Returns early when the run is cancelled, its deadline passes, or the service stops. On mocks::FakeOs the
    /// time is virtual.
    /// \code
    /// while (context.wait_for(1s)) look_for_new_files();
    /// \endcode
    /// \param time rounded up to milliseconds; at most a hundred years
    /// \returns true if the whole time has passed
    template <class Rep, class Period>
    bool wait_for(std::chrono::duration<Rep, Period> time) const {
        return wait_until(end_of_wait(waiting_->now(), time));
    }
    /// Waits until a point in time, like wait_for(). \returns true if it has come
    bool wait_until(Waiting::Time time) const;
    /// Lets any thread give the reply later. The service continues with other events at once, and the return value of
    /// the handler is ignored. Call it at most once in a run, on the handler's thread.
    /// \code
    /// .handler = [this](const Arguments& arguments, Context& context) {
    ///     workers_.post([this, reply = context.reply_later(), path = arguments.get<std::string>("path")] {
    ///         reply.succeed({{"bytes", upload(path, reply.stop_token())}});
    ///     });
    ///     return Reply{};
    /// }
    /// \endcode
    /// \throws std::logic_error for a built-in event that was replaced, for an event that runs within another, and for
    ///         a second call
    [[nodiscard]] PendingReply reply_later();
    /// Sends an object ahead of the reply. Use it for long lists: they need little memory, and the first objects arrive
    /// while the handler still looks for the others. Waits while the client has not read what was sent before.
    /// \code
    /// for (const Entry& entry : journal_)
    ///     if (!context.send({{"line", entry.text}})) break;
    /// \endcode
    /// A client that did not ask for a stream gets the objects in the field `items` of the reply, up to 1 MiB of them.
    /// \returns false if the client has gone, its time is up, or the run is asked to end; otherwise true
    /// \throws std::logic_error unless the event is `concurrent`, because a slow client would block all other events. A
    ///         handler that replies later uses PendingReply::send().
    /// \throws ErrorReply if JSON cannot express the object, and beyond the 1 MiB
    bool send(const Object& item);
    /// The time after which nobody waits for the reply; nothing if there is no limit.
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> deadline() const noexcept { return deadline_; }
    /// The client, and its role.
    [[nodiscard]] const Peer& peer() const noexcept { return peer_; }
    /// Reports progress to the caller, if the caller asked for it; otherwise it costs almost nothing.
    /// An event that reports progress does not count as hung. While the service starts, reloads or stops, it also
    /// extends the time limit of a supervisor such as systemd; progress of concurrent events does not, because they are
    /// not part of these steps.
    /// The units are the handler's. \param total 0 if unknown
    void progress(std::uint64_t done, std::uint64_t total, std::string_view text = {}) const {
        if (progress_) progress_(done, total, text);
    }

private:
    std::stop_token stop_;
    std::optional<std::chrono::steady_clock::time_point> deadline_;
    Peer peer_;
    ProgressSink progress_;
    const Waiting* waiting_ = &real_waiting();
    LaterReply later_;
    ItemSink items_;
};

/// Runs an event. If it throws, the caller gets the error reply `event-error`, and the service continues.
using Handler = std::function<Reply(const Arguments& arguments, Context& context)>;

/// An event: something that clients can ask a service to do.
/// \code
/// events().add({.name = "backup",
///               .description = "copies the data directory",
///               .parameters = {{.name = "directory", .type = ParameterType::path}},
///               .handler = [this](const Arguments& arguments, Context& context) {
///                   return back_up(arguments.get<std::string>("directory"), context);
///               }});
/// \endcode
/// The declaration also defines the check of arguments, the reply to `events`, and the help text.
struct EventDeclaration {
    std::string name;                        ///< letters, digits, `.`, `_`, `-`, at most 64, as for names of services
    std::string description = {};            ///< one line for people
    std::vector<Parameter> parameters = {};  ///< what a request may and must pass
    Handler handler = {};                    ///< runs the event; it must be set
    /// True if the event changes nothing. Its runs are then not logged.
    bool read_only = false;
    /// The role that a client needs to call it. Default: `operate`; for a replaced built-in event, the role of that
    /// event. With ControlRole::none, every client that can connect may call it.
    std::optional<ControlRole> needs = std::nullopt;
    /// Time without a call to Context::progress() after which the event counts as hung; the watchdog of a supervisor
    /// then gets no pings. Default: the setting `hang-timeout`. Set it for an event that is slower than others; 0
    /// disables the check.
    std::optional<std::chrono::milliseconds> hangs_after = std::nullopt;
    /// If true, the event runs beside other events and beside itself, on a small pool of threads. Set it for work that
    /// takes long and shares no data with other events, or locks it. It never runs beside on_start(), on_stop(), a load
    /// or a reload: these wait until it is over. Not allowed for built-in events.
    bool concurrent = false;
};

/// One run of an event, as ServiceBase::handle() gets it.
class EventRun {
public:
    /// Refers to its arguments, which must outlive it.
    EventRun(std::string_view name, const Arguments& arguments, Context& context)
        : name_{name}, arguments_{&arguments}, context_{&context} {}

    /// The name of the event.
    [[nodiscard]] std::string_view name() const noexcept { return name_; }
    /// The arguments, checked and with the defaults.
    [[nodiscard]] const Arguments& arguments() const noexcept { return *arguments_; }
    /// The context of the run.
    [[nodiscard]] Context& context() const noexcept { return *context_; }

private:
    std::string_view name_;
    const Arguments* arguments_;
    Context* context_;
};

/// Thrown by a handler for an error reply with fields or a code of its own. A field `type` replaces the exception's
/// type.
class ErrorReply : public std::runtime_error {
public:
    /// \param fields fields besides `code`, `message` and `event`, which are always present
    explicit ErrorReply(const std::string& message, Object fields = {}, std::string code = "event-error");
    /// The field `code` of the reply.
    [[nodiscard]] const std::string& code() const noexcept { return code_; }
    /// The other fields of the reply.
    [[nodiscard]] const Object& fields() const noexcept { return fields_; }

private:
    std::string code_;
    Object fields_;
};

}  // namespace servicekit
