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

enum class ParameterType { string, integer, number, boolean, path, list, object };

[[nodiscard]] std::string_view to_string(ParameterType type) noexcept;

/// One parameter of an event.
/// \code
/// {.name = "directory", .type = ParameterType::path, .description = "where to copy to"}
/// \endcode
struct Parameter {
    std::string name;
    ParameterType type = ParameterType::string;
    std::string description = {};
    /// What the handler gets where the caller gives nothing; without one the parameter is required.
    /// A default of null says that there may be none at all: ask Arguments::has().
    std::optional<Value> default_value = std::nullopt;
    /// The value is never written to the log.
    bool secret = false;
    /// For integers and numbers: the range that is accepted.
    std::optional<double> minimum = std::nullopt;
    std::optional<double> maximum = std::nullopt;
};

/// What a handler may ask about the run of its event, and tell about it.
/// Valid during the handler's call; used by the handler's thread and by threads that it waits for.
class Context {
public:
    /// Takes what the caller should be told about how far it is.
    using ProgressSink = std::function<void(std::uint64_t done, std::uint64_t total, std::string_view text)>;
    /// Makes the handle of a reply that comes later.
    using LaterReply = std::function<PendingReply()>;
    /// Takes an object that goes ahead of the reply. \returns whether more may follow
    using ItemSink = std::function<bool(const Object& item)>;

    Context() = default;
    /// \param waiting outlives the context
    /// \param later empty: the run can't be answered later
    /// \param items empty: the run can send no items
    Context(std::stop_token stop, std::optional<std::chrono::steady_clock::time_point> deadline, Peer peer,
            ProgressSink progress, const Waiting& waiting = real_waiting(), LaterReply later = {}, ItemSink items = {})
        : stop_{std::move(stop)},
          deadline_{deadline},
          peer_{std::move(peer)},
          progress_{std::move(progress)},
          waiting_{&waiting},
          later_{std::move(later)},
          items_{std::move(items)} {}

    /// Requested when the run is cancelled, and when the service stops or is killed. A handler that works for long looks
    /// at this token now and then. A handler that waits uses wait_for(). A std::stop_callback on it runs on the thread that
    /// serves signals and the control socket: it must return at once, and must not throw or trigger() anything.
    [[nodiscard]] const std::stop_token& stop_token() const noexcept { return stop_; }
    /// Waits, and returns early when the run is cancelled, when its deadline is over, and when the service stops. The
    /// time is virtual on mocks::FakeOs.
    /// \code
    /// while (context.wait_for(1s)) look_for_new_files();
    /// \endcode
    /// \param time rounded up to milliseconds; at most a hundred years
    /// \returns whether the whole time passed
    template <class Rep, class Period>
    bool wait_for(std::chrono::duration<Rep, Period> time) const {
        return wait_until(end_of_wait(waiting_->now(), time));
    }
    /// The same until a point in time. \returns whether it came
    bool wait_until(Waiting::Time time) const;
    /// The reply is given later, on whatever thread, and the service goes on to other events at once; what the handler
    /// returns is ignored. To be called once in a run, by the handler's thread.
    /// \code
    /// .handler = [this](const Arguments& arguments, Context& context) {
    ///     workers_.post([this, reply = context.reply_later(), path = arguments.get<std::string>("path")] {
    ///         reply.succeed({{"bytes", upload(path, reply.stop_token())}});
    ///     });
    ///     return Reply{};
    /// }
    /// \endcode
    /// \throws std::logic_error for a built-in event that was replaced, for an event that runs within another, and for a
    ///         second call
    [[nodiscard]] PendingReply reply_later();
    /// Sends an object ahead of the reply. So a long list needs no memory for all of it, and its first objects arrive
    /// while the handler still looks for the others. Waits while the client has not read what was sent before.
    /// \code
    /// for (const Entry& entry : journal_)
    ///     if (!context.send({{"line", entry.text}})) break;
    /// \endcode
    /// A client that did not ask for a stream gets the objects in the field `items` of the reply, up to 1 MiB of them.
    /// \returns whether more is wanted; false if the client has gone, its time is up, or the run is asked to end
    /// \throws std::logic_error unless the event is `concurrent`: a slow client would hold up all others. A handler that
    ///         replies later uses PendingReply::send().
    /// \throws ErrorReply if JSON can't express the object, and beyond the 1 MiB
    bool send(const Object& item);
    /// When nobody will wait for the reply any more; nothing where there is no limit.
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> deadline() const noexcept { return deadline_; }
    /// Who asked for it, and what role that gives.
    [[nodiscard]] const Peer& peer() const noexcept { return peer_; }
    /// Tells the caller how far the event is, if the caller wants to know; costs next to nothing otherwise.
    /// It is also a sign of progress: an event that shows one does not hang, and while the service starts, reloads or
    /// stops, whoever set it a limit from outside (systemd) is asked to wait on. The latter does not go for concurrent
    /// events, which are no part of these.
    /// Units are the handler's own. \param total 0 where it is not known.
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

/// Runs an event. What it throws becomes the caller's error reply `event-error`; the service runs on.
using Handler = std::function<Reply(const Arguments& arguments, Context& context)>;

/// An event: something that one tells a service to do.
/// \code
/// events().add({.name = "backup",
///               .description = "copies the data directory",
///               .parameters = {{.name = "directory", .type = ParameterType::path}},
///               .handler = [this](const Arguments& arguments, Context& context) {
///                   return back_up(arguments.get<std::string>("directory"), context);
///               }});
/// \endcode
/// The same declaration yields the check of arguments, the `events` reply, and the help text.
struct EventDeclaration {
    std::string name;  ///< as names of services: letters, digits, `.`, `_`, `-`, at most 64
    std::string description = {};
    std::vector<Parameter> parameters = {};
    Handler handler = {};
    /// It changes nothing, so that its runs need no line in the log.
    bool read_only = false;
    /// What a client must be to ask for it. Unless given: `operate`, and for a built-in event that is replaced what
    /// that one needs. ControlRole::none is met by everyone whom the control socket lets in.
    std::optional<ControlRole> needs = std::nullopt;
    /// It counts as hung when it has run so long without a sign of progress; then a watchdog that waits for signs of
    /// life gets none. Nothing: the setting `hang-timeout` says it. 0: it may take as long as it likes.
    std::optional<std::chrono::milliseconds> hangs_after = std::nullopt;
    /// Runs of it go on beside other events and beside each other, on a small pool of threads: for what takes long and
    /// touches nothing that others change, or guards it. They never run beside on_start(), on_stop(), a load or a reload:
    /// these wait until they are over. Not for built-in events.
    bool concurrent = false;
};

/// One run of an event, as BasicService::handle() sees it.
class EventRun {
public:
    EventRun(std::string_view name, const Arguments& arguments, Context& context)
        : name_{name}, arguments_{&arguments}, context_{&context} {}

    [[nodiscard]] std::string_view name() const noexcept { return name_; }
    [[nodiscard]] const Arguments& arguments() const noexcept { return *arguments_; }
    [[nodiscard]] Context& context() const noexcept { return *context_; }

private:
    std::string_view name_;
    const Arguments* arguments_;
    Context* context_;
};

/// Thrown by a handler whose error reply is to say more than a message: with fields of its own, or a code of its own.
/// A `type` among the fields stands in place of the exception's.
class ErrorReply : public std::runtime_error {
public:
    /// \param fields without `code`, `message` and `event`, which are there anyway
    explicit ErrorReply(const std::string& message, Object fields = {}, std::string code = "event-error");
    [[nodiscard]] const std::string& code() const noexcept { return code_; }
    [[nodiscard]] const Object& fields() const noexcept { return fields_; }

private:
    std::string code_;
    Object fields_;
};

}  // namespace servicekit
