#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "servicekit/base/result.hpp"
#include "servicekit/base/value.hpp"
#include "servicekit/lisp/evaluation.hpp"

namespace servicekit::lisp {

using JobId = std::uint64_t;
using CallId = std::uint64_t;

/// A task as one of Lisp's threads gets it.
struct Job {
    JobId id = 0;
    Task task;
};

/// What the service answers a call of Lisp's.
struct Answer {
    bool ok = true;
    Value value = {};       ///< what the function returned
    std::string text = {};  ///< what it threw
    std::string type = {};  ///< of what it threw: an exception's, or an error code
};

/// Where Lisp's threads get work, bring what came of it, and ask something of the service.
class Work {
public:
    virtual ~Work() = default;
    /// For a worker: waits for the next job. \returns null where it is to end
    virtual std::shared_ptr<const Job> next_job() = 0;
    /// From the thread that had the job.
    virtual void finish(JobId job, Evaluation evaluation) = 0;
    /// From any of Lisp's threads: asks for a function of the service; await() gives the answer.
    virtual CallId ask(std::string function, Value::List arguments) = 0;
    /// Waits for the answer, or for a job that this thread is to do meanwhile, before it awaits the answer again: so
    /// neither side can wait for the other for ever.
    virtual std::variant<Answer, std::shared_ptr<const Job>> await(CallId call) = 0;
    /// The thread does not await the answer any more.
    virtual void leave(CallId call) noexcept = 0;
    /// A line for the service's log, at once. \param level "info"
    virtual void log(const std::string& level, const std::string& text) = 0;
};

/// As os::FaultOwner: whether a fault is Lisp's own, and is dealt with.
using AnswerFault = bool (*)(int number, void* info, void* context) noexcept;

/// The Lisp itself, as its service needs it and no wider: threads of Lisp that do what Work has for them.
class Machine {
public:
    struct Limits {
        std::size_t heap = 0;  ///< bytes
        std::size_t text = 0;  ///< characters
    };
    virtual ~Machine() = default;
    /// Starts Lisp and its worker. Once in a process.
    /// \param work kept for as long as any thread of Lisp is left
    virtual Result<void> boot(std::shared_ptr<Work> work, const Limits& limits) = 0;
    /// Has the thread that does the job leave it. May come too early or too late, and then does nothing.
    virtual void interrupt(JobId job) = 0;
    /// The worker will never come back: another takes its place.
    virtual Result<void> replace_worker() = 0;
    /// Ends Lisp's threads, as far as they can be ended in that time. \pre Work gives no more jobs
    virtual void shut_down(std::chrono::milliseconds at_most) noexcept = 0;
    /// What answers the faults that Lisp raises on purpose; null where it raises none.
    [[nodiscard]] virtual AnswerFault answers_faults() const noexcept { return nullptr; }
};

/// Embeddable Common Lisp.
[[nodiscard]] std::unique_ptr<Machine> make_ecl();

}  // namespace servicekit::lisp
