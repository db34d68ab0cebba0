// One rule holds between C++ and Lisp: an exception never crosses a Lisp frame, and Lisp never jumps over a frame with
// a destructor to run. So each function here does its C++ work in one call that neither throws nor creates Lisp
// objects. It then converts the result to Lisp objects, which may jump, while only plain pointers are in scope.
// SERVICE-EVAL disables interrupts around the functions, unless a comment states otherwise.
#include "lisp/ecl/functions.hpp"
#include "base/parse_number.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include "lisp/ecl/text.hpp"
#include "lisp/ecl/values.hpp"

namespace servicekit::lisp {
namespace {

// Static, since a Lisp function cannot carry an object of ours. There is one Lisp in a process.
constinit std::atomic<Work*> work{nullptr};

using Step = std::variant<Answer, std::shared_ptr<const Job>>;

Step broken(const char* text) { return Answer{.ok = false, .text = text, .type = "internal"}; }

CallId begin_call(cl_object function, cl_object arguments) noexcept {
    try {
        return work.load()->ask(to_utf8(function), list_from_lisp(arguments));
    } catch (...) {
        return 0;
    }
}

/// \returns null if there is no memory even for the error
Step* next_step(cl_object call) noexcept {
    try {
        return new Step{work.load()->await(static_cast<CallId>(ecl_fixnum(call)))};
    } catch (const std::exception& error) {
        return new (std::nothrow) Step{broken(error.what())};
    }
}

Step* next_job_step() noexcept {
    try {
        return new Step{work.load()->next_job()};
    } catch (...) {
        return nullptr;
    }
}

Evaluation evaluation_from(cl_object values, cl_object output, cl_object result, cl_object fault) {
    Evaluation evaluation{.output = to_utf8(output), .result = from_lisp(result)};
    for (; ECL_CONSP(values); values = ECL_CONS_CDR(values))
        evaluation.values.push_back(texts_from_lisp(ECL_CONS_CAR(values)));
    if (ECL_CONSP(fault)) {
        cl_object type = ECL_CONS_CDR(fault);
        cl_object message = ECL_CONS_CDR(type);
        cl_object backtrace = ECL_CONS_CDR(message);
        cl_object index = ECL_CONS_CDR(backtrace);
        evaluation.fault = Fault{.kind = fault_kind_from(to_utf8(ECL_CONS_CAR(fault))),
                                 .type = to_utf8(ECL_CONS_CAR(type)),
                                 .message = to_utf8(ECL_CONS_CAR(message)),
                                 .backtrace = texts_from_lisp(ECL_CONS_CAR(backtrace)),
                                 .form_index = static_cast<std::size_t>(ecl_fixnum(ECL_CONS_CAR(index))),
                                 .place = to_utf8(ECL_CONS_CAR(ECL_CONS_CDR(index)))};
    }
    return evaluation;
}

void finish(JobId job, cl_object values, cl_object output, cl_object result, cl_object fault) noexcept {
    try {
        work.load()->finish(job, evaluation_from(values, output, result, fault));
    } catch (const std::exception& error) {
        // A waiting handler must not wait forever. There is no memory for a message.
        work.load()->finish(job, {.fault = Fault{.kind = FaultKind::storage}});
    }
}

void fail(const Step& step) noexcept {
    const auto* job = std::get_if<std::shared_ptr<const Job>>(&step);
    if (job == nullptr) return;
    work.load()->finish((*job)->id, {.fault = Fault{.kind = FaultKind::storage, .message = "the heap is full"}});
}

void write_log(cl_object level, cl_object text) noexcept {
    try {
        work.load()->log(to_utf8(level), to_utf8(text));
    } catch (...) {
        return;  // ignored, like any log line that cannot be written
    }
}

/// Makes (:answer ok value text type) or (:job id kind texts package arguments). \returns
/// OBJNULL if Lisp has no room for it
cl_object make_list(const Step& step) {
    const cl_env_ptr environment = ecl_process_env();
    cl_object volatile list = OBJNULL;
    ECL_CATCH_ALL_BEGIN(environment) {
        if (const auto* answer = std::get_if<Answer>(&step))
            list = ecl_cons(ecl_make_keyword("ANSWER"), to_lisp(*answer));
        else if (const auto& job = *std::get_if<std::shared_ptr<const Job>>(&step); job != nullptr)
            list = ecl_cons(ecl_make_keyword("JOB"), to_lisp(*job));
        else
            list = ECL_NIL;
    }
    ECL_CATCH_ALL_IF_CAUGHT { list = OBJNULL; }
    ECL_CATCH_ALL_END;
    return list;
}

extern "C" cl_object servicekit_lisp_ask(cl_object function, cl_object arguments) {
    const CallId call = begin_call(function, arguments);
    ecl_return1(ecl_process_env(), ecl_make_fixnum(static_cast<cl_fixnum>(call)));
}

extern "C" cl_object servicekit_lisp_await(cl_object call) {
    for (;;) {
        Step* const step = next_step(call);
        cl_object list = step != nullptr ? make_list(*step) : OBJNULL;
        if (list == OBJNULL && step != nullptr) fail(*step);
        const bool was_job = step != nullptr && step->index() == 1;
        delete step;
        if (list != OBJNULL) ecl_return1(ecl_process_env(), list);
        if (was_job) continue;
        ecl_return1(ecl_process_env(), cl_list(5, ecl_make_keyword("ANSWER"), ECL_NIL, ECL_NIL,
                                               ecl_make_constant_base_string("the heap is full", -1),
                                               ecl_make_constant_base_string("storage", -1)));
    }
}

extern "C" cl_object servicekit_lisp_leave(cl_object call) {
    work.load()->leave(static_cast<CallId>(ecl_fixnum(call)));
    ecl_return1(ecl_process_env(), ECL_NIL);
}

extern "C" cl_object servicekit_lisp_next_job() {
    for (;;) {
        Step* const step = next_job_step();
        if (step == nullptr) ecl_return1(ecl_process_env(), ECL_NIL);
        cl_object list = make_list(*step);
        if (list == OBJNULL) fail(*step);
        delete step;
        if (list != OBJNULL) ecl_return1(ecl_process_env(), list == ECL_NIL ? ECL_NIL : ECL_CONS_CDR(list));
    }
}

extern "C" cl_object servicekit_lisp_finish(cl_object job, cl_object values, cl_object output, cl_object result,
                                            cl_object fault) {
    finish(static_cast<JobId>(ecl_fixnum(job)), values, output, result, fault);
    ecl_return1(ecl_process_env(), ECL_NIL);
}

extern "C" cl_object servicekit_lisp_log(cl_object level, cl_object text) {
    write_log(level, text);
    ecl_return1(ecl_process_env(), ECL_NIL);
}

extern "C" cl_object servicekit_lisp_close_on_exec(cl_object descriptor) {
    ::fcntl(static_cast<int>(ecl_fixnum(descriptor)), F_SETFD, FD_CLOEXEC);
    ecl_return1(ecl_process_env(), ECL_NIL);
}

/// \returns the number of bytes received before the time is up
std::size_t receive_exactly(int descriptor, char* buffer, std::size_t size,
                            std::chrono::steady_clock::time_point until) {
    std::size_t received = 0;
    while (received < size) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        if (left.count() <= 0) break;
        pollfd readable{.fd = descriptor, .events = POLLIN, .revents = 0};
        if (::poll(&readable, 1, static_cast<int>(left.count())) <= 0) continue;
        const ssize_t count = ::recv(descriptor, buffer + received, size - received, MSG_DONTWAIT);
        if (count > 0)
            received += static_cast<std::size_t>(count);
        else if (count == 0 || (errno != EINTR && errno != EAGAIN))
            break;
    }
    return received;
}

/// Receives a packet of Swank's protocol: six hexadecimal digits for the length, then a text. Returns nil
/// if it does not arrive in time. Runs with interrupts enabled, which may end the thread, so it holds
/// nothing that must be released.
extern "C" cl_object servicekit_lisp_receive_secret(cl_object descriptor, cl_object milliseconds) {
    constexpr std::size_t digits = 6;
    constexpr std::size_t longest = 4096;
    char packet[longest + 1] = {};
    const int from = static_cast<int>(ecl_fixnum(descriptor));
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{ecl_fixnum(milliseconds)};
    std::size_t size = 0;
    bool is_whole = receive_exactly(from, packet, digits, until) == digits;
    if (is_whole) {
        const auto parsed = parse_number<std::size_t>({packet, digits}, 16);
        size = parsed.value_or(0);
        is_whole = parsed && size <= longest && receive_exactly(from, packet, size, until) == size;
    }
    ecl_return1(ecl_process_env(), is_whole ? from_utf8({packet, size}) : ECL_NIL);
}

/// Returns two values: the text, or nil; and the error, or nil.
cl_object text_or_fault(const char* text, int error) {
    const cl_env_ptr environment = ecl_process_env();
    cl_object fault = error != 0 ? from_utf8(std::strerror(error)) : ECL_NIL;
    cl_object value = error == 0 && text != nullptr ? from_utf8(text) : ECL_NIL;
    ecl_return2(environment, value, fault);
}

/// Returns the user's home directory from the user database; nil if it has none.
extern "C" cl_object servicekit_lisp_home_of_user() {
    char buffer[16384];
    passwd entry{};
    passwd* found = nullptr;
    const int error = ::getpwuid_r(::geteuid(), &entry, buffer, sizeof buffer, &found);
    return text_or_fault(found != nullptr ? found->pw_dir : nullptr, error);
}

int open_file(cl_object path) noexcept {
    try {
        const std::string name = to_utf8(path);
        int file = -1;
        do file = ::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        while (file < 0 && errno == EINTR);
        return file;
    } catch (...) {
        errno = ENOMEM;
        return -1;
    }
}

/// Reads the first line of the file. \returns 0 or the errno
int read_first_line(cl_object path, std::span<char> line) noexcept {
    const int file = open_file(path);
    if (file < 0) return errno;
    const ssize_t size = ::read(file, line.data(), line.size() - 1);
    const int error = size < 0 ? errno : 0;
    ::close(file);
    line[static_cast<std::size_t>(size < 0 ? 0 : size)] = '\0';
    line[std::strcspn(line.data(), "\r\n")] = '\0';
    return error;
}

/// Returns the first line of a file, nil if there is no such file; and the error, or nil.
extern "C" cl_object servicekit_lisp_read_secret(cl_object path) {
    char line[4096];
    const int error = read_first_line(path, line);
    const bool is_missing = error == ENOENT || error == ENOTDIR;
    return text_or_fault(is_missing ? nullptr : line, is_missing ? 0 : error);
}

// ECL raises the limit while it signals an overflow. If a throw leaves the condition, ECL does not restore the limit.
extern "C" cl_object servicekit_lisp_stack_limits() {
    const cl_env_ptr environment = ecl_process_env();
    ecl_return3(environment, ecl_make_fixnum(environment->frs_limit - environment->frs_org),
                ecl_make_fixnum(environment->bds_limit - environment->bds_org),
                ecl_make_fixnum(environment->cs_org - environment->cs_limit));
}

extern "C" cl_object servicekit_lisp_restore_stack_limits(cl_object frames, cl_object bindings, cl_object stack) {
    const cl_env_ptr environment = ecl_process_env();
    environment->frs_limit = environment->frs_org + ecl_fixnum(frames);
    environment->bds_limit = environment->bds_org + ecl_fixnum(bindings);
    environment->cs_limit = environment->cs_org - ecl_fixnum(stack);
    ecl_return1(environment, ECL_NIL);
}

/// Never returns: the error jumps to the Lisp code that handles it.
[[noreturn]] void refuse_exit() {
    cl_error(1, symbol("EXIT-REFUSED", "SERVICE"));
    std::abort();
}

template <class Function>
void define(const char* name, Function* function, int parameters) {
    ecl_def_c_function(symbol(name, "SERVICE-EVAL"),
                       reinterpret_cast<cl_objectfn_fixed>(reinterpret_cast<void (*)()>(function)), parameters);
}

}  // namespace

void define_functions(Work& the_work) {
    work.store(&the_work);
    define("%ASK", &servicekit_lisp_ask, 2);
    define("%AWAIT", &servicekit_lisp_await, 1);
    define("%LEAVE", &servicekit_lisp_leave, 1);
    define("%NEXT-JOB", &servicekit_lisp_next_job, 0);
    define("%FINISH", &servicekit_lisp_finish, 5);
    define("%LOG", &servicekit_lisp_log, 2);
    define("%STACK-LIMITS", &servicekit_lisp_stack_limits, 0);
    define("%RESTORE-STACK-LIMITS", &servicekit_lisp_restore_stack_limits, 3);
    define("%CLOSE-ON-EXEC", &servicekit_lisp_close_on_exec, 1);
    define("%RECEIVE-SECRET", &servicekit_lisp_receive_secret, 2);
    define("%HOME-OF-USER", &servicekit_lisp_home_of_user, 0);
    define("%READ-SECRET", &servicekit_lisp_read_secret, 1);
}

}  // namespace servicekit::lisp

// These replace libecl's own functions. Compiled Lisp code, such as ASDF's, calls them by these names, and so would not
// notice that the Lisp functions were redefined.
extern "C" cl_object si_quit(cl_narg /*count*/, ...) { servicekit::lisp::refuse_exit(); }
extern "C" cl_object si_exit(cl_narg /*count*/, ...) { servicekit::lisp::refuse_exit(); }
