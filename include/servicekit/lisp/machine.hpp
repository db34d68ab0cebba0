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

/// The number of a job.
using JobId = std::uint64_t;
/// The number of a call from Lisp to the service.
using CallId = std::uint64_t;

/// A task for one of Lisp's threads.
struct Job {
    JobId id = 0;  ///< unique in the process
    Task task;     ///< what the thread does
};

/// The service's answer to a call from Lisp.
struct Answer {
    bool ok = true;         ///< false if the function threw
    Value value = {};       ///< the result of the function
    std::string text = {};  ///< the message of its exception
    std::string type = {};  ///< the type of its exception, or an error code
};

/// Gives work to Lisp's threads, takes the results, and passes their calls to the service.
class Work {
public:
    virtual ~Work() = default;
    /// Waits for the next job, in a worker. \returns null if the worker must end
    virtual std::shared_ptr<const Job> next_job() = 0;
    /// Takes the result of a job, in the thread that had the job.
    virtual void finish(JobId job, Evaluation evaluation) = 0;
    /// Calls a function of the service, from any thread of Lisp; await() returns the answer.
    virtual CallId ask(std::string function, Value::List arguments) = 0;
    /// Waits for the answer, or for a job that this thread must do first; then the thread calls await() again. So the
    /// two sides cannot wait for each other for ever.
    virtual std::variant<Answer, std::shared_ptr<const Job>> await(CallId call) = 0;
    /// Tells the service that the thread no longer awaits the answer.
    virtual void leave(CallId call) noexcept = 0;
    /// Writes a line to the service's log at once. \param level "info"
    virtual void log(const std::string& level, const std::string& text) = 0;
};

/// A function like os::FaultOwner: returns true if a fault is Lisp's own and is handled.
using AnswerFault = bool (*)(int number, void* info, void* context) noexcept;

/// The Lisp itself, limited to what the service needs: threads that do the jobs of a Work.
class Machine {
public:
    /// The limits of Lisp.
    struct Limits {
        std::size_t heap = 0;  ///< bytes
        std::size_t text = 0;  ///< characters
    };
    virtual ~Machine() = default;
    /// Starts Lisp and its worker. May be called once in a process.
    /// \param work kept as long as any thread of Lisp exists
    virtual Result<void> boot(std::shared_ptr<Work> work, const Limits& limits) = 0;
    /// Makes the thread that does the job leave it. Does nothing if it comes too early or too late.
    virtual void interrupt(JobId job) = 0;
    /// Replaces the worker, which will never return.
    virtual Result<void> replace_worker() = 0;
    /// Ends Lisp's threads, as far as possible in that time. \pre Work gives no more jobs
    virtual void shut_down(std::chrono::milliseconds at_most) noexcept = 0;
    /// The function for the faults that Lisp raises on purpose; null if it raises none.
    [[nodiscard]] virtual AnswerFault answers_faults() const noexcept { return nullptr; }
};

/// Makes an Embeddable Common Lisp (ECL).
[[nodiscard]] std::unique_ptr<Machine> make_ecl();

}  // namespace servicekit::lisp
