#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lisp/ecl/ecl.hpp"
#include "lisp/ecl/fault_signals.hpp"
#include "lisp/ecl/functions.hpp"
#include "lisp/ecl/lisp_thread.hpp"
#include "lisp/ecl/text.hpp"
#include "lisp/sources.hpp"
#include "servicekit/lisp/machine.hpp"

// Exported, but declared in none of the public headers.
extern "C" void ecl_cs_set_org(cl_env_ptr environment);

namespace servicekit::lisp {
namespace {

constexpr const char* own_package = "SERVICE-EVAL";

// cl_boot() cannot be undone.
constinit std::atomic<bool> was_booted{false};

/// Calls a function of SERVICE-EVAL. \returns false if Lisp jumped out of it, which ends here
bool call_lisp(const char* function, cl_object argument = OBJNULL) {
    const cl_env_ptr environment = ecl_process_env();
    volatile bool returned = false;
    ECL_CATCH_ALL_BEGIN(environment) {
        cl_object name = symbol(function, own_package);
        if (argument == OBJNULL)
            cl_funcall(1, name);
        else
            cl_funcall(2, name, argument);
        returned = true;
    }
    ECL_CATCH_ALL_IF_CAUGHT { returned = false; }
    ECL_CATCH_ALL_END;
    return returned;
}

/// Sets a variable of SERVICE-EVAL.
void set_variable(const char* name, std::size_t value) {
    ECL_SETQ(ecl_process_env(), symbol(name, own_package), ecl_make_fixnum(static_cast<cl_fixnum>(value)));
}

/// \returns false if one of the forms could not be evaluated
bool load_source(std::string_view source) {
    const cl_env_ptr environment = ecl_process_env();
    volatile bool loaded = false;
    ECL_CATCH_ALL_BEGIN(environment) {
        cl_object stream = cl_make_string_input_stream(1, from_utf8(source));
        cl_object form = cl_list(4, symbol("LOAD", "CL"), stream, ecl_make_keyword("VERBOSE"), ECL_NIL);
        loaded = si_safe_eval(3, form, ECL_NIL, OBJNULL) != OBJNULL;
    }
    ECL_CATCH_ALL_IF_CAUGHT { loaded = false; }
    ECL_CATCH_ALL_END;
    return loaded;
}

void make_package(const char* name) {
    cl_object text = ecl_make_constant_base_string(name, -1);
    if (cl_find_package(text) == ECL_NIL)
        ecl_make_package(text, ECL_NIL, ecl_list1(cl_find_package(ecl_make_constant_base_string("CL", -1))), ECL_NIL);
}

void set_options(std::size_t heap) {
    for (const int off : {ECL_OPT_SIGNAL_HANDLING_THREAD, ECL_OPT_TRAP_SIGINT, ECL_OPT_TRAP_SIGPIPE,
                          ECL_OPT_TRAP_SIGILL, ECL_OPT_TRAP_SIGFPE, ECL_OPT_INCREMENTAL_GC})
        ecl_set_option(off, 0);
    // ECL delivers interrupts by a signal, and by a fault on a write-protected page if they must wait.
    for (const int on : {ECL_OPT_TRAP_SIGSEGV, ECL_OPT_TRAP_SIGBUS, ECL_OPT_TRAP_INTERRUPT_SIGNAL})
        ecl_set_option(on, 1);
    // Space that remains for reporting a stack overflow: bytes, then entries.
    ecl_set_option(ECL_OPT_C_STACK_SAFETY_AREA, 1 << 20);
    for (const int entries : {ECL_OPT_FRAME_STACK_SAFETY_AREA, ECL_OPT_BIND_STACK_SAFETY_AREA})
        ecl_set_option(entries, 1024);
    ecl_set_option(ECL_OPT_HEAP_SIZE, static_cast<cl_fixnum>(heap));
}

/// Runs two kinds of threads. The keeper boots Lisp, interrupts jobs and shuts Lisp down, since the thread that booted
/// Lisp has to do that. The worker runs the jobs. If it is stuck, another worker replaces it.
/// Each thread keeps this object alive, since a thread that cannot be ended still needs it.
class EclThreads final : public std::enable_shared_from_this<EclThreads> {
public:
    Result<void> boot(std::shared_ptr<Work> work, const Machine::Limits& limits) {
        if (was_booted.exchange(true))
            return Error{ExitCode::internal, "boot", "Lisp", "this process has booted one already"};
        work_ = std::move(work);
        limits_ = limits;
        if (auto cleared = clear_masks_of_children(); !cleared) return cleared;
        if (auto started = keeper_.start("lisp-keeper", [self = shared_from_this()] { self->keep(); }); !started)
            return started;
        if (!booted_.get_future().get())
            return Error{ExitCode::internal, "boot", "Lisp", "its first files can't be loaded"};
        return replace_worker();
    }

    void interrupt(JobId job) {
        const std::lock_guard guard{mutex_};
        interrupts_.push_back(job);
        changed_.notify_one();
    }

    Result<void> replace_worker() {
        auto worker = std::make_unique<LispThread>();
        if (auto started = worker->start("lisp-worker", [self = shared_from_this()] { self->work(); }); !started)
            return started;
        workers_.push_back(std::move(worker));
        return {};
    }

    void shut_down(std::chrono::milliseconds at_most) noexcept {
        const auto until = std::chrono::steady_clock::now() + at_most;
        const auto left = [until] {
            return std::max(
                std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()),
                std::chrono::milliseconds{0});
        };
        {
            const std::lock_guard guard{mutex_};
            ends_ = true;
            changed_.notify_one();
        }
        keeper_.join(left());
        // Otherwise exit(3) would shut Lisp down again, in a thread that Lisp does not know, and hang.
        ecl_set_option(ECL_OPT_BOOTED, -1);
        faults_.give_back();
    }

private:
    void keep() {
        faults_.note_before();
        set_options(limits_.heap);
        // Static, since Lisp keeps them.
        static char name[] = "service";
        static char* arguments[] = {name, nullptr};
        cl_boot(1, arguments);
        faults_.guard();

        for (const char* package : {own_package, "SERVICE"}) make_package(package);
        define_functions(*work_);
        bool loaded = load_source(sources::service) && load_source(sources::evaluation);
        set_variable("*TEXT-LIMIT*", limits_.text);
        set_variable("*HEAP-LIMIT*", limits_.heap);
        worker_name_ = symbol("WORKER", own_package);
        // Lisp lists this thread, so a form that kills all threads must not interrupt it.
        ecl_bds_bind(ecl_process_env(), symbol("*INTERRUPTS-ENABLED*", "EXT"), ECL_NIL);
        booted_.set_value(loaded);
        while (const auto job = next_interrupt()) call_lisp("INTERRUPT", ecl_make_fixnum(static_cast<cl_fixnum>(*job)));
        end();
    }

    /// \returns nothing when Lisp is to shut down
    std::optional<JobId> next_interrupt() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return ends_ || !interrupts_.empty(); });
        if (ends_) return std::nullopt;
        const JobId job = interrupts_.front();
        interrupts_.pop_front();
        return job;
    }

    void work() {
        // Another thread created the name: this one cannot create objects before Lisp knows it.
        ecl_import_current_thread(worker_name_, ECL_NIL);
        const cl_env_ptr environment = ecl_process_env();
        // ECL 21.2 does not set it for threads that it did not start. Threads that they start would crash, and a signal
        // whose handler is left by a jump would stay blocked.
        if (environment->default_sigmask == nullptr) environment->default_sigmask = cl_core.default_sigmask;
        // ECL 21.2 does not set the stack limits either: an overflow would crash and not signal a condition.
        ecl_cs_set_org(environment);
        ecl_bds_bind(environment, symbol("*INTERRUPTS-ENABLED*", "EXT"), ECL_NIL);
        // A form that unwinds the whole thread ends here.
        while (!call_lisp("WORK")) {
        }
        ecl_bds_unwind1(environment);
        ecl_release_current_thread();
    }

    void end() {
        call_lisp("END-ALL-THREADS");
        bool is_alone = true;
        for (const auto& worker : workers_) is_alone = worker->join(std::chrono::milliseconds{100}) && is_alone;
        if (!is_alone) return;  // a stuck worker still needs Lisp
        const cl_env_ptr environment = ecl_process_env();
        ECL_CATCH_ALL_BEGIN(environment) { cl_shutdown(); }
        ECL_CATCH_ALL_IF_CAUGHT {}
        ECL_CATCH_ALL_END;
    }

    std::shared_ptr<Work> work_;
    Machine::Limits limits_;
    FaultSignals faults_;
    LispThread keeper_;
    std::vector<std::unique_ptr<LispThread>> workers_;
    std::promise<bool> booted_;
    cl_object worker_name_ = ECL_NIL;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<JobId> interrupts_;
    bool ends_ = false;
};

class EclMachine final : public Machine {
public:
    Result<void> boot(std::shared_ptr<Work> work, const Limits& limits) override {
        return threads_->boot(std::move(work), limits);
    }
    void interrupt(JobId job) override { threads_->interrupt(job); }
    Result<void> replace_worker() override { return threads_->replace_worker(); }
    void shut_down(std::chrono::milliseconds at_most) noexcept override { threads_->shut_down(at_most); }
    AnswerFault answers_faults() const noexcept override { return &FaultSignals::answer; }

private:
    std::shared_ptr<EclThreads> threads_ = std::make_shared<EclThreads>();
};

}  // namespace

std::unique_ptr<Machine> make_ecl() { return std::make_unique<EclMachine>(); }

}  // namespace servicekit::lisp
