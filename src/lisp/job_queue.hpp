#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "servicekit/lisp/machine.hpp"

namespace servicekit::lisp {

/// Where the handlers' thread and Lisp's threads meet, so that neither can wait for the other for ever: while a handler
/// waits for Lisp it serves whatever Lisp's threads ask of the service, and a thread of Lisp that waits for the service
/// does what the service asks of Lisp meanwhile.
class JobQueue final : public Work {
public:
    using Serve = std::function<Answer(const std::string& function, const Value::List& arguments)>;
    /// Has serve_calls() called soon by the handlers' thread, which does not wait for Lisp now.
    /// \returns why not: the service does not run
    using Summon = std::function<std::optional<Answer>()>;

    /// From any thread.
    using Log = std::function<void(const std::string& level, const std::string& text)>;

    struct Host {
        Serve serve;
        Summon summon;
        Log log;
    };
    explicit JobQueue(Host host) : host_{std::move(host)} {}

    // The handlers' thread.

    /// A job for the thread that waits for the call that is being served, else for the worker. What comes of it must be
    /// waited for, or abandoned.
    std::shared_ptr<const Job> submit(Task task);
    /// Serves calls until the job is done. \returns nothing where the time was up before, or a stop was asked for
    std::optional<Evaluation> wait(const Job& job, std::optional<std::chrono::steady_clock::time_point> until,
                                   const std::stop_token& stop);
    /// What becomes of the job is nobody's business any more. \returns whether the worker had it
    bool abandon(const Job& job);
    /// Answers what was asked while no handler waited for Lisp.
    void serve_calls();
    /// No more jobs and calls: workers end, who waits for an answer is refused, and the host is not asked any more.
    void close();

    // Lisp's threads.

    std::shared_ptr<const Job> next_job() override;
    void finish(JobId job, Evaluation evaluation) override;
    CallId ask(std::string function, Value::List arguments) override;
    std::variant<Answer, std::shared_ptr<const Job>> await(CallId id) override;
    void leave(CallId id) noexcept override;
    void log(const std::string& level, const std::string& text) override;

private:
    struct Call {
        std::string function;
        Value::List arguments;
        std::deque<std::shared_ptr<const Job>> jobs;  ///< for the thread that waits for the answer
        std::optional<Answer> answer;
        bool left = false;
    };
    struct Undertaking {
        std::optional<Evaluation> evaluation;
        bool is_workers = false;
    };
    void stop_waiting(std::unique_lock<std::mutex>& lock);
    void serve_next(std::unique_lock<std::mutex>& lock);
    void summon(std::unique_lock<std::mutex>& lock);

    const Host host_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    JobId last_job_ = 0;
    CallId last_call_ = 0;
    std::map<JobId, Undertaking> undertakings_;
    std::deque<std::shared_ptr<const Job>> jobs_;    ///< for the worker
    std::map<CallId, std::shared_ptr<Call>> calls_;  ///< that somebody waits for
    std::deque<std::shared_ptr<Call>> unserved_;
    std::vector<std::shared_ptr<Call>> serving_;  ///< each asked for while the one before it was served
    int waiting_ = 0;                             ///< jobs that handlers wait for, within each other
    int summoning_ = 0;                           ///< threads
    bool closed_ = false;
};

}  // namespace servicekit::lisp
